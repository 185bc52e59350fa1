/* Who asks an S3 server, and where it is: see rmv/http/s3.h. */
#pragma once

#include "rmv/base/error.h"

/* All-zero is empty. */
struct rmv_s3_settings {
    char *access_key, *secret_key;
    char *session_token; /* or NULL */
    char *region;
    char *endpoint; /* NULL: Amazon's */
};
void rmv_s3_settings_free(struct rmv_s3_settings *settings);

/* Errors: DENIED (no credentials), USAGE (no such profile; an endpoint that is no URL), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_s3_settings_find(struct rmv_s3_settings *settings);
