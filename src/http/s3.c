#include "rmv/http/s3.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "http/s3_settings.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/strings.h"

#define BUCKET_SIZE_MAX 255
#define KEY_SIZE_MAX 1024
#define PAGE_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define EMPTY_PAGES_MAX                                                                            \
    1000 /* in a list: servers look at so many keys, and those may be deleted                      \
          */

/* An object, or a prefix, of a bucket. */
struct place {
    const char *url; /* s3://…, for messages */
    char *bucket_url;
    const char *key;
    struct rmv_s3_settings settings;
    struct rmv_http_signer signer;
    struct rmv_http_options options;
};

static void place_free(struct place *place)
{
    rmv_str_free(&place->bucket_url);
    rmv_s3_settings_free(&place->settings);
}

void rmv_s3_state_free(struct rmv_s3_state *state)
{
    rmv_str_free(&state->etag);
    *state = (struct rmv_s3_state){.size = -1};
}

/* ---- URLs ----------------------------------------------------------------------------------- */

static const char *const plain_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789-._";

static void append_encoded(struct rmv_buf *out, const char *text, bool is_path)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (strchr(plain_characters, *c) || *c == '~' || (is_path && *c == '/'))
            rmv_buf_append(out, c, 1);
        else
            rmv_buf_append_format(out, "%%%02X", (unsigned)*c);
    }
}

const struct rmv_error *rmv_s3_check(const char *url)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(url);
    const char *bucket = url + strlen(RMV_S3_SCHEME);
    const size_t size = strcspn(bucket, "/");

    if (size == 0 || size > BUCKET_SIZE_MAX || strspn(bucket, plain_characters) != size ||
        strchr("-._", *bucket))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' names no bucket", quoted),
                              "s3://BUCKET/KEY");
    if (bucket[size] && strlen(bucket + size + 1) > KEY_SIZE_MAX)
        return rmv_error(RMV_ERR_LIMIT, "'%.*s…' has a key of more than %d bytes", 80, quoted,
                         KEY_SIZE_MAX);
    for (const unsigned char *c = (const unsigned char *)bucket; *c; c++)
        if (*c < ' ' || *c == 127)
            return rmv_error(RMV_ERR_USAGE, "'%s' has control characters in it", quoted);
    return NULL;
}

/* Amazon's own buckets have hosts of their own, unless their names have dots in them, which would
 * not fit the certificate; elsewhere the bucket is the first part of the path. */
static char *bucket_url_of(const struct rmv_s3_settings *settings, const char *bucket)
{
    if (settings->endpoint) {
        size_t size = strlen(settings->endpoint);
        while (size > 0 && settings->endpoint[size - 1] == '/')
            size--;
        return rmv_str_format("%.*s/%s", (int)size, settings->endpoint, bucket);
    }
    const char *suffix = strncmp(settings->region, "cn-", 3) == 0 ? ".cn" : "";
    return strchr(bucket, '.') ? rmv_str_format("https://s3.%s.amazonaws.com%s/%s",
                                                settings->region, suffix, bucket)
                               : rmv_str_format("https://%s.s3.%s.amazonaws.com%s", bucket,
                                                settings->region, suffix);
}

static const struct rmv_error *place_open(const char *url, const struct rmv_http_options *options,
                                          struct place *place)
{
    const char *bucket = url + strlen(RMV_S3_SCHEME);
    const size_t size = strcspn(bucket, "/");
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(bucket, size);

    const struct rmv_error *err = rmv_s3_check(url);
    if (!err)
        err = rmv_s3_settings_find(&place->settings);
    if (err)
        return err;
    place->url = url;
    place->key = bucket[size] ? bucket + size + 1 : "";
    place->bucket_url = bucket_url_of(&place->settings, name);
    place->signer = (struct rmv_http_signer){.access_key = place->settings.access_key,
                                             .secret_key = place->settings.secret_key,
                                             .session_token = place->settings.session_token,
                                             .region = place->settings.region};
    place->options = *options;
    place->options.signer = &place->signer;
    place->options.size_max = PAGE_BYTES_MAX;
    return NULL;
}

/* ---- Lists ---------------------------------------------------------------------------------- */

/* Sets `*value` to what is between <NAME> and </NAME>, from `text` to `end`; the caller frees it.
 * Returns what is behind it, NULL if there is none. */
