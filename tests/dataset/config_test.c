#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/config.h"
#include "shell.h"

/* Opens the config of ./.rmstore with the user's in ./user/rmv/config. */
static const struct rmv_error *open_here(struct rmv_config **config)
{
    char *here = realpath(".", NULL);
    RMV_CLEANUP(rmv_str_free) char *user = rmv_str_format("%s/user", here);

    free(here);
    setenv("XDG_CONFIG_HOME", user, 1);
    test_shell("mkdir -p .rmstore");
    return rmv_config_open(".rmstore", config);
}

static void expect_file(const char *path, const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(rmv_fs_read(path, 10000, &text));
    assert_string_equal(rmv_buf_string(&text), wanted);
}

static void without_files_nothing_is_set(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings settings = {0};

    CHECK_OK(open_here(&config));
    assert_null(rmv_config_get(config, "core.threads"));
    assert_int_equal(rmv_config_get_int(config, "core.threads", 7), 7);
    assert_true(rmv_config_get_bool(config, "core.fsync", true));
    rmv_config_list(config, RMV_CONFIG_ANY, &settings);
    assert_int_equal(settings.count, 0);
}

static void a_nearer_level_wins(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings all = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings local = {0};

    test_write("user/rmv/config",
               "# mine\n[core]\n\tthreads = 1\n\tcompression = 2\n\tfsync = off\n");
    test_write(".rmstore/config", "[Core]\nThreads = 3 ; comment\ncompression=4\n");
    test_write(".rmstore/config.local", "[core] threads = 5\n[cache]\ndir = \"/a b\"\n");
    CHECK_OK(open_here(&config));
    assert_string_equal(rmv_config_get(config, "core.threads"), "5");
    assert_int_equal(rmv_config_get_int(config, "CORE.Compression", 0), 4);
    assert_false(rmv_config_get_bool(config, "core.fsync", true));
    assert_string_equal(rmv_config_get(config, "cache.dir"), "/a b");
    rmv_config_list(config, RMV_CONFIG_ANY, &all);
    assert_int_equal(all.count, 4);
    assert_string_equal(all.items[0], "cache.dir=/a b");
    assert_string_equal(all.items[3], "core.threads=5");
    rmv_config_list(config, RMV_CONFIG_LOCAL, &local);
    assert_int_equal(local.count, 2);
    assert_int_equal(rmv_config_warnings(config)->count, 0);
}

static void what_came_with_a_clone_cannot_set_what_could_harm(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;

    test_write(".rmstore/config",
               "[cache]\ndir = /etc\n[core]\nfsync = false\nthreads = 2\n[odd]\nkey = 1\n");
    CHECK_OK(open_here(&config));
    assert_null(rmv_config_get(config, "cache.dir"));
    assert_true(rmv_config_get_bool(config, "core.fsync", true));
    assert_int_equal(rmv_config_get_int(config, "core.threads", 0), 2);
    const struct rmv_strings *warnings = rmv_config_warnings(config);
    assert_int_equal(warnings->count, 3);
    assert_non_null(strstr(warnings->items[0], "'cache.dir' does not count here"));
    assert_non_null(strstr(warnings->items[2], "there is no setting 'odd.key'"));
}

static void includes_are_refused_however_they_are_written(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[include]\npath = /etc/passwd\n",
        "[core]\nthreads = 1\n [INCLUDE] path = x\n",
        "[core][include]\npath = x\n",
        "[includeIf \"gitdir:/\"]\npath = x\n",
        "[ include]\npath = x\n",
        "[\tInclude \"x\"]\npath = x\n",
        "\xef\xbb\xbf[include]\npath = x\n",
    };

    test_write("other", "[core]\nthreads = 9\n");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
        test_write(".rmstore/config", texts[i]);
        CHECK_SAYS(open_here(&config), RMV_ERR_DENIED, "may not include others");
        assert_null(config);
    }
}

