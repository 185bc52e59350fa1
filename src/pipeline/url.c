#include "pipeline/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/http/http.h"
#include "rmv/http/s3.h"

#define URL_SIZE_MAX 4096
#define ATTEMPTS 3
#define DELAY_MS 200
#define DELAY_MAX_MS 5000
#define TIMEOUT_MS 10000

bool rmv_url_is(const char *text)
{
    return strstr(text, "://") != NULL;
}

static const char *host_of(const char *url)
{
    return strstr(url, "://") + strlen("://");
}

static bool has_scheme(const char *url, const char *scheme)
{
    const size_t size = (size_t)(strstr(url, "://") - url);
    return size == strlen(scheme) && strncasecmp(url, scheme, size) == 0;
}

static bool is_s3(const char *url)
{
    return strncmp(url, RMV_S3_SCHEME, strlen(RMV_S3_SCHEME)) == 0;
}

/* Printable ASCII without blanks, as the standard (RFC 3986) has it. */
static bool is_plain(const char *url)
{
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return true;
}

const struct rmv_error *rmv_url_check(const char *url)
{
    RMV_CLEANUP(rmv_str_free) char *visible = rmv_http_visible_url(url);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(visible);

    if (!has_scheme(url, "http") && !has_scheme(url, "https") && !is_s3(url))
        return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                        "'%s': a dependency can be on http://, https://, s3:// "
                                        "and ds://, not on %.*s://",
                                        quoted, (int)strcspn(quoted, ":"), quoted),
                              "fetch it in a stage of its own, or fetch it once and `rmv add` it");
    if (strcmp(visible, url) != 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "'%s' is given with a user or a password", quoted),
            "rmv.yaml and rmv.lock are for everybody to read: leave them away");
    if (is_s3(url))
        return rmv_s3_check(url);
    if (!is_plain(url) || strchr("/?#", *host_of(url)))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is no proper URL", quoted),
                              "https://host/path, with %%20 for blanks and the like");
    if (strlen(url) > URL_SIZE_MAX)
        return rmv_error(RMV_ERR_LIMIT, "a URL is longer than %d bytes", URL_SIZE_MAX);
    return NULL;
}

/* Servers may send any bytes. */
static void set_header(struct rmv_value *state, const char *key, const char *text)
{
    RMV_CLEANUP(rmv_str_free)
    char *proper = rmv_path_is_utf8(text) ? rmv_str_copy(text) : rmv_path_encode(text);
    rmv_value_set_text(rmv_value_add(state, key), proper);
}

static const struct rmv_error *ask_http(const char *url, const struct rmv_http_options *options,
                                        struct rmv_value *state)
{
    RMV_CLEANUP(rmv_http_state_free) struct rmv_http_state said = {.size = -1};

    const struct rmv_error *err = rmv_http_look(url, options, &said);
    if (err)
        return err;
    if (!said.etag && (!said.last_modified || said.size < 0))
        return rmv_error_hint(
            rmv_error(RMV_ERR_UNSUPPORTED,
                      "the server does not say whether '%s' changes: it gives no ETag, nor "
                      "Last-Modified and Content-Length",
                      url),
            "fetch it in a stage with `always_changed: true`");
    rmv_value_set_map(state);
    if (said.etag) {
        set_header(state, "etag", said.etag);
    } else {
        set_header(state, "last_modified", said.last_modified);
        rmv_value_set_int(rmv_value_add(state, "size"), said.size);
    }
    return NULL;
}

static const struct rmv_error *ask_s3(const char *url, const struct rmv_http_options *options,
                                      struct rmv_value *state)
{
    RMV_CLEANUP(rmv_s3_state_free) struct rmv_s3_state said = {.size = -1};
    char hex[RMV_SHA256_HEX_SIZE];

    const struct rmv_error *err = rmv_s3_look(url, options, &said);
    if (err)
        return err;
    rmv_value_set_map(state);
    if (said.etag) {
        set_header(state, "etag", said.etag);
    } else {
        rmv_sha256_to_hex(said.listing, hex);
        rmv_value_set_text(rmv_value_add(state, "listing"), hex);
        rmv_value_set_int(rmv_value_add(state, "nfiles"), (int64_t)said.count);
    }
    if (said.size >= 0)
        rmv_value_set_int(rmv_value_add(state, "size"), said.size);
    return NULL;
}

static bool is_stopped(void *context)
{
    const atomic_bool *stop = context;
    return stop && atomic_load(stop);
}

static const struct rmv_error *ask(const char *url, atomic_bool *stop, struct rmv_value *state)
{
    const struct rmv_http_options options = {.attempts = ATTEMPTS,
                                             .delay_ms = DELAY_MS,
                                             .delay_max_ms = DELAY_MAX_MS,
                                             .timeout_ms = TIMEOUT_MS,
                                             .is_cancelled = is_stopped,
                                             .context = stop};
    return is_s3(url) ? ask_s3(url, &options, state) : ask_http(url, &options, state);
}

/* ---- Answers -------------------------------------------------------------------------------- */

void rmv_url_answer_free(struct rmv_url_answer **answer)
{
    if (!*answer)
        return;
    rmv_value_free(&(*answer)->state);
    rmv_error_free(&(*answer)->error);
    free(*answer);
    *answer = NULL;
}

struct rmv_url_answer *rmv_url_ask(const char *url, atomic_bool *stop)
{
    struct rmv_url_answer *answer = rmv_calloc(1, sizeof(*answer));
    answer->error = rmv_error_take(ask(url, stop, &answer->state));
    return answer;
}

void rmv_url_answer_keep(struct rmv_map *answers, const char *url, struct rmv_url_answer **answer)
{
    const struct rmv_error *error = *answer ? (*answer)->error : NULL;
    if (*answer && !(error && error->code == RMV_ERR_INTERRUPTED) && !rmv_map_find(answers, url)) {
        rmv_map_set(answers, url, *answer);
        *answer = NULL;
    }
    rmv_url_answer_free(answer);
}

const struct rmv_error *rmv_url_answer_find(struct rmv_map *answers, const char *url,
                                            const struct rmv_value **state)
{
    if (!rmv_map_find(answers, url)) {
        struct rmv_url_answer *asked = rmv_url_ask(url, NULL);
        rmv_url_answer_keep(answers, url, &asked);
    }
    const struct rmv_url_answer *answer = rmv_map_find(answers, url);
    struct rmv_error *copy = rmv_error_take(answer->error);
    if (!copy)
        *state = &answer->state;
    return rmv_error_raise(&copy);
}
