#include "rmv/recomart/database.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

static void without_a_file_there_is_sqlite(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    CHECK_OK(rmv_database_open(NULL, &store));
    assert_true(rmv_fs_exists("data/features.local/features.db"));
}

static void the_file_says_where_sqlite_is(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    test_write("database.yaml", "backend: sqlite\npath: elsewhere/f.db\nhost: ignored\n");
    CHECK_OK(rmv_database_open("database.yaml", &store));
    assert_true(rmv_fs_exists("elsewhere/f.db"));
}

static void a_password_in_the_file_is_refused(void **state)
{
    (void)state;
    struct rmv_feature_store *store = NULL;
    test_write("database.yaml", "backend: postgresql\npassword: hush\n");
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_DENIED, "database.yaml:2");
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_DENIED, "PGPASSWORD");
}

static void a_password_file_that_others_may_read_is_refused(void **state)
{
    (void)state;
    struct rmv_feature_store *store = NULL;
    unsetenv("PGPASSWORD");
    test_write("secret", "hush\n");
    chmod("secret", 0640);
    test_write("database.yaml",
               "backend: postgresql\nhost: 127.0.0.1\nport: 1\npassword_file: secret\n");
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_DENIED, "chmod 600");
    /* With the right mode it gets as far as the server, which is not there. */
    chmod("secret", 0600);
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_IO, "127.0.0.1:1");
    test_write("database.yaml",
               "backend: postgresql\nhost: 127.0.0.1\nport: 1\npassword_file: missing\n");
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_NOT_FOUND, "missing");
}

static void a_password_goes_only_where_the_user_says(void **state)
{
    (void)state;
    struct rmv_feature_store *store = NULL;
    static const char *const elsewhere[] = {"203.0.113.1", "localhost,203.0.113.1",
                                            "/tmp,203.0.113.1", "127.0.0.1.example"};
    setenv("PGPASSWORD", "hush", 1);
    unsetenv("PGHOST");
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        char *text = rmv_str_format("backend: postgresql\nhost: \"%s\"\n", elsewhere[i]);
        test_write("database.yaml", text);
        CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_DENIED, elsewhere[i]);
        CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_DENIED, "export PGHOST=");
        rmv_str_free(&text);
    }
    setenv("PGHOST", "db.example", 1);
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_DENIED, "but for db.example");
    /* Named by both it gets as far as asking for that name, which nobody has (RFC 6761). */
    setenv("PGHOST", "db.invalid", 1);
    test_write("database.yaml", "backend: postgresql\nhost: db.invalid\n");
    CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_IO, "db.invalid");
    unsetenv("PGHOST");
    unsetenv("PGPASSWORD");
}

static void mistakes_are_named_by_line(void **state)
{
    (void)state;
    struct rmv_feature_store *store = NULL;
    static const char *const mistakes[][2] = {
        {"backend: oracle\n", "not 'oracle'"},
        {"backend: postgresql\nport: 70000\n", "database.yaml:2"},
        {"backend: sqlite\npaht: x\n", "path"},
        {"- sqlite\n", "database.yaml:1"},
        {"path: 5\n", "database.yaml:1"},
    };
    for (size_t i = 0; i < 5; i++) {
        test_write("database.yaml", mistakes[i][0]);
        CHECK_SAYS(rmv_database_open("database.yaml", &store), RMV_ERR_USAGE, mistakes[i][1]);
    }
    CHECK_FAILS(rmv_database_open("missing.yaml", &store), RMV_ERR_NOT_FOUND);
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_file_there_is_sqlite),
        TEST(the_file_says_where_sqlite_is),
        TEST(a_password_in_the_file_is_refused),
        TEST(a_password_file_that_others_may_read_is_refused),
        TEST(a_password_goes_only_where_the_user_says),
        TEST(mistakes_are_named_by_line),
    };
    return RUN_TESTS(tests);
}
