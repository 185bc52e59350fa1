#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/workspace.h"
#include "shell.h"

static const struct rmv_workspace_init_options with_git;

static void expect_path(const struct rmv_workspace *workspace, const char *typed,
                        const char *wanted)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    CHECK_OK(rmv_workspace_path(workspace, typed, &path));
    assert_string_equal(path, wanted);
}

static void expect_denied(const struct rmv_workspace *workspace, const char *typed)
{
    char *path = NULL;
    CHECK_FAILS(rmv_workspace_path(workspace, typed, &path), RMV_ERR_DENIED);
    assert_null(path);
}

static void a_new_workspace_commits_its_config_and_nothing_else(void **state)
{
    (void)state;
    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_shell(
        "cd r; echo x >.rmstore/objects/x; echo x >.rmstore/index; echo x >.rmstore/config.local; "
        "git add -A; test \"$(git ls-files | tr '\\n' ' ')\" = '.rmstore/.gitignore "
        ".rmstore/config '");
}

static void making_it_again_repairs_and_changes_nothing_else(void **state)
{
    (void)state;
    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_shell(
        "cd r; printf '[core]\\nthreads=2\\n' >.rmstore/config; cp -p .rmstore/config before; "
        "echo x >.rmstore/objects/x; rm .rmstore/.gitignore");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_shell("cd r; cmp before .rmstore/config; test -e .rmstore/objects/x; test -e "
               ".rmstore/.gitignore; "
               "test ! .rmstore/config -nt before");
}

static void without_git_a_workspace_must_be_asked_for(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("mkdir r");
    CHECK_SAYS(rmv_workspace_init("r", &with_git), RMV_ERR_USAGE, "--no-scm");
    assert_false(rmv_fs_exists("r/.rmstore"));
    CHECK_OK(rmv_workspace_init("r", &(struct rmv_workspace_init_options){.no_scm = true}));
    CHECK_OK(rmv_workspace_init("r", &with_git));
    CHECK_OK(rmv_workspace_open("r", NULL, &workspace));
    assert_null(workspace->vcs);
    CHECK_SAYS(rmv_workspace_init("missing", &with_git), RMV_ERR_NOT_FOUND, "'missing'");
    test_shell("git init -q --bare b.git");
    CHECK_SAYS(rmv_workspace_init("b.git", &with_git), RMV_ERR_USAGE, "without a work tree");
}

static void a_workspace_inside_another_must_be_asked_for(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r; mkdir -p r/a/b");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    CHECK_SAYS(rmv_workspace_init("r/a", &with_git), RMV_ERR_CONFLICT, "--nested");
    CHECK_OK(rmv_workspace_init("r/a", &(struct rmv_workspace_init_options){.nested = true}));
    CHECK_OK(rmv_workspace_open("r/a/b", NULL, &workspace));
    assert_string_equal(workspace->prefix, "b");
    assert_string_equal(workspace->vcs_prefix, "a");
}

static void it_opens_from_any_folder_inside(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_str_free) char *root = NULL;

    test_shell("git init -q r; mkdir -p r/w/a/b; ln -s r/w/a link");
    CHECK_OK(rmv_workspace_init("r/w", &with_git));
    CHECK_OK(rmv_workspace_open("link/b", NULL, &workspace));
    root = realpath("r/w", NULL);
    assert_string_equal(workspace->root, root);
    assert_string_equal(workspace->prefix, "a/b");
    assert_string_equal(workspace->vcs_prefix, "w");
    assert_non_null(workspace->store);
    rmv_workspace_close(&workspace);
    CHECK_SAYS(rmv_workspace_open("r", NULL, &workspace), RMV_ERR_USAGE, "`rmv init`");
    CHECK_FAILS(rmv_workspace_open("missing", NULL, &workspace), RMV_ERR_NOT_FOUND);
}

static void typed_paths_become_paths_of_the_workspace(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r; mkdir -p r/a/b; ln -s r link; ln -s /etc r/out");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    CHECK_OK(rmv_workspace_open("r/a", NULL, &workspace));
    RMV_CLEANUP(rmv_str_free) char *here = realpath(".", NULL);
    RMV_CLEANUP(rmv_str_free) char *absolute = rmv_str_format("%s/r/x/y/", workspace->root);
    RMV_CLEANUP(rmv_str_free) char *by_link = rmv_str_format("%s/link/b/new", here);
    RMV_CLEANUP(rmv_str_free) char *outside = rmv_str_format("%s/rest", workspace->root);
    RMV_CLEANUP(rmv_str_free) char *sibling = rmv_str_format("%s-2/x", workspace->root);

    expect_path(workspace, "b", "a/b");
    expect_path(workspace, "./b//c/", "a/b/c");
    expect_path(workspace, "..", ".");
    expect_path(workspace, ".", "a");
    expect_path(workspace, "../a/../data/raw", "data/raw");
    expect_path(workspace, "new\nline \xff", "a/new\nline \xff");
    expect_path(workspace, workspace->root, ".");
    expect_path(workspace, absolute, "r/x/y");
    expect_path(workspace, by_link, "b/new");
    expect_path(workspace, outside, "rest");
    expect_path(workspace, "../out", "out");
    expect_denied(workspace, "../..");
    expect_denied(workspace, "../../other");
    expect_denied(workspace, "/etc/passwd");
    expect_denied(workspace, sibling);
    expect_denied(workspace, "../.git/config");
    expect_denied(workspace, "../.rmstore");
    expect_denied(workspace, "x/.GIT/y");

    RMV_CLEANUP(rmv_str_free) char *typed = rmv_workspace_typed(workspace, "data/raw");
    assert_string_equal(typed, "../data/raw");
    RMV_CLEANUP(rmv_str_free) char *near = rmv_workspace_typed(workspace, "a/b");
    assert_string_equal(near, "b");
}

