#include "rmv/http/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/base/version.h"

#define REDIRECTS_MAX 5L
#define CONNECT_TIMEOUT_MS_MAX 10000
#define STATUS_TOO_MANY_REQUESTS 429
#define NS_PER_MS 1000000

/* One attempt, and how it went. */
struct attempt {
    CURL *curl;
    const struct rmv_http_options *options;
    struct rmv_buf body;
    bool too_big;
    long status; /* 0 where the protocol has none */
    CURLcode code;
    int64_t retry_after_ms; /* -1: not said */
    char *reason;           /* NULL if it went well */
};

static void attempt_free(struct attempt *attempt)
{
    rmv_buf_free(&attempt->body);
    rmv_str_free(&attempt->reason);
}

static void curl_free_handle(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- one attempt ---- */

static size_t take_body(char *bytes, size_t one, size_t size, void *context)
{
    struct attempt *attempt = context;
    (void)one;
    /* A Content-Length may be missing or lie: what counts is what arrives. */
    if (size > attempt->options->size_max - attempt->body.size) {
        attempt->too_big = true;
        return 0;
    }
    rmv_buf_append(&attempt->body, bytes, size);
    return size;
}

int64_t rmv_http_retry_after_ms(const char *value, int64_t now)
{
    while (*value == ' ')
        value++;
    if (*value >= '0' && *value <= '9') {
        char *end;
        errno = 0;
        const long long seconds = strtoll(value, &end, 10);
        while (*end == ' ' || *end == '\r' || *end == '\n')
            end++;
        if (*end == '\0')
            return errno || seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
    }
    const time_t date = curl_getdate(value, NULL);
    if (date < 0)
        return -1;
    return date > now ? (date - now) * 1000 : 0;
}

static size_t take_header(char *line, size_t one, size_t size, void *context)
{
    static const char name[] = "retry-after:";
    struct attempt *attempt = context;
    (void)one;
    if (size > sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0) {
        RMV_CLEANUP(rmv_str_free)
        char *value = rmv_str_copy_n(line + sizeof(name) - 1, size - (sizeof(name) - 1));
        attempt->retry_after_ms = rmv_http_retry_after_ms(value, time(NULL));
    }
    return size;
}

static bool set_up(struct attempt *attempt, const char *url)
{
    const struct rmv_http_options *options = attempt->options;
    CURL *curl = attempt->curl;
    const bool is_https = strncasecmp(url, "https:", 6) == 0;
    const int64_t connect_ms =
        options->timeout_ms < CONNECT_TIMEOUT_MS_MAX ? options->timeout_ms : CONNECT_TIMEOUT_MS_MAX;
    int failed = 0;
    failed |= curl_easy_setopt(curl, CURLOPT_URL, url);
    failed |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
    failed |=
        curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, is_https ? "https" : "http,https");
    failed |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    failed |= curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    failed |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    failed |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    failed |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    failed |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    failed |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, attempt);

    RMV_CLEANUP(rmv_str_free) char *agent = rmv_str_format("rmv/%s", rmv_version());
    failed |= curl_easy_setopt(curl, CURLOPT_USERAGENT,
                               options->user_agent ? options->user_agent : agent);
    if (options->bearer_token) {
        failed |= curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        failed |= curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, options->bearer_token);
    }
    return failed == 0;
}

static char *describe(const struct attempt *attempt)
{
    switch (attempt->code) {
    case CURLE_OK:
        return rmv_str_format("HTTP status %ld", attempt->status);
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (attempt->status / 100 == 3)
            return rmv_str_copy("Redirect to where we do not follow");
        break;
    case CURLE_OPERATION_TIMEDOUT:
        return rmv_str_copy("Connection timeout");
    case CURLE_COULDNT_CONNECT:
        return rmv_str_copy("Connection refused");
    case CURLE_COULDNT_RESOLVE_HOST:
        return rmv_str_copy("Host name not found");
    case CURLE_PARTIAL_FILE:
        return rmv_str_copy("Response ended too early");
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return rmv_str_copy("Connection lost");
    case CURLE_WRITE_ERROR:
        if (attempt->too_big)
            return rmv_str_format("Response longer than %zu bytes", attempt->options->size_max);
        break;
    case CURLE_TOO_MANY_REDIRECTS:
        return rmv_str_format("More than %ld redirects", REDIRECTS_MAX);
    default:
        break;
    }
    return rmv_str_copy(curl_easy_strerror(attempt->code));
}