static void damaged_files_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        enum rmv_error_code code;
    } cases[] = {
        {"[core\nthreads = 1\n", ".rmstore/config:1: ", RMV_ERR_CORRUPT},
        {"[core]\nthreads = 1\n\n!\n", ".rmstore/config:4: ", RMV_ERR_CORRUPT},
        {"[core]\nthreads = \\q\n", ".rmstore/config: invalid escape", RMV_ERR_CORRUPT},
        {"[core]\nthreads = many\n", "'core.threads' must be a whole number from 0 to 1024",
         RMV_ERR_CORRUPT},
        {"[core]\ncompression = 99\n", "'core.compression' must be a whole number from 1 to 19",
         RMV_ERR_CORRUPT},
        {"[cache]\ntype = magic\n", "'magic' is no type of link", RMV_ERR_CORRUPT},
        {"[plots]\nout-dir = a/../../b\n", "must be a path inside the workspace", RMV_ERR_CORRUPT},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
        test_write(".rmstore/config", cases[i].text);
        CHECK_SAYS(open_here(&config), cases[i].code, cases[i].message);
    }
}

static void a_committed_config_must_be_a_plain_file(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;

    test_write("secret", "[core]\nthreads = 1\n");
    test_shell("mkdir .rmstore; ln -s ../secret .rmstore/config");
    CHECK_SAYS(open_here(&config), RMV_ERR_DENIED, "is a symbolic link");
    test_shell("rm .rmstore/config; mkfifo .rmstore/config");
    CHECK_SAYS(open_here(&config), RMV_ERR_CORRUPT, "is not a file");
    test_shell("rm .rmstore/config; printf '[a]\\000' >.rmstore/config");
    CHECK_SAYS(open_here(&config), RMV_ERR_CORRUPT, "NUL");
    test_shell("head -c 1100000 /dev/zero | tr '\\0' '#' >.rmstore/config");
    CHECK_FAILS(open_here(&config), RMV_ERR_LIMIT);
}

static void setting_keeps_comments_and_shows_at_once(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
    struct stat status;

    test_write(".rmstore/config", "# why\n[core]\n\tthreads = 1 # few\n\tcompression = 3\n");
    CHECK_OK(open_here(&config));
    CHECK_OK(rmv_config_set(config, RMV_CONFIG_COMMITTED, "core.compression", "9"));
    assert_string_equal(rmv_config_get(config, "core.compression"), "9");
    expect_file(".rmstore/config", "# why\n[core]\n\tthreads = 1 # few\n\tcompression = 9\n");
    CHECK_OK(rmv_config_set(config, RMV_CONFIG_COMMITTED, "core.threads", NULL));
    assert_null(rmv_config_get(config, "core.threads"));
    expect_file(".rmstore/config", "# why\n[core]\n\tcompression = 9\n");
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_COMMITTED, "core.threads", NULL),
               RMV_ERR_NOT_FOUND, "'core.threads' is not set in '.rmstore/config'");

    CHECK_OK(rmv_config_set(config, RMV_CONFIG_LOCAL, "cache.dir", "/srv/a \"b\" # c"));
    assert_string_equal(rmv_config_get(config, "cache.dir"), "/srv/a \"b\" # c");
    assert_int_equal(stat(".rmstore/config.local", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    CHECK_OK(rmv_config_set(config, RMV_CONFIG_USER, "core.fsync", "no"));
    expect_file("user/rmv/config", "[core]\n\tfsync = no\n");
    assert_false(rmv_config_get_bool(config, "core.fsync", true));
    test_shell("test $(ls .rmstore | tr '\\n' ,) = config,config.local,lock,");
}

static void an_underscore_in_a_name_is_a_hyphen(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;

    CHECK_OK(open_here(&config));
    CHECK_OK(rmv_config_set(config, RMV_CONFIG_LOCAL, "Plots.out_dir", "../pages"));
    expect_file(".rmstore/config.local", "[plots]\n\tout-dir = ../pages\n");
    assert_string_equal(rmv_config_get(config, "plots.out_dir"), "../pages");
    assert_string_equal(rmv_config_get(config, "plots.out-dir"), "../pages");
    assert_null(rmv_config_get(config, "plots.out"));
    CHECK_FAILS(rmv_config_check_key("plots.out_dirs"), RMV_ERR_USAGE);
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_COMMITTED, "plots.out_dir", "../pages"),
               RMV_ERR_USAGE, "must be a path inside the workspace here, not '../pages'");
}

