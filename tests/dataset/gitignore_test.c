#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/dataset.h"

static struct rmv_workspace *open_workspace(void)
{
    const struct rmv_workspace_init_options options = {0};
    struct rmv_workspace *workspace = NULL;

    assert_int_equal(system("git init -q ."), 0);
    CHECK_OK(rmv_workspace_init(".", &options));
    CHECK_OK(rmv_workspace_open(".", NULL, &workspace));
    return workspace;
}

static void check_content(const char *path, const char *content)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(rmv_fs_read(path, 100000, &text));
    assert_string_equal(rmv_buf_string(&text), content);
}

static void the_line_is_anchored_and_added_once(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();

    test_write("data/keep", "");
    CHECK_OK(rmv_gitignore_add(workspace, "data/raw"));
    CHECK_OK(rmv_gitignore_add(workspace, "data/raw"));
    CHECK_OK(rmv_gitignore_add(workspace, "top"));
    check_content("data/.gitignore", "/raw\n");
    check_content(".gitignore", "/top\n");
}

static void what_was_there_stays(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();

    test_write(".gitignore", "# mine\n*.o");
    CHECK_OK(rmv_gitignore_add(workspace, "a"));
    check_content(".gitignore", "# mine\n*.o\n/a\n");
    CHECK_OK(rmv_gitignore_add(workspace, "b"));
    CHECK_OK(rmv_gitignore_remove(workspace, "a"));
    CHECK_OK(rmv_gitignore_remove(workspace, "never"));
    check_content(".gitignore", "# mine\n*.o\n/b\n");

    test_write(".gitignore", "/a\r\n*.o\r\n");
    CHECK_OK(rmv_gitignore_add(workspace, "a"));
    check_content(".gitignore", "/a\r\n*.o\r\n");
    CHECK_OK(rmv_gitignore_add(workspace, "b"));
    check_content(".gitignore", "/a\r\n*.o\r\n/b\r\n");
}

static void a_file_with_nothing_left_in_it_goes(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();

    CHECK_OK(rmv_gitignore_add(workspace, "a"));
    CHECK_OK(rmv_gitignore_remove(workspace, "a"));
    assert_false(rmv_fs_exists(".gitignore"));
    CHECK_OK(rmv_gitignore_remove(workspace, "no/folder"));
}

static bool git_ignores(const char *path)
{
    const char *argv[] = {"git", "check-ignore", "-q", "--", path, NULL};
    const pid_t pid = fork();
    int status = -1;
    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return status == 0;
}

static void git_ignores_exactly_that_name(void **state)
{
    (void)state;
    static const char *const names[] = {
        "plain",       "with space", "trailing ",    "two  ",    "#hash",       "!bang", "-dash",
        "star*",       "quest?on",   "brack[a-z]et", "back\\sl", "tab\there",   "a\nb",  "end\r",
        "caf\xc3\xa9", "bad\xff",    "colon: value", "\\",       "trailing\\ ", "~x",    "*",
    };
    static const char *const others[] = {"other",    "sub/plain", "starry",
                                         "questIon", "bracket",   "brackmet"};
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_false(git_ignores(names[i]));
        CHECK_OK(rmv_gitignore_add(workspace, names[i]));
        if (!git_ignores(names[i]))
            fail_msg("git does not ignore '%s'", names[i]);
        CHECK_OK(rmv_gitignore_add(workspace, names[i]));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(git_ignores(others[i]));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK_OK(rmv_gitignore_remove(workspace, names[i]));
    assert_false(rmv_fs_exists(".gitignore"));
}

static void a_linked_gitignore_is_not_written_through(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();

    test_write("victim", "text");
    assert_int_equal(symlink("victim", ".gitignore"), 0);
    CHECK_FAILS(rmv_gitignore_add(workspace, "a"), RMV_ERR_DENIED);
    check_content("victim", "text");
}

static void it_is_known_beforehand_whether_a_line_can_be_added(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();

    CHECK_OK(rmv_gitignore_check(workspace, "a"));
    assert_false(rmv_fs_exists(".gitignore"));
    test_write(".gitignore", "/b\n");
    CHECK_OK(rmv_gitignore_check(workspace, "a"));
    check_content(".gitignore", "/b\n");
    assert_int_equal(unlink(".gitignore"), 0);
    assert_int_equal(symlink("nowhere", ".gitignore"), 0);
    CHECK_FAILS(rmv_gitignore_check(workspace, "a"), RMV_ERR_DENIED);
    assert_int_equal(unlink(".gitignore"), 0);
    assert_int_equal(mkfifo(".gitignore", 0600), 0);
    CHECK_FAILS(rmv_gitignore_check(workspace, "a"), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_gitignore_add(workspace, "a"), RMV_ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_line_is_anchored_and_added_once),
        TEST(what_was_there_stays),
        TEST(a_file_with_nothing_left_in_it_goes),
        TEST(git_ignores_exactly_that_name),
        TEST(a_linked_gitignore_is_not_written_through),
        TEST(it_is_known_beforehand_whether_a_line_can_be_added),
    };
    return RUN_TESTS(tests);
}
