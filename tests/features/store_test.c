#include "rmv/features/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "test.h"

/* The same tests for both databases. PostgreSQL is a throw-away server of our own. */
static struct rmv_feature_store_options sqlite = {
    .backend = RMV_FEATURE_SQLITE,
    .path = "new/folder/features.db",
};
static char server_folder[256], server_port[16];
static struct rmv_feature_store_options postgresql = {
    .backend = RMV_FEATURE_POSTGRESQL,
    .host = server_folder,
    .port = server_port,
    .database = "postgres",
    .user = "rmv",
};
static int server_stdin = -1;
static pid_t server_pid = -1;

static int start_server(void **state)
{
    (void)state;
    int to[2];
    int from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        return -1;
    server_pid = fork();
    if (server_pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl("tests/servers/postgresql.sh", "postgresql.sh", (char *)NULL);
        _exit(77);
    }
    close(to[0]);
    close(from[1]);
    server_stdin = to[1];
    FILE *output = fdopen(from[0], "r");
    if (fscanf(output, "%255s %15s", server_folder, server_port) != 2)
        server_folder[0] = '\0';
    fclose(output);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    close(server_stdin);
    waitpid(server_pid, NULL, 0);
    return 0;
}

static void empty_server(void)
{
    char command[512];
    snprintf(
        command, sizeof(command),
        "psql -q -h %s -p %s -U rmv postgres >psql.log 2>&1 "
        "-c 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user "
        "AND pid <> pg_backend_pid()' -c 'DROP SCHEMA public CASCADE' -c 'CREATE SCHEMA public'",
        server_folder, server_port);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static struct rmv_feature_store *open_store(void **state)
{
    struct rmv_feature_store *store = NULL;
    if (*state == &postgresql && !server_folder[0])
        skip();
    CHECK_OK(rmv_feature_store_open(*state, &store));
    return store;
}

static struct rmv_feature_store *open_empty_store(void **state)
{
    if (*state == &postgresql && server_folder[0])
        empty_server();
    return open_store(state);
}

static const struct rmv_feature_column columns[] = {
    {"user_id", RMV_FEATURE_TEXT},
    {"product_id", RMV_FEATURE_INT},
    {"score", RMV_FEATURE_DOUBLE},
};
static const struct rmv_feature_table table = {"user_item_features", columns, 3, 2};

static const struct rmv_error *add(struct rmv_feature_store *store, const char *user, int64_t item,
                                   double score)
{
    const struct rmv_feature_value row[] = {
        {.type = RMV_FEATURE_TEXT, .text = user},
        {.type = RMV_FEATURE_INT, .integer = item},
        {.type = RMV_FEATURE_DOUBLE, .number = score},
    };
    return rmv_feature_store_add(store, row);
}

static void fill(struct rmv_feature_store *store, const char *stamp)
{
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &table));
    CHECK_OK(add(store, "U2", 10, 1));
    CHECK_OK(add(store, "U10", 3, 1.8999999999999997));
    CHECK_OK(add(store, "U2", 9, 5e-324));
    CHECK_OK(add(store, "u1", -7, 1e300));
    CHECK_OK(rmv_feature_store_commit(store, "v1", stamp));
}

/* Writes each row as "user/item/score;" behind what is there. */
static const struct rmv_error *describe(void *context, const struct rmv_feature_value *row)
{
    char *text = context;
    const size_t length = strlen(text);
    snprintf(text + length, 1000 - length, "%s/%lld/%.17g;", row[0].text, (long long)row[1].integer,
             row[2].number);
    return NULL;
}

static void check_rows(struct rmv_feature_store *store,
                       const struct rmv_feature_condition *conditions, size_t count,
                       const char *expected)
{
    char text[1000] = "";
    const struct rmv_feature_query query = {&table, conditions, count};
    CHECK_OK(rmv_feature_store_select(store, &query, describe, text));
    assert_string_equal(text, expected);
}

static void check_stamp(struct rmv_feature_store *store, const char *version, const char *expected)
{
    RMV_CLEANUP(rmv_str_free) char *stamp = NULL;
    CHECK_OK(rmv_feature_store_stamp(store, version, &stamp));
    if (expected)
        assert_string_equal(stamp, expected);
    else
        assert_null(stamp);
}

#define ALL_ROWS                                                                                   \
    "U10/3/1.8999999999999997;U2/9/4.9406564584124654e-324;U2/10/1;"                               \
    "u1/-7/1.0000000000000001e+300;"

static void rows_come_back_in_the_order_of_their_keys_with_every_bit(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    check_rows(store, NULL, 0, ALL_ROWS);
    rmv_feature_store_close(&store);
    store = open_store(state);
    check_rows(store, NULL, 0, ALL_ROWS);
    check_stamp(store, "v1", "s1");
}

