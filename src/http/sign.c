#include "http/sign.h"

#include "rmv/base/mem.h"

static bool add_header(const struct rmv_curl *curl, struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl->slist_append(*headers, line);
    if (longer)
        *headers = longer;
    return longer != NULL;
}

/* libcurl 7.88 leaves the hash of the payload away, which S3 insists on, and signs path and query
 * as they are written: callers encode them and put the query in order. */
bool rmv_http_sign(const struct rmv_curl *curl, CURL *handle, const struct rmv_http_signer *signer,
                   struct curl_slist **headers)
{
    RMV_CLEANUP(rmv_str_free) char *scheme = rmv_str_format("aws:amz:%s:s3", signer->region);
    int failed = 0;

    failed |= !add_header(curl, headers, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
    if (signer->session_token) {
        RMV_CLEANUP(rmv_str_free)
        char *token = rmv_str_format("x-amz-security-token: %s", signer->session_token);
        failed |= !add_header(curl, headers, token);
    }
    failed |= curl->easy_setopt(handle, CURLOPT_HTTPHEADER, *headers);
    failed |= curl->easy_setopt(handle, CURLOPT_AWS_SIGV4, scheme);
    failed |= curl->easy_setopt(handle, CURLOPT_USERNAME, signer->access_key);
    failed |= curl->easy_setopt(handle, CURLOPT_PASSWORD, signer->secret_key);
    failed |= curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= curl->easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    failed |= curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    return failed == 0;
}
