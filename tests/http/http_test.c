/* Against a real server that misbehaves on request: tests/servers/product_api.py. */
#include "rmv/http/http.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"
#include "test.h"

#define CATALOGUE                                                                                  \
    "[{\"id\": 1}, {\"id\": 2}, {\"id\": 3, \"category\": \"c\"}, {\"category\": \"d\"}]"
#define START_MS 10000

static char server_folder[] = "/tmp/rmv-http-XXXXXX";
static char *script;
static char *base_url;
static pid_t server;

/* ---- the server ---- */

static int start_server(void **state)
{
    (void)state;
    if (!mkdtemp(server_folder))
        return -1;
    RMV_CLEANUP(rmv_str_free) char *file = rmv_str_format("%s/catalogue", server_folder);
    RMV_CLEANUP(rmv_str_free) char *port_file = rmv_str_format("%s/port", server_folder);
    CHECK_OK(rmv_fs_write_atomic(file, CATALOGUE, strlen(CATALOGUE)));

    const char *const argv[] = {"python3", script, file, server_folder, NULL};
    CHECK_OK(rmv_process_start(&(struct rmv_process_options){.argv = argv}, &server));
    for (int waited = 0; !rmv_fs_exists(port_file) && waited < START_MS; waited += 20)
        usleep(20000);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf port = {0};
    CHECK_OK(rmv_fs_read(port_file, 100, &port));
    base_url = rmv_str_format("http://127.0.0.1:%ld", strtol(rmv_buf_string(&port), NULL, 10));
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    int status;
    kill(server, SIGKILL);
    CHECK_OK(rmv_process_wait(server, &status));
    rmv_str_free(&base_url);
    static const char *const names[] = {"catalogue", "port", "log"};
    for (size_t i = 0; i < 3; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", server_folder, names[i]);
        unlink(path);
    }
    return rmdir(server_folder);
}

/* ---- a request ---- */

struct failures {
    unsigned count;
    char reason[200]; /* the last one */
    int64_t pause_ms;
};

static void count_failure(void *context, unsigned attempt, const char *reason, int64_t pause_ms)
{
    struct failures *failures = context;
    assert_int_equal(attempt, ++failures->count);
    snprintf(failures->reason, sizeof(failures->reason), "%s", reason);
    failures->pause_ms = pause_ms;
}

static struct failures failures;

static struct rmv_http_options options_of(unsigned attempts)
{
    failures = (struct failures){0};
    return (struct rmv_http_options){
        .attempts = attempts,
        .delay_ms = 10,
        .delay_max_ms = 5000,
        .timeout_ms = 2000,
        .size_max = 1000000,
        .on_failure = count_failure,
        .context = &failures,
    };
}

static const struct rmv_error *get(const char *path, const struct rmv_http_options *options,
                                   struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_str_free) char *url = rmv_str_format("%s%s", base_url, path);
    return rmv_http_get(url, options, out);
}

static void check_gets(const char *path, unsigned failures_expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    const struct rmv_http_options options = options_of(4);
    rmv_buf_append_string(&body, "before ");
    CHECK_OK(get(path, &options, &body));
    assert_string_equal(rmv_buf_string(&body), "before " CATALOGUE);
    assert_int_equal(failures.count, failures_expected);
}

/* Fails after so many attempts, with nothing left in the buffer. */
static void check_fails_after(const char *path, unsigned attempts, enum rmv_error_code code,
                              const char *message)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    struct rmv_http_options options = options_of(3);
    options.timeout_ms = 300;
    CHECK_SAYS(get(path, &options, &body), code, message);
    assert_int_equal(failures.count, attempts);
    assert_int_equal(failures.pause_ms, -1);
    assert_int_equal(body.size, 0);
}

static void a_good_answer_needs_one_attempt(void **state)
{
    (void)state;
    check_gets("/good", 0);
    check_gets("/moved", 0);
}

static void a_passing_fault_is_tried_again(void **state)
{
    (void)state;
    check_gets("/flaky", 2);
    assert_string_equal(failures.reason, "HTTP status 500");
}

static void a_lasting_one_ends_with_the_last_attempt(void **state)
{
    (void)state;
    check_fails_after("/down", 3, RMV_ERR_IO, "HTTP status 500");
    check_fails_after("/silent", 3, RMV_ERR_IO, "Connection timeout");
    check_fails_after("/stall", 3, RMV_ERR_IO, "Connection timeout");
    check_fails_after("/truncated", 3, RMV_ERR_IO, "Response ended too early");
    check_fails_after("/reset", 3, RMV_ERR_IO, "");
    check_fails_after("/chunk-cut", 3, RMV_ERR_IO, "");
}

/* From the third time it is asked on. */
static bool is_cancelled_soon(void *context)
{
    return ++((struct failures *)context)->pause_ms > 2;
}

