#include "rmv/http/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "http/curl_library.h"
#include "http/sign.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/base/version.h"

#define REDIRECTS_MAX 5L
#define CONNECT_TIMEOUT_MS_MAX 10000
#define STATUS_PARTIAL 206
#define STATUS_TOO_MANY_REQUESTS 429
#define NS_PER_MS 1000000
#define LOOK_MS 100 /* how long nobody asks whether it is cancelled */

/* One attempt, and how it went. */
struct attempt {
    const struct rmv_curl *curl;
    CURL *handle;
    const struct rmv_http_options *options;
    struct curl_slist *headers; /* to be sent besides */
    struct rmv_buf body;
    bool too_big;
    struct rmv_http_state *state; /* what is wanted in place of the body; or NULL */
    bool as_get;                  /* … by asking for one byte */
    bool has_body;
    long status; /* 0 where the protocol has none */
    CURLcode code;
    int64_t retry_after_ms; /* -1: not said */
    char *reason;           /* NULL if it went well */
};

static void attempt_free(struct attempt *attempt)
{
    rmv_buf_free(&attempt->body);
    rmv_str_free(&attempt->reason);
    attempt->curl->easy_cleanup(attempt->handle);
    attempt->curl->slist_free_all(attempt->headers);
}

static bool is_cancelled(const struct rmv_http_options *options)
{
    return options->is_cancelled && options->is_cancelled(options->context);
}

/* ---- one attempt ---- */

static size_t take_body(char *bytes, size_t one, size_t size, void *context)
{
    struct attempt *attempt = context;
    (void)one;
    attempt->has_body = true;
    if (attempt->state)
        return 0;
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
    const struct rmv_curl *curl = NULL;
    const struct rmv_error *err = rmv_curl_load(&curl);
    const time_t date = err ? -1 : curl->getdate(value, NULL);
    if (date < 0)
        return -1;
    return date > now ? (date - now) * 1000 : 0;
}

/* The value of the header `name` if the line is of that one, else NULL; the caller frees it. */
static char *value_of_header(const char *line, size_t size, const char *name)
{
    const size_t name_size = strlen(name);
    if (size <= name_size || strncasecmp(line, name, name_size) != 0 || line[name_size] != ':')
        return NULL;
    const char *start = line + name_size + 1, *end = line + size;
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && strchr(" \t\r\n", end[-1]))
        end--;
    return rmv_str_copy_n(start, (size_t)(end - start));
}

/* "bytes 0-0/1234": the number behind the slash, -1 if there is none. */
static int64_t size_of_range(const char *range)
{
    const char *total = strchr(range, '/');
    char *end = NULL;
    errno = 0;
    const long long size =
        total && total[1] >= '0' && total[1] <= '9' ? strtoll(total + 1, &end, 10) : -1;
    return end && *end == '\0' && !errno ? size : -1;
}