static void lookups_find_by_user_by_item_and_by_both(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    const struct rmv_feature_condition both[] = {
        {"user_id", {.type = RMV_FEATURE_TEXT, .text = "U2"}},
        {"product_id", {.type = RMV_FEATURE_INT, .integer = 10}},
    };
    const struct rmv_feature_condition nobody = {
        "user_id", {.type = RMV_FEATURE_TEXT, .text = "'; DROP TABLE user_item_features; --"}};
    check_rows(store, both, 1, "U2/9/4.9406564584124654e-324;U2/10/1;");
    check_rows(store, both + 1, 1, "U2/10/1;");
    check_rows(store, both, 2, "U2/10/1;");
    check_rows(store, &nobody, 1, "");
    check_rows(store, NULL, 0, ALL_ROWS);
}

static void filling_again_replaces_the_rows_and_the_stamp(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    fill(store, "s2");
    check_rows(store, NULL, 0, ALL_ROWS);
    check_stamp(store, "v1", "s2");
    check_stamp(store, "v2", NULL);
}

static void what_was_not_committed_never_happened(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &table));
    CHECK_OK(add(store, "U9", 1, 1));
    assert_null(rmv_feature_store_abort(store, NULL));
    check_rows(store, NULL, 0, ALL_ROWS);
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &table));
    CHECK_OK(add(store, "U9", 1, 1));
    rmv_feature_store_close(&store);
    store = open_store(state);
    check_rows(store, NULL, 0, ALL_ROWS);
    check_stamp(store, "v1", "s1");
}

static void readers_see_the_old_rows_until_the_commit(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *writer = open_empty_store(state);
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *reader = open_store(state);
    fill(writer, "s1");
    CHECK_OK(rmv_feature_store_begin(writer));
    CHECK_OK(rmv_feature_store_begin_table(writer, &table));
    CHECK_OK(add(writer, "U9", 1, 2));
    check_rows(reader, NULL, 0, ALL_ROWS);
    check_stamp(reader, "v1", "s1");
    CHECK_OK(rmv_feature_store_commit(writer, "v1", "s2"));
    check_rows(reader, NULL, 0, "U9/1/2;");
    check_stamp(reader, "v1", "s2");
}

static void the_same_key_twice_is_refused_and_the_cause_survives_the_abort(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &table));
    CHECK_OK(add(store, "U1", 1, 1));
    const struct rmv_error *err = add(store, "U1", 1, 2);
    if (!err)
        err = rmv_feature_store_commit(store, "v1", "s2");
    CHECK_SAYS(rmv_feature_store_abort(store, err), RMV_ERR_CONFLICT, "user_item_features");
    check_rows(store, NULL, 0, ALL_ROWS);
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &table));
    CHECK_SAYS(add(store, "U1", INT64_C(3000000000), 1), RMV_ERR_LIMIT, "3000000000");
}

static void text_of_every_kind_survives(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    static const char *const texts[] = {"a\\b\tc\nd\re", "\\N", "\\.", "", "żółw", " x ", "\"'"};
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &table));
    for (size_t i = 0; i < 7; i++)
        CHECK_OK(add(store, texts[i], (int64_t)i, 1));
    CHECK_OK(rmv_feature_store_commit(store, "v1", "s1"));
    for (size_t i = 0; i < 7; i++) {
        char expected[100];
        const struct rmv_feature_condition condition = {
            "user_id", {.type = RMV_FEATURE_TEXT, .text = texts[i]}};
        snprintf(expected, sizeof(expected), "%s/%zu/1;", texts[i], i);
        check_rows(store, &condition, 1, expected);
    }
}

static const struct rmv_error *give_up(void *context, const struct rmv_feature_value *row)
{
    (void)row;
    ++*(int *)context;
    return rmv_error(RMV_ERR_FAILED, "enough");
}

static void a_reader_can_stop_and_the_store_goes_on(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    int calls = 0;
    const struct rmv_feature_query query = {&table, NULL, 0};
    CHECK_SAYS(rmv_feature_store_select(store, &query, give_up, &calls), RMV_ERR_FAILED, "enough");
    assert_int_equal(calls, 1);
    check_rows(store, NULL, 0, ALL_ROWS);
}

static void missing_tables_and_bad_names_are_named(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    const struct rmv_feature_query query = {&table, NULL, 0};
    CHECK_SAYS(rmv_feature_store_select(store, &query, describe, NULL), RMV_ERR_NOT_FOUND,
               "user_item_features");
    check_stamp(store, "v1", NULL);
    const struct rmv_feature_table hostile = {"x; DROP TABLE y", columns, 3, 2};
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_SAYS(rmv_feature_store_begin_table(store, &hostile), RMV_ERR_USAGE, "DROP TABLE");
}