static void check_is_cancelled(const char *path, int64_t delay_ms)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    struct rmv_http_options options = options_of(3);
    options.timeout_ms = options.delay_max_ms = 60000;
    options.delay_ms = delay_ms;
    options.on_failure = NULL;
    options.is_cancelled = is_cancelled_soon;
    const int64_t before = rmv_time_monotonic_ns();
    CHECK_SAYS(get(path, &options, &body), RMV_ERR_INTERRUPTED, path);
    assert_true(rmv_time_monotonic_ns() - before < (int64_t)30 * 1000 * 1000 * 1000);
    assert_int_equal(body.size, 0);
}

static void a_request_ends_when_it_is_cancelled(void **state)
{
    (void)state;
    check_is_cancelled("/silent", 10);
    check_is_cancelled("/stall", 10);
    check_is_cancelled("/down", 60000);
}

static void a_refusal_is_final(void **state)
{
    (void)state;
    check_fails_after("/missing", 1, RMV_ERR_NOT_FOUND, "HTTP status 404");
    check_fails_after("/forbidden", 1, RMV_ERR_DENIED, "HTTP status 403");
}

static void retry_after_is_waited_for(void **state)
{
    (void)state;
    const int64_t before = rmv_time_monotonic_ns();
    check_gets("/busy/1", 1);
    assert_true(rmv_time_monotonic_ns() - before >= 1000000000);
    assert_true(failures.pause_ms >= 1000);
    check_gets("/busy-date", 1);
    assert_true(failures.pause_ms >= 500 && failures.pause_ms <= 5000);
}

static void but_not_longer_than_agreed(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    struct rmv_http_options options = options_of(2);
    options.delay_max_ms = 50;
    CHECK_OK(get("/busy/86400", &options, &body));
    assert_int_equal(failures.pause_ms, 50);
}

static const struct rmv_error *look(const char *path, struct rmv_http_state *found)
{
    struct rmv_http_options options = options_of(2);
    options.size_max = 0; /* nothing is taken */
    RMV_CLEANUP(rmv_str_free) char *url = rmv_str_format("%s%s", base_url, path);
    return rmv_http_look(url, &options, found);
}

/* This server knows no HEAD, and nothing of ranges. tests/cli/repro_url_test.sh asks another. */
static void a_look_takes_no_content(void **state)
{
    RMV_CLEANUP(rmv_http_state_free) struct rmv_http_state found = {.size = -1};
    (void)state;
    CHECK_OK(look("/moved", &found));
    assert_int_equal(found.size, strlen(CATALOGUE));
    assert_null(found.etag);
    assert_null(found.last_modified);
    CHECK_OK(look("/huge", &found));
    assert_int_equal(found.size, -1);
    CHECK_OK(look("/empty", &found));
    assert_int_equal(found.size, 0);
}

static void a_look_fails_as_a_request_does(void **state)
{
    struct rmv_http_state found = {.size = -1};
    struct rmv_http_options options = options_of(1);
    (void)state;
    options.on_failure = NULL;
    CHECK_SAYS(look("/missing", &found), RMV_ERR_NOT_FOUND, "HTTP status 404");
    CHECK_SAYS(look("/forbidden", &found), RMV_ERR_DENIED, "HTTP status 403");
    CHECK_SAYS(look("/to-file", &found), RMV_ERR_IO, "Redirect");
    CHECK_SAYS(look("/down", &found), RMV_ERR_IO, "HTTP status 500");
    CHECK_FAILS(rmv_http_look("file:///etc/passwd", &options, &found), RMV_ERR_USAGE);
    assert_int_equal(found.size, -1);
}