/* Can another attempt go better? */
static bool is_passing(const struct attempt *attempt)
{
    switch (attempt->code) {
    case CURLE_OK:
        return attempt->status >= 500 || attempt->status == STATUS_TOO_MANY_REQUESTS;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
        return true;
    default:
        return false;
    }
}

/* A URL without "user:password@", for messages. */
static char *without_credentials(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return rmv_str_copy(url);
    host += 3;
    const char *end = host + strcspn(host, "/?#");
    const char *at = memrchr(host, '@', (size_t)(end - host));
    return rmv_str_format("%.*s%s", (int)(host - url), url, at ? at + 1 : host);
}

static const struct rmv_error *error_of(const char *url, const struct attempt *attempt)
{
    enum rmv_error_code kind = RMV_ERR_IO;
    if (attempt->status == 0 &&
        (attempt->code == CURLE_UNSUPPORTED_PROTOCOL || attempt->code == CURLE_URL_MALFORMAT))
        kind = RMV_ERR_USAGE;
    else if (attempt->too_big)
        kind = RMV_ERR_LIMIT;
    else if (attempt->status == 404 || attempt->status == 410 ||
             attempt->code == CURLE_FILE_COULDNT_READ_FILE)
        kind = RMV_ERR_NOT_FOUND;
    else if (attempt->status == 401 || attempt->status == 403)
        kind = RMV_ERR_DENIED;
    RMV_CLEANUP(rmv_str_free) char *visible = without_credentials(url);
    return rmv_error(kind, "cannot get '%s': %s", visible, attempt->reason);
}

/* Makes an attempt; `reason` is set if it failed. */
static void try_once(const char *url, struct attempt *attempt)
{
    attempt->retry_after_ms = -1;
    attempt->code = set_up(attempt, url) ? curl_easy_perform(attempt->curl) : CURLE_FAILED_INIT;
    curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &attempt->status);

    /* file:// has no status. */
    const bool is_good =
        attempt->code == CURLE_OK && (attempt->status == 0 || attempt->status / 100 == 2);
    if (!is_good)
        attempt->reason = describe(attempt);
}

static void curl_free_url(CURLU **parts)
{
    curl_url_cleanup(*parts);
}

const struct rmv_error *rmv_http_host(const char *url, char **host)
{
    char *found = NULL;
    RMV_CLEANUP(curl_free_url) CURLU *parts = curl_url();
    if (!parts || curl_url_set(parts, CURLUPART_URL, url, CURLU_GUESS_SCHEME) != CURLUE_OK)
        return rmv_error(RMV_ERR_USAGE, "the address is no URL");
    (void)curl_url_get(parts, CURLUPART_HOST, &found, 0);
    *host = rmv_str_copy(found ? found : "");
    curl_free(found);
    return NULL;
}

/* ---- several ---- */

/* Between half of the pause and all of it, so that many clients do not come back at once. */
static int64_t pause_of(const struct rmv_http_options *options, unsigned attempt,
                        int64_t retry_after_ms)
{
    int64_t pause = options->delay_ms;
    for (unsigned i = 1; i < attempt && pause < options->delay_max_ms; i++)
        pause *= 2;
    uint32_t chance = UINT32_MAX;
    if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
        chance = UINT32_MAX;
    const int64_t half = pause / 2;
    pause = half + (int64_t)((double)(pause - half) * chance / UINT32_MAX);
    if (pause < retry_after_ms)
        pause = retry_after_ms;
    return pause < options->delay_max_ms ? pause : options->delay_max_ms;
}

static void wait_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

const struct rmv_error *rmv_http_get(const char *url, const struct rmv_http_options *options,
                                     struct rmv_buf *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    RMV_CLEANUP(curl_free_handle) CURL *curl = curl_easy_init();
    if (!curl)
        return rmv_error(RMV_ERR_IO, "cannot start libcurl");

    for (unsigned number = 1;; number++) {
        RMV_CLEANUP(attempt_free)
        struct attempt attempt = {.curl = curl, .options = options};
        try_once(url, &attempt);
        if (!attempt.reason) {
            rmv_buf_append(out, attempt.body.data, attempt.body.size);
            return NULL;
        }
        const bool again = number < options->attempts && is_passing(&attempt);
        const int64_t pause = again ? pause_of(options, number, attempt.retry_after_ms) : -1;
        if (options->on_failure)
            options->on_failure(options->context, number, attempt.reason, pause);
        if (!again)
            return error_of(url, &attempt);
        wait_ms(pause);
    }
}
