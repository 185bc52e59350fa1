/* What an S3 server says of an object, or of all keys below a prefix, over rmv/http/http.h.
 * Requests are signed (AWS Signature Version 4); nothing of the credentials is ever logged or in a
 * message.
 *
 * Who asks, and where, comes from the user's environment alone, as the AWS tools have it:
 * AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; AWS_REGION or
 * AWS_DEFAULT_REGION; AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL; and, for what these leave open, the
 * profile AWS_PROFILE ("default") of ~/.aws/credentials and ~/.aws/config, or of
 * AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE. Region: otherwise us-east-1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/sha256.h"
#include "rmv/http/http.h"

#define RMV_S3_KEYS_MAX 100000 /* below a prefix */
#define RMV_S3_SCHEME "s3://"

struct rmv_s3_state {
    char *etag;     /* of an object, as the server wrote it; NULL: these are the keys below… */
    int64_t size;   /* in bytes; of all objects together; -1: not said */
    uint64_t count; /* of the keys */
    uint8_t listing[RMV_SHA256_SIZE]; /* of their lines "KEY TAB ETAG TAB SIZE LF", sorted */
};
void rmv_s3_state_free(struct rmv_s3_state *state);

/* Is "s3://BUCKET/KEY" proper? An empty key stands for the whole bucket. Errors: USAGE, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_s3_check(const char *url);

/* Sets `*state`, which the caller frees: of the object with that key, or, where there is none or
 * the key ends with '/', of all keys that begin with it and a slash. Errors: USAGE (settings),
 * DENIED (no credentials, or they do not suffice), NOT_FOUND, LIMIT (too many keys), CORRUPT (no
 * list, or one without an end), INTERRUPTED, IO. `options->size_max` does not matter. */
RMV_MUST_CHECK
const struct rmv_error *rmv_s3_look(const char *url, const struct rmv_http_options *options,
                                    struct rmv_s3_state *state);
