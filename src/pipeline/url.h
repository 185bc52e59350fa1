/* Dependencies on URLs. What is known of one is what the server says of it, so it stands among the
 * parameters of a stage, in rmv.lock and in records: URL → {etag}, or {last_modified, size}. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* Is it one, of whatever kind? */
bool rmv_url_is(const char *text);

/* Refuses what cannot be asked for or must not be written down. Errors: UNSUPPORTED (neither http
 * nor https), DENIED (with a user or a password), USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_url_check(const char *url);

/* Asks the server and sets `*state`, which the caller frees. Errors: those of rmv_http_look(),
 * UNSUPPORTED (the server says too little). */
RMV_MUST_CHECK
const struct rmv_error *rmv_url_ask(const char *url, struct rmv_value *state);