static const char *next_element(const char *text, const char *end, const char *name, char **value)
{
    RMV_CLEANUP(rmv_str_free) char *start_tag = rmv_str_format("<%s>", name);
    RMV_CLEANUP(rmv_str_free) char *end_tag = rmv_str_format("</%s>", name);
    const char *start = memmem(text, (size_t)(end - text), start_tag, strlen(start_tag));
    if (!start)
        return NULL;
    start += strlen(start_tag);
    const char *stop = memmem(start, (size_t)(end - start), end_tag, strlen(end_tag));
    if (!stop)
        return NULL;
    rmv_str_free(value);
    *value = rmv_str_copy_n(start, (size_t)(stop - start));
    return stop + strlen(end_tag);
}

/* The entities that XML has of itself; servers differ in which they use. */
static void decode_entities(char *text)
{
    static const struct {
        const char *name;
        char character;
    } entities[] = {{"&quot;", '"'}, {"&#34;", '"'}, {"&apos;", '\''},
                    {"&lt;", '<'},   {"&gt;", '>'},  {"&amp;", '&'}};
    char *out = text;
    while (*text) {
        size_t size = 1;
        char character = *text;
        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
            if (strncmp(text, entities[i].name, strlen(entities[i].name)) == 0) {
                size = strlen(entities[i].name);
                character = entities[i].character;
                break;
            }
        *out++ = character;
        text += size;
    }
    *out = '\0';
}

static const struct rmv_error *no_list(const struct place *place)
{
    return rmv_error(RMV_ERR_CORRUPT, "'%s': the server answers with no list of keys", place->url);
}

/* Adds a line for one <Contents>. */
static const struct rmv_error *add_key(const struct place *place, const char *contents,
                                       struct rmv_strings *lines, struct rmv_s3_state *state)
{
    RMV_CLEANUP(rmv_str_free) char *key = NULL;
    RMV_CLEANUP(rmv_str_free) char *etag = NULL;
    RMV_CLEANUP(rmv_str_free) char *size = NULL;
    const char *end = contents + strlen(contents);
    char *size_end = NULL;

    if (!next_element(contents, end, "Key", &key) || !next_element(contents, end, "ETag", &etag) ||
        !next_element(contents, end, "Size", &size))
        return no_list(place);
    const long long bytes = strtoll(size, &size_end, 10);
    if (*size < '0' || *size > '9' || *size_end || bytes > INT64_MAX - state->size)
        return no_list(place);
    if (lines->count == RMV_S3_KEYS_MAX)
        return rmv_error_hint(
            rmv_error(RMV_ERR_LIMIT, "'%s' has more than %d keys", place->url, RMV_S3_KEYS_MAX),
            "name the part of it that the stage reads, or an object that changes with the others");
    decode_entities(etag);
    state->size += bytes;
    rmv_strings_take(lines, rmv_str_format("%s\t%s\t%s\n", key, etag, size));
    return NULL;
}

/* The way through the pages of a list. A server may lead in circles: of every second, fourth,
 * eighth… page the token is kept, and if it comes again, the pages do (Brent's algorithm). */
struct pages {
    char *token; /* of the next one; NULL behind the last */
    char *kept;
    size_t steps, steps_max; /* since it was kept, and before another one is */
    size_t empty_count;
};

static void pages_free(struct pages *pages)
{
    rmv_str_free(&pages->token);
    rmv_str_free(&pages->kept);
}

static const struct rmv_error *go_on(const struct place *place, const char *token,
                                     struct pages *pages)
{
    if (pages->empty_count == EMPTY_PAGES_MAX)
        return rmv_error(RMV_ERR_CORRUPT,
                         "'%s': the list of keys has no end: %d of its pages have no key",
                         place->url, EMPTY_PAGES_MAX);
    if (pages->kept && strcmp(pages->kept, token) == 0)
        return rmv_error(RMV_ERR_CORRUPT,
                         "'%s': the list of keys has no end: the server gives a page of it again",
                         place->url);
    if (pages->steps == pages->steps_max) {
        rmv_str_set(&pages->kept, token);
        pages->steps_max = pages->steps_max * 2 + 1;
        pages->steps = 0;
    }
    pages->steps++;
    rmv_str_set(&pages->token, token);
    return NULL;
}

/* Takes a page. */
static const struct rmv_error *take_page(const struct place *place, struct rmv_buf *page,
                                         struct rmv_strings *lines, struct rmv_s3_state *state,
                                         struct pages *pages)
{
    RMV_CLEANUP(rmv_str_free) char *is_truncated = NULL;
    RMV_CLEANUP(rmv_str_free) char *next = NULL;
    RMV_CLEANUP(rmv_str_free) char *contents = NULL;
    const char *rest = rmv_buf_string(page), *end = rest + page->size;
    const struct rmv_error *err = NULL;
    const size_t count = lines->count;

