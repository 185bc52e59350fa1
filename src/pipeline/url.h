/* Dependencies on URLs. What is known of one is what the server says of it, so it stands among the
 * parameters of a stage, in rmv.lock and in records: URL → {etag}, or {last_modified, size}; of
 * s3:// {etag, size}, or, where the key is a prefix, {listing, nfiles, size}. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/map.h"
#include "rmv/base/value.h"

/* Is it one, of whatever kind? */
bool rmv_url_is(const char *text);

/* Refuses what cannot be asked for or must not be written down. Errors: UNSUPPORTED (none of http,
 * https and s3), DENIED (with a user or a password), USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_url_check(const char *url);

/* What came of asking. */
struct rmv_url_answer {
    struct rmv_value state;
    struct rmv_error *error; /* NULL: `state` is known */
};
void rmv_url_answer_free(struct rmv_url_answer **answer);

/* Asks the server, until `*stop` (NULL: never) is set, and returns what came of it, which the
 * caller frees. Errors: those of rmv_http_look() and
 * rmv_s3_look(), UNSUPPORTED (the server says too little). */
struct rmv_url_answer *rmv_url_ask(const char *url, atomic_bool *stop);

/* Keeps an answer, which is taken over, in `answers`, a map from URLs, unless there is one already,
 * or it is none because the user stopped it. `*answer` may be NULL. */
void rmv_url_answer_keep(struct rmv_map *answers, const char *url, struct rmv_url_answer **answer);

/* Sets `*state`, which belongs to `answers`, to what the server says of the URL; it is asked if
 * that is not known. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_url_answer_find(struct rmv_map *answers, const char *url,
                                            const struct rmv_value **state);