/* A response of several: those before it led elsewhere. */
static void take_state(const char *line, size_t size, struct rmv_http_state *state)
{
    if (size > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        rmv_http_state_free(state);
    char *etag = value_of_header(line, size, "ETag");
    char *modified = value_of_header(line, size, "Last-Modified");
    RMV_CLEANUP(rmv_str_free) char *range = value_of_header(line, size, "Content-Range");
    if (etag) {
        rmv_str_free(&state->etag);
        state->etag = etag;
    }
    if (modified) {
        rmv_str_free(&state->last_modified);
        state->last_modified = modified;
    }
    if (range)
        state->size = size_of_range(range);
}

static size_t take_header(char *line, size_t one, size_t size, void *context)
{
    struct attempt *attempt = context;
    (void)one;
    RMV_CLEANUP(rmv_str_free) char *value = value_of_header(line, size, "Retry-After");
    if (value)
        attempt->retry_after_ms = rmv_http_retry_after_ms(value, time(NULL));
    if (attempt->state)
        take_state(line, size, attempt->state);
    return size;
}

/* Only the state is wanted: what asks for no body, or the first byte of one. */
static int set_up_look(const struct attempt *attempt, bool as_get)
{
    const struct rmv_curl *curl = attempt->curl;
    CURL *handle = attempt->handle;
    int failed = curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    return failed | (as_get ? curl->easy_setopt(handle, CURLOPT_RANGE, "0-0")
                            : curl->easy_setopt(handle, CURLOPT_NOBODY, 1L));
}

static bool set_up(struct attempt *attempt, const char *url)
{
    const struct rmv_http_options *options = attempt->options;
    const struct rmv_curl *curl = attempt->curl;
    CURL *handle = attempt->handle;
    const bool is_https = strncasecmp(url, "https:", 6) == 0;
    const int64_t connect_ms =
        options->timeout_ms < CONNECT_TIMEOUT_MS_MAX ? options->timeout_ms : CONNECT_TIMEOUT_MS_MAX;
    int failed = 0;
    failed |= curl->easy_setopt(handle, CURLOPT_URL, url);
    failed |= curl->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https,file");
    failed |=
        curl->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, is_https ? "https" : "http,https");
    failed |= curl->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    failed |= curl->easy_setopt(handle, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    failed |= curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    failed |= curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    failed |= curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    failed |= curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    failed |= curl->easy_setopt(handle, CURLOPT_WRITEDATA, attempt);
    failed |= curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    failed |= curl->easy_setopt(handle, CURLOPT_HEADERDATA, attempt);

    RMV_CLEANUP(rmv_str_free) char *agent = rmv_str_format("rmv/%s", rmv_version());
    failed |= curl->easy_setopt(handle, CURLOPT_USERAGENT,
                                options->user_agent ? options->user_agent : agent);
    if (options->bearer_token) {
        failed |= curl->easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        failed |= curl->easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, options->bearer_token);
    }
    if (attempt->state)
        failed |= set_up_look(attempt, attempt->as_get);
    return failed == 0 &&
           (!options->signer || rmv_http_sign(curl, handle, options->signer, &attempt->headers));
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
    case CURLE_ABORTED_BY_CALLBACK:
        return rmv_str_copy("Interrupted");
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
    return rmv_str_copy(attempt->curl->easy_strerror(attempt->code));
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

/* Servers that know no HEAD answer in many ways, and links that are signed are so for GET alone. */
static bool refuses_head(const struct attempt *attempt)
{
    return attempt->code == CURLE_OK &&
           (attempt->status == 400 || attempt->status == 401 || attempt->status == 403 ||
            attempt->status == 405 || attempt->status == 501);
}

char *rmv_http_visible_url(const char *url)
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
    else if (attempt->code == CURLE_ABORTED_BY_CALLBACK)
        kind = RMV_ERR_INTERRUPTED;
    else if (attempt->too_big)
        kind = RMV_ERR_LIMIT;
    else if (attempt->status == 404 || attempt->status == 410 ||
             attempt->code == CURLE_FILE_COULDNT_READ_FILE)
        kind = RMV_ERR_NOT_FOUND;
    else if (attempt->status == 401 || attempt->status == 403)
        kind = RMV_ERR_DENIED;
    RMV_CLEANUP(rmv_str_free) char *visible = rmv_http_visible_url(url);
    return rmv_error(kind, "cannot get '%s': %s", visible, attempt->reason);
}

/* A body that nobody wanted ends the transfer. */
static bool is_enough(const struct attempt *attempt)
{
    return attempt->state && attempt->as_get && attempt->has_body &&
           attempt->code == CURLE_WRITE_ERROR;
}