static void a_table_of_other_columns_is_left_alone(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    fill(store, "s1");
    static const struct rmv_feature_column others[] = {{"other", RMV_FEATURE_TEXT}};
    const struct rmv_feature_table changed = {"user_item_features", others, 1, 1};
    CHECK_OK(rmv_feature_store_begin(store));
    const struct rmv_error *err = rmv_feature_store_begin_table(store, &changed);
    CHECK_SAYS(rmv_feature_store_abort(store, err), RMV_ERR_IO, "other");
    check_rows(store, NULL, 0, ALL_ROWS);
}

static const struct rmv_feature_column item_columns[] = {
    {"product_id", RMV_FEATURE_INT},
    {"rating", RMV_FEATURE_DOUBLE},
};
static const struct rmv_feature_table item_table = {"item_features", item_columns, 2, 1};

static void fill_items(struct rmv_feature_store *store)
{
    const struct rmv_feature_value row[] = {
        {.type = RMV_FEATURE_INT, .integer = 10},
        {.type = RMV_FEATURE_DOUBLE, .number = 4.5},
    };
    CHECK_OK(rmv_feature_store_begin(store));
    CHECK_OK(rmv_feature_store_begin_table(store, &item_table));
    CHECK_OK(rmv_feature_store_add(store, row));
    CHECK_OK(rmv_feature_store_commit(store, "v0", "s0"));
}

static const struct rmv_error *describe_joined(void *context, const struct rmv_feature_value *row)
{
    char *text = context;
    const size_t length = strlen(text);
    snprintf(text + length, 1000 - length, "%s/%lld/%g;", row[0].text, (long long)row[1].integer,
             row[3].is_null ? -1 : row[3].number);
    return NULL;
}

static void tables_are_joined_on_their_keys(void **state)
{
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = open_empty_store(state);
    const struct rmv_feature_table *const tables[] = {&table, &item_table};
    const struct rmv_feature_table *const reversed[] = {&item_table, &table};
    const struct rmv_feature_condition user = {"user_id", {.type = RMV_FEATURE_TEXT, .text = "U2"}};
    const struct rmv_feature_join join = {tables, 2, &user, 1};
    const struct rmv_feature_join impossible = {reversed, 2, NULL, 0};
    char text[1000] = "";
    fill(store, "s1");
    fill_items(store);
    CHECK_OK(rmv_feature_store_join(store, &join, describe_joined, text));
    assert_string_equal(text, "U2/9/-1;U2/10/4.5;");
    CHECK_SAYS(rmv_feature_store_join(store, &impossible, describe_joined, text), RMV_ERR_USAGE,
               "has no key 'user_id'");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    (void)state;
    struct rmv_feature_store *store = NULL;
    test_write(sqlite.path, "this is certainly not a database, whatever its name says it is\n");
    CHECK_SAYS(rmv_feature_store_open(&sqlite, &store), RMV_ERR_CORRUPT, "features.db");
    assert_null(store);
}

static void a_server_asks_for_the_password(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    struct rmv_feature_store_options options = postgresql;
    if (!server_folder[0])
        skip();
    options.host = "127.0.0.1";
    options.password = "wrong";
    CHECK_SAYS(rmv_feature_store_open(&options, &store), RMV_ERR_IO, "password");
    options.password = "secret";
    CHECK_OK(rmv_feature_store_open(&options, &store));
}

static void a_server_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct rmv_feature_store *store = NULL;
    const struct rmv_feature_store_options options = {.backend = RMV_FEATURE_POSTGRESQL,
                                                      .host = "127.0.0.1",
                                                      .port = "1",
                                                      .database = "recomart",
                                                      .user = "rmv"};
    CHECK_SAYS(rmv_feature_store_open(&options, &store), RMV_ERR_IO, "'recomart' on 127.0.0.1:1");
}

#define BOTH(function)                                                                             \
    {#function " (SQLite)", function, test_enter, test_leave, &sqlite},                            \
    {                                                                                              \
#function " (PostgreSQL)", function, test_enter, test_leave, &postgresql                   \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(rows_come_back_in_the_order_of_their_keys_with_every_bit),
        BOTH(lookups_find_by_user_by_item_and_by_both),
        BOTH(filling_again_replaces_the_rows_and_the_stamp),
        BOTH(what_was_not_committed_never_happened),
        BOTH(readers_see_the_old_rows_until_the_commit),
        BOTH(the_same_key_twice_is_refused_and_the_cause_survives_the_abort),
        BOTH(numbers_that_do_not_fit_are_refused),
        BOTH(text_of_every_kind_survives),
        BOTH(a_reader_can_stop_and_the_store_goes_on),
        BOTH(missing_tables_and_bad_names_are_named),
        BOTH(a_table_of_other_columns_is_left_alone),
        BOTH(tables_are_joined_on_their_keys),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(a_server_asks_for_the_password),
        TEST(a_server_that_is_not_there_is_named),
    };
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