static void a_newer_layout_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_write("r/.rmstore/version", "2\n");
    CHECK_SAYS(rmv_workspace_open("r", NULL, &workspace), RMV_ERR_UNSUPPORTED, "layout version 2");
    CHECK_FAILS(rmv_workspace_init("r", &with_git), RMV_ERR_UNSUPPORTED);
    test_write("r/.rmstore/version", "two\n");
    CHECK_FAILS(rmv_workspace_open("r", NULL, &workspace), RMV_ERR_CORRUPT);
    test_write("r/.rmstore/version", "");
    CHECK_FAILS(rmv_workspace_open("r", NULL, &workspace), RMV_ERR_CORRUPT);
}

static void a_fresh_clone_opens(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_shell("cd r; commit one; cd ..; git clone -q r clone; test ! -e clone/.rmstore/objects");
    CHECK_OK(rmv_workspace_open("clone", NULL, &workspace));
    assert_true(rmv_fs_exists("clone/.rmstore/objects"));
}

static void a_linked_worktree_shares_the_objects_of_the_main_one(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r; mkdir r/sub");
    CHECK_OK(rmv_workspace_init("r/sub", &with_git));
    test_shell("cd r; commit one; git worktree add -q ../linked");
    CHECK_OK(rmv_workspace_open("linked/sub", NULL, &workspace));
    assert_false(rmv_fs_exists("linked/sub/.rmstore/objects"));
}

static void objects_can_lie_elsewhere_if_the_user_says_so(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_write("r/.rmstore/config", "[cache]\ndir = ../stolen\n");
    CHECK_OK(rmv_workspace_open("r", NULL, &workspace));
    assert_false(rmv_fs_exists("stolen"));
    rmv_workspace_close(&workspace);
    test_write("r/.rmstore/config.local", "[cache]\ndir = ../elsewhere\n");
    CHECK_OK(rmv_workspace_open("r", NULL, &workspace));
    assert_true(rmv_fs_exists("elsewhere"));
}

static void a_local_config_that_came_with_a_clone_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    test_write("r/.rmstore/config.local", "[cache]\ndir = ../stolen\n");
    test_shell("cd r; git add -f .rmstore/config.local; commit evil; cd ..; git clone -q r clone");
    CHECK_SAYS(rmv_workspace_open("clone", NULL, &workspace), RMV_ERR_DENIED, "git rm --cached");
    assert_false(rmv_fs_exists("stolen"));
    test_shell("cd clone; git rm -q --cached .rmstore/config.local");
    CHECK_OK(rmv_workspace_open("clone", NULL, &workspace));
}

static void its_lock_excludes_others(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock first = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock second = RMV_LOCK_EMPTY;

    test_shell("git init -q r");
    CHECK_OK(rmv_workspace_init("r", &with_git));
    CHECK_OK(rmv_workspace_open("r", NULL, &workspace));
    CHECK_OK(rmv_workspace_lock(workspace, &first));
    CHECK_FAILS(rmv_lock_take("r/.rmstore/lock", true, 0, &second), RMV_ERR_LOCKED);
    rmv_lock_release(&first);
    CHECK_OK(rmv_lock_take("r/.rmstore/lock", true, 0, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_workspace_commits_its_config_and_nothing_else),
        TEST(making_it_again_repairs_and_changes_nothing_else),
        TEST(without_git_a_workspace_must_be_asked_for),
        TEST(a_workspace_inside_another_must_be_asked_for),
        TEST(it_opens_from_any_folder_inside),
        TEST(typed_paths_become_paths_of_the_workspace),
        TEST(a_newer_layout_is_refused),
        TEST(a_fresh_clone_opens),
        TEST(a_linked_worktree_shares_the_objects_of_the_main_one),
        TEST(objects_can_lie_elsewhere_if_the_user_says_so),
        TEST(a_local_config_that_came_with_a_clone_is_refused),
        TEST(its_lock_excludes_others),
    };
    setenv("HOME", "/nonexistent", 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return RUN_TESTS(tests);
}