static void find_size(const struct attempt *attempt)
{
    curl_off_t size = -1;
    if (!attempt->state || attempt->state->size >= 0 || attempt->status == STATUS_PARTIAL)
        return;
    (void)attempt->curl->easy_getinfo(attempt->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    attempt->state->size = (int64_t)size;
}

/* Runs the transfer to its end, or until it is cancelled. */
static CURLcode transfer(const struct attempt *attempt, CURLM *multi)
{
    const struct rmv_curl *curl = attempt->curl;
    const CURLMsg *message = NULL;
    int running = 1, left;

    while (running > 0) {
        if (is_cancelled(attempt->options))
            return CURLE_ABORTED_BY_CALLBACK;
        if (curl->multi_perform(multi, &running) != CURLM_OK ||
            (running > 0 && curl->multi_poll(multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK))
            return CURLE_FAILED_INIT;
    }
    do {
        message = curl->multi_info_read(multi, &left);
    } while (message && message->msg != CURLMSG_DONE);
    return message ? message->data.result : CURLE_FAILED_INIT;
}

static CURLcode perform(const struct attempt *attempt)
{
    const struct rmv_curl *curl = attempt->curl;
    CURLM *multi = curl->multi_init();
    if (!multi)
        return CURLE_FAILED_INIT;
    CURLcode code = CURLE_FAILED_INIT;
    if (curl->multi_add_handle(multi, attempt->handle) == CURLM_OK)
        code = transfer(attempt, multi);
    /* A name server that is silent would hold up the end as well; libcurl 7.87 and newer know. */
    if (code == CURLE_ABORTED_BY_CALLBACK)
        (void)curl->easy_setopt(attempt->handle, CURLOPT_QUICK_EXIT, 1L);
    (void)curl->multi_remove_handle(multi, attempt->handle);
    (void)curl->multi_cleanup(multi);
    return code;
}

/* Makes an attempt; `reason` is set if it failed. */
static void try_once(const char *url, struct attempt *attempt)
{
    const struct rmv_curl *curl = attempt->curl;
    attempt->retry_after_ms = -1;
    attempt->code = set_up(attempt, url) ? perform(attempt) : CURLE_FAILED_INIT;
    (void)curl->easy_getinfo(attempt->handle, CURLINFO_RESPONSE_CODE, &attempt->status);
    if (is_enough(attempt))
        attempt->code = CURLE_OK;

    /* file:// has no status. */
    const bool is_good =
        attempt->code == CURLE_OK && (attempt->status == 0 || attempt->status / 100 == 2);
    if (is_good)
        find_size(attempt);
    else
        attempt->reason = describe(attempt);
}

const struct rmv_error *rmv_http_host(const char *url, char **host)
{
    const struct rmv_curl *curl = NULL;
    char *found = NULL;
    const struct rmv_error *err = rmv_curl_load(&curl);
    if (err)
        return err;
    CURLU *parts = curl->url();
    if (!parts || curl->url_set(parts, CURLUPART_URL, url, CURLU_GUESS_SCHEME) != CURLUE_OK)
        err = rmv_error(RMV_ERR_USAGE, "the address is no URL");
    else
        (void)curl->url_get(parts, CURLUPART_HOST, &found, 0);
    if (!err)
        *host = rmv_str_copy(found ? found : "");
    curl->free(found);
    curl->url_cleanup(parts);
    return err;
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

/* Ends early when it is cancelled. */
static void wait_ms(const struct rmv_http_options *options, int64_t ms)
{
    const int64_t end_ns = rmv_time_monotonic_ns() + ms * NS_PER_MS;
    for (;;) {
        const int64_t left_ns = end_ns - rmv_time_monotonic_ns();
        if (left_ns <= 0 || is_cancelled(options))
            return;
        const int64_t step_ns =
            left_ns < (int64_t)LOOK_MS * NS_PER_MS ? left_ns : (int64_t)LOOK_MS * NS_PER_MS;
        const struct timespec step = {.tv_nsec = (long)step_ns};
        (void)nanosleep(&step, NULL);
    }
}

/* Attempts until one goes well, which leaves its body in `out` or its state in `state`. */
static const struct rmv_error *ask(const char *url, const struct rmv_http_options *options,
                                   struct rmv_buf *out, struct rmv_http_state *state)
{
    const struct rmv_curl *curl = NULL;
    const struct rmv_error *err = rmv_curl_load(&curl);
    bool as_get = false;

    for (unsigned number = 1; !err; number++) {
        RMV_CLEANUP(attempt_free)
        struct attempt attempt = {.curl = curl,
                                  .handle = curl->easy_init(),
                                  .options = options,
                                  .state = state,
                                  .as_get = as_get};
        if (!attempt.handle)
            return rmv_error(RMV_ERR_IO, "cannot start libcurl");
        try_once(url, &attempt);
        if (!attempt.reason) {
            rmv_buf_append(out, attempt.body.data, attempt.body.size);
            return NULL;
        }
        if (state && !as_get && refuses_head(&attempt)) {
            as_get = true;
            number--;
            continue;
        }
        const bool again = number < options->attempts && is_passing(&attempt);
        const int64_t pause = again ? pause_of(options, number, attempt.retry_after_ms) : -1;
        if (options->on_failure)
            options->on_failure(options->context, number, attempt.reason, pause);
        if (!again)
            return error_of(url, &attempt);
        wait_ms(options, pause);
    }
    return err;
}

const struct rmv_error *rmv_http_get(const char *url, const struct rmv_http_options *options,
                                     struct rmv_buf *out)
{
    return ask(url, options, out, NULL);
}

void rmv_http_state_free(struct rmv_http_state *state)
{
    rmv_str_free(&state->etag);
    rmv_str_free(&state->last_modified);
    state->size = -1;
}

const struct rmv_error *rmv_http_look(const char *url, const struct rmv_http_options *options,
                                      struct rmv_http_state *state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf nothing = {0};
    RMV_CLEANUP(rmv_http_state_free) struct rmv_http_state found = {.size = -1};

    const struct rmv_error *err = ask(url, options, &nothing, &found);
    if (err)
        return err;
    rmv_http_state_free(state);
    *state = found;
    found = (struct rmv_http_state){.size = -1};
    return NULL;
}
