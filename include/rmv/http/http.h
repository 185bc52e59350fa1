/* Requests over HTTP, HTTPS and, to get something, file://, with a limit on everything: time, size,
 * redirects and attempts. Connection failures, timeouts, broken transfers, 5xx and 429 are tried
 * again, after a pause that doubles each time and has some chance in it (or the one that
 * Retry-After asks for, in seconds or as a date); other statuses are final. Redirects stay with
 * http and https, never lead from https to http or to a file, and credentials do not follow to
 * another host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

/* Who signs a request (AWS Signature Version 4, for S3). */
struct rmv_http_signer {
    const char *access_key, *secret_key, *region;
    const char *session_token; /* or NULL */
};

struct rmv_http_options {
    const char *bearer_token; /* sent as "Authorization: Bearer …"; NULL for none */
    /* NULL: the request is not signed. A signed one follows no redirect; its URL has to be encoded
     * as the signature wants it: all bytes but A-Za-z0-9-._~, and '/' in the path, as %XX, and the
     * query in the order of its keys, each with a '='. */
    const struct rmv_http_signer *signer;
    const char *user_agent; /* NULL for "rmv/VERSION" */
    unsigned attempts;      /* at most; the first one included, so at least 1 */
    int64_t delay_ms;       /* before the second attempt */
    int64_t delay_max_ms;   /* a pause is never longer, whatever the server asks for */
    int64_t timeout_ms;     /* of one attempt */
    size_t size_max;        /* of a response, in bytes, counted as they arrive */

    /* Called after each attempt that failed, NULL if nobody cares: `attempt` counts from 1,
     * `reason` is "Connection timeout", "HTTP status 503", …; `pause_ms` is how long the next one
     * waits, or -1 if there will be none. */
    void (*on_failure)(void *context, unsigned attempt, const char *reason, int64_t pause_ms);
    /* Asked ten times a second, during pauses too: true ends it all with INTERRUPTED. May be NULL.
     */
    bool (*is_cancelled)(void *context);
    void *context;
};

/* Appends the body of the response to `out`, which is unchanged on failure. Errors: USAGE (no URL
 * we speak), NOT_FOUND (404, 410, no such file), DENIED (401, 403), LIMIT (too big), INTERRUPTED,
 * IO (all the rest, after the last attempt). */
RMV_MUST_CHECK
const struct rmv_error *rmv_http_get(const char *url, const struct rmv_http_options *options,
                                     struct rmv_buf *out);

/* What a server says of what is at a URL, without sending it. Texts are as it sent them. */
struct rmv_http_state {
    char *etag, *last_modified; /* NULL: not said */
    int64_t size;               /* -1: not said */
};
void rmv_http_state_free(struct rmv_http_state *state);

/* Sets `*state`, which the caller frees, by HEAD or, where that is refused, by GET for one byte; no
 * more than that is read. Only http and https. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_http_look(const char *url, const struct rmv_http_options *options,
                                      struct rmv_http_state *state);

/* The URL as it may be shown: without "user:password@". The caller frees it. */
char *rmv_http_visible_url(const char *url);

/* Sets `*host` to the host that a request for `url` would go to, "" for a file; the caller frees
 * it. Errors: USAGE (no URL). */
RMV_MUST_CHECK
const struct rmv_error *rmv_http_host(const char *url, char **host);

/* How long a Retry-After value asks to wait, in ms from `now` (seconds since 1970): seconds or an
 * HTTP date; -1 if it is neither. */
int64_t rmv_http_retry_after_ms(const char *value, int64_t now);