    if (!memmem(rest, page->size, "<ListBucketResult", strlen("<ListBucketResult")))
        return no_list(place);
    (void)next_element(rest, end, "IsTruncated", &is_truncated);
    (void)next_element(rest, end, "NextContinuationToken", &next);
    while (!err && (rest = next_element(rest, end, "Contents", &contents)))
        err = add_key(place, contents, lines, state);
    if (err)
        return err;
    if (!is_truncated || strcmp(is_truncated, "true") != 0) {
        rmv_str_free(&pages->token);
        return NULL;
    }
    pages->empty_count += lines->count == count;
    if (next)
        decode_entities(next);
    return next && *next ? go_on(place, next, pages) : no_list(place);
}

/* The query is in the order of its keys, as the signature wants it. */
static char *page_url(const struct place *place, const char *token)
{
    struct rmv_buf url = {0};
    const size_t size = strlen(place->key);
    const bool has_slash = size > 0 && place->key[size - 1] == '/';
    const bool is_host = strchr(strstr(place->bucket_url, "://") + 3, '/') == NULL;

    rmv_buf_append_format(&url, "%s%s?", place->bucket_url, is_host ? "/" : "");
    if (token) {
        rmv_buf_append_string(&url, "continuation-token=");
        append_encoded(&url, token, false);
        rmv_buf_append_string(&url, "&");
    }
    rmv_buf_append_string(&url, "encoding-type=url&list-type=2&prefix=");
    append_encoded(&url, place->key, false);
    rmv_buf_append_string(&url, size > 0 && !has_slash ? "%2F" : "");
    (void)rmv_buf_string(&url);
    return rmv_buf_take(&url);
}

static const struct rmv_error *look_at_keys(const struct place *place, struct rmv_s3_state *state)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings lines = {0};
    RMV_CLEANUP(pages_free) struct pages pages = {0};
    struct rmv_sha256_state sum;

    state->size = 0;
    do {
        RMV_CLEANUP(rmv_str_free) char *url = page_url(place, pages.token);
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf page = {0};
        const struct rmv_error *err = rmv_http_get(url, &place->options, &page);
        if (!err)
            err = take_page(place, &page, &lines, state, &pages);
        if (err)
            return err;
    } while (pages.token);
    if (lines.count == 0)
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no such object, and no key below it");
    rmv_strings_sort(&lines);
    rmv_sha256_start(&sum);
    for (size_t i = 0; i < lines.count; i++)
        rmv_sha256_update(&sum, lines.items[i], strlen(lines.items[i]));
    rmv_sha256_finish(&sum, state->listing);
    state->count = lines.count;
    return NULL;
}

/* ---- Either --------------------------------------------------------------------------------- */

static const struct rmv_error *look_at_object(const struct place *place, struct rmv_s3_state *state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf url = {0};
    RMV_CLEANUP(rmv_http_state_free) struct rmv_http_state said = {.size = -1};

    rmv_buf_append_format(&url, "%s/", place->bucket_url);
    append_encoded(&url, place->key, true);
    const struct rmv_error *err = rmv_http_look(rmv_buf_string(&url), &place->options, &said);
    if (err)
        return err;
    if (!said.etag)
        return rmv_error(RMV_ERR_UNSUPPORTED, "the server gives no ETag");
    state->etag = said.etag;
    state->size = said.size;
    said.etag = NULL;
    return NULL;
}

const struct rmv_error *rmv_s3_look(const char *url, const struct rmv_http_options *options,
                                    struct rmv_s3_state *state)
{
    RMV_CLEANUP(place_free) struct place place = {0};
    RMV_CLEANUP(rmv_s3_state_free) struct rmv_s3_state found = {.size = -1};

    const struct rmv_error *err = place_open(url, options, &place);
    if (err)
        return rmv_error_context(err, "'%s'", url);
    const size_t size = strlen(place.key);
    const bool is_prefix = size == 0 || place.key[size - 1] == '/';
    if (!is_prefix)
        err = look_at_object(&place, &found);
    if (is_prefix || (err && err->code == RMV_ERR_NOT_FOUND))
        err = look_at_keys(&place, &found);
    /* A wrong region is refused in many ways. */
    if (err && err->code != RMV_ERR_NOT_FOUND && strstr(err->message, "HTTP status "))
        err =
            rmv_error_hint(err, "are the credentials right, and do they allow to list the bucket? "
                                "AWS_REGION and AWS_ENDPOINT_URL count as well");
    if (err)
        return err->code == RMV_ERR_CORRUPT || err->code == RMV_ERR_LIMIT
                   ? err
                   : rmv_error_context(err, "'%s'", url);
    rmv_s3_state_free(state);
    *state = found;
    found = (struct rmv_s3_state){.size = -1};
    return NULL;
}