static void passwords_are_not_shown(void **state)
{
    static const char *const shown[][2] = {
        {"http://me:it@h/p@q", "http://h/p@q"},
        {"http://a@b@h:80?x@y", "http://h:80?x@y"},
        {"https://h/a:b@c", "https://h/a:b@c"},
        {"no URL", "no URL"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *visible = rmv_http_visible_url(shown[i][0]);
        assert_string_equal(visible, shown[i][1]);
    }
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    const int64_t now = 1735722900; /* Wed, 01 Jan 2025 09:15:00 GMT */
    assert_int_equal(rmv_http_retry_after_ms(" 120", now), 120000);
    assert_int_equal(rmv_http_retry_after_ms("Wed, 01 Jan 2025 09:16:00 GMT", now), 60000);
    assert_int_equal(rmv_http_retry_after_ms("Wed, 01 Jan 2025 09:00:00 GMT", now), 0);
    assert_int_equal(rmv_http_retry_after_ms("soon", now), -1);
    assert_int_equal(rmv_http_retry_after_ms("99999999999999999999", now), INT64_MAX);
}

static void pauses_grow_and_have_some_chance_in_them(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    struct rmv_http_options options = options_of(4);
    options.delay_ms = 40;
    const int64_t before = rmv_time_monotonic_ns();
    CHECK_FAILS(get("/down", &options, &body), RMV_ERR_IO);
    /* Half of 40, 80 and 160 ms at least. */
    assert_true(rmv_time_monotonic_ns() - before >= 140000000);
}

static void a_body_without_end_is_cut_off(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    struct rmv_http_options options = options_of(3);
    CHECK_SAYS(get("/huge", &options, &body), RMV_ERR_LIMIT, "longer than 1000000 bytes");
    assert_int_equal(failures.count, 1);
    assert_int_equal(body.size, 0);
    options = options_of(3);
    options.size_max = strlen(CATALOGUE) - 1;
    CHECK_FAILS(get("/good", &options, &body), RMV_ERR_LIMIT);
    options = options_of(3);
    options.size_max = strlen(CATALOGUE);
    CHECK_OK(get("/good", &options, &body));
}

static void redirects_do_not_lead_to_files_or_round_and_round(void **state)
{
    (void)state;
    check_fails_after("/to-file", 1, RMV_ERR_IO, "Redirect to where we do not follow");
    check_fails_after("/round", 1, RMV_ERR_IO, "redirects");
}

static void a_token_is_sent_as_bearer(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    struct rmv_http_options options = options_of(3);
    CHECK_SAYS(get("/secret", &options, &body), RMV_ERR_DENIED, "HTTP status 401");
    options = options_of(3);
    options.bearer_token = "sesame";
    CHECK_OK(get("/secret", &options, &body));
}

static void nobody_listening_is_tried_again(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    const struct rmv_http_options options = options_of(2);
    CHECK_SAYS(rmv_http_get("http://127.0.0.1:1/", &options, &body), RMV_ERR_IO,
               "Connection refused");
    assert_int_equal(failures.count, 2);
}

static void files_have_urls_too(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    char here[PATH_MAX];
    const struct rmv_http_options options = options_of(3);
    test_write("a.json", "[1]");
    RMV_CLEANUP(rmv_str_free)
    char *url = rmv_str_format("file://%s/a.json", getcwd(here, sizeof(here)));
    CHECK_OK(rmv_http_get(url, &options, &body));
    assert_string_equal(rmv_buf_string(&body), "[1]");
    CHECK_FAILS(rmv_http_get("file:///no/such/file", &options, &body), RMV_ERR_NOT_FOUND);
}

static void credentials_in_a_url_are_not_repeated(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    const struct rmv_http_options options = options_of(1);
    CHECK_SAYS(rmv_http_get("http://me:secret@127.0.0.1:1/a@b", &options, &body), RMV_ERR_IO,
               "cannot get 'http://127.0.0.1:1/a@b'");
}

static void the_host_of_a_url_is_where_a_request_would_go(void **state)
{
    static const char *const pairs[][2] = {
        {"https://api.example:8443/products?a=b@c", "api.example"},
        {"http://localhost@evil.example/", "evil.example"},
        {"http://[::1]:80/", "[::1]"},
        {"api.example/products", "api.example"},
        {"file:///tmp/products.json", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *host = NULL;
        CHECK_OK(rmv_http_host(pairs[i][0], &host));
        assert_string_equal(host, pairs[i][1]);
    }
    char *host = NULL;
    CHECK_SAYS(rmv_http_host("http://", &host), RMV_ERR_USAGE, "no URL");
}

static void other_protocols_are_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    const struct rmv_http_options options = options_of(1);
    CHECK_FAILS(rmv_http_get("ftp://127.0.0.1/a", &options, &body), RMV_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_answer_needs_one_attempt),
        TEST(a_passing_fault_is_tried_again),
        TEST(a_lasting_one_ends_with_the_last_attempt),
        TEST(a_request_ends_when_it_is_cancelled),
        TEST(a_refusal_is_final),
        TEST(retry_after_is_waited_for),
        TEST(but_not_longer_than_agreed),
        TEST(a_look_takes_no_content),
        TEST(a_look_fails_as_a_request_does),
        TEST(passwords_are_not_shown),
        TEST(retry_after_is_seconds_or_a_date),
        TEST(pauses_grow_and_have_some_chance_in_them),
        TEST(a_body_without_end_is_cut_off),
        TEST(redirects_do_not_lead_to_files_or_round_and_round),
        TEST(a_token_is_sent_as_bearer),
        TEST(nobody_listening_is_tried_again),
        TEST(files_have_urls_too),
        TEST(credentials_in_a_url_are_not_repeated),
        TEST(the_host_of_a_url_is_where_a_request_would_go),
        TEST(other_protocols_are_refused),
    };
    /* Tests go to folders of their own. */
    char here[PATH_MAX];
    if (!getcwd(here, sizeof(here)))
        return 1;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/tests/servers/product_api.py", here);
    script = path;
    setenv("no_proxy", "*", 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
