/* Signing of requests to S3 by libcurl. */
#pragma once

#include <stdbool.h>

#include "http/curl_library.h"
#include "rmv/http/http.h"

/* Has the transfer signed, and follow no redirect: the signature would be of another place. The
 * caller frees `*headers` with slist_free_all once the transfer is over. */
bool rmv_http_sign(const struct rmv_curl *curl, CURL *handle, const struct rmv_http_signer *signer,
                   struct curl_slist **headers);