static void bad_settings_are_refused_and_change_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;

    CHECK_OK(open_here(&config));
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_LOCAL, "core.thread", "1"), RMV_ERR_USAGE,
               "did you mean 'core.threads'?");
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_LOCAL, "core.threads", "x"), RMV_ERR_USAGE,
               "must be a whole number");
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_LOCAL, "core.fsync", "maybe"), RMV_ERR_USAGE,
               "must be true or false");
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_COMMITTED, "cache.dir", "/x"), RMV_ERR_USAGE,
               "does not count in the committed config");
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_LOCAL, "cache.dir", ""), RMV_ERR_USAGE,
               "is empty");
    CHECK_FAILS(rmv_config_set(config, RMV_CONFIG_LOCAL, "core.fsync", NULL), RMV_ERR_NOT_FOUND);
    assert_false(rmv_fs_exists(".rmstore/config.local"));
    assert_false(rmv_fs_exists(".rmstore/config"));

    test_write(".rmstore/config.local", "[core]\nthreads = 1\nthreads = 2\n");
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_LOCAL, "core.threads", "3"), RMV_ERR_CONFLICT,
               "several times");
    expect_file(".rmstore/config.local", "[core]\nthreads = 1\nthreads = 2\n");
}

static void outside_a_workspace_only_the_user_has_settings(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *inside = NULL;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;

    CHECK_OK(open_here(&inside));
    CHECK_OK(rmv_config_open(NULL, &config));
    CHECK_SAYS(rmv_config_set(config, RMV_CONFIG_LOCAL, "core.threads", "1"), RMV_ERR_USAGE,
               "no place for settings");
    CHECK_OK(rmv_config_set(config, RMV_CONFIG_USER, "core.threads", "1"));
    assert_int_equal(rmv_config_get_int(config, "core.threads", 0), 1);
}

/* Of changes made at the same time none is lost. */
static void *set_one(void *key)
{
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
    return rmv_config_open(".rmstore", &config) ||
                   rmv_config_set(config, RMV_CONFIG_COMMITTED, key, "4")
               ? key
               : NULL;
}

static void changes_at_the_same_time_are_all_kept(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
    static char threads_key[] = "core.threads", compression_key[] = "core.compression";
    pthread_t first, second;
    void *failed = NULL;

    CHECK_OK(open_here(&config));
    rmv_config_close(&config);
    assert_int_equal(pthread_create(&first, NULL, set_one, threads_key), 0);
    assert_int_equal(pthread_create(&second, NULL, set_one, compression_key), 0);
    pthread_join(first, &failed);
    assert_null(failed);
    pthread_join(second, &failed);
    assert_null(failed);
    CHECK_OK(open_here(&config));
    assert_int_equal(rmv_config_get_int(config, "core.threads", 0), 4);
    assert_int_equal(rmv_config_get_int(config, "core.compression", 0), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_files_nothing_is_set),
        TEST(a_nearer_level_wins),
        TEST(what_came_with_a_clone_cannot_set_what_could_harm),
        TEST(includes_are_refused_however_they_are_written),
        TEST(damaged_files_are_named_with_their_line),
        TEST(a_committed_config_must_be_a_plain_file),
        TEST(setting_keeps_comments_and_shows_at_once),
        TEST(an_underscore_in_a_name_is_a_hyphen),
        TEST(bad_settings_are_refused_and_change_nothing),
        TEST(outside_a_workspace_only_the_user_has_settings),
        TEST(changes_at_the_same_time_are_all_kept),
    };
    return RUN_TESTS(tests);
}
