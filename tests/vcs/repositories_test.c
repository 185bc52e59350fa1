/* Git repositories that are not the plain kind. */
#include "test.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/vcs/vcs.h"
#include "shell.h"

/* libgit2 1.5 loses memory for every setting that is not about a submodule when there are
 * submodules. */
const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier)
const char *__lsan_default_suppressions(void)  // NOLINT(bugprone-reserved-identifier)
{
    return "leak:libpcre2";
}

static const struct rmv_error *resolve(struct rmv_vcs *vcs, const char *revision,
                                       char id[RMV_VCS_ID_SIZE])
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    const struct rmv_error *err = rmv_vcs_resolve(vcs, revision, &commit);
    if (!err)
        memcpy(id, commit.id, RMV_VCS_ID_SIZE);
    return err;
}

static void expect_content(struct rmv_vcs *vcs, const char *revision, const char *path,
                           const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    char id[RMV_VCS_ID_SIZE];

    CHECK_OK(resolve(vcs, revision, id));
    CHECK_OK(rmv_vcs_read(vcs, id, path, 1000, &out));
    assert_string_equal(rmv_buf_string(&out), wanted);
}

static void expect_root(const char *root, const char *relative)
{
    RMV_CLEANUP(rmv_str_free) char *wanted = realpath(relative, NULL);
    assert_non_null(root);
    assert_string_equal(root, wanted);
}

static const struct rmv_error *count(void *context, const struct rmv_vcs_commit *commit, bool *stop)
{
    (void)commit;
    (void)stop;
    ++*(size_t *)context;
    return NULL;
}

static void a_plain_repository_is_found_from_any_folder_in_it(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;

    test_shell("git init -q r; mkdir -p r/a/b; ln -s r/a link; cd r; echo 1 >x; commit one");
    CHECK_OK(rmv_vcs_open("link/b", &vcs));
    expect_root(rmv_vcs_root(vcs), "r");
    assert_null(rmv_vcs_main_root(vcs));
    expect_content(vcs, "HEAD", "x", "1\n");
}

static void outside_a_repository_nothing_is_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;

    test_shell("mkdir -p a/.git b");
    CHECK_SAYS(rmv_vcs_open("a", &vcs), RMV_ERR_NOT_FOUND, "is not in a Git repository");
    CHECK_SAYS(rmv_vcs_open("missing", &vcs), RMV_ERR_NOT_FOUND, "'missing'");
    test_write("b/.git", "gitdir: ../nowhere\n");
    CHECK_SAYS(rmv_vcs_open("b", &vcs), RMV_ERR_CORRUPT, "which is not a Git repository");
    test_write("b/.git", "nonsense\n");
    CHECK_SAYS(rmv_vcs_open("b", &vcs), RMV_ERR_CORRUPT, "does not start with 'gitdir: '");
    assert_null(vcs);
}

static void a_bare_repository_has_no_root_but_can_be_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    bool answer;

    test_shell("git init -q r; cd r; echo 1 >x; commit one; cd ..; git clone -q --bare r bare.git");
    CHECK_OK(rmv_vcs_open("bare.git", &vcs));
    assert_null(rmv_vcs_root(vcs));
    expect_content(vcs, "main", "x", "1\n");
    CHECK_SAYS(rmv_vcs_is_dirty(vcs, &answer), RMV_ERR_UNSUPPORTED, "has no work tree");
    CHECK_SAYS(rmv_vcs_is_modified(vcs, "x", &answer), RMV_ERR_UNSUPPORTED, "has no work tree");
}

static void a_submodule_is_a_repository_of_its_own(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    bool dirty = true;

    test_shell("git init -q s; (cd s; echo sub >x; commit sub); git init -q r; cd r; echo top >x; "
               "commit top; "
               "git submodule -q add ../s mod; commit add");
    CHECK_OK(rmv_vcs_open("r/mod", &vcs));
    expect_root(rmv_vcs_root(vcs), "r/mod");
    assert_null(rmv_vcs_main_root(vcs));
    expect_content(vcs, "HEAD", "x", "sub\n");
    CHECK_OK(rmv_vcs_is_dirty(vcs, &dirty));
    assert_false(dirty);
    rmv_vcs_close(&vcs);
    CHECK_OK(rmv_vcs_open("r", &vcs));
    CHECK_OK(rmv_vcs_is_dirty(vcs, &dirty));
    assert_false(dirty);
}

static void a_linked_worktree_knows_the_main_one(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;

    test_shell("git init -q r; cd r; echo 1 >x; commit one; git worktree add -q -b side ../linked; "
               "cd ../linked; echo 2 >x; commit two");
    CHECK_OK(rmv_vcs_open("linked", &vcs));
    expect_root(rmv_vcs_root(vcs), "linked");
    expect_root(rmv_vcs_main_root(vcs), "r");
    expect_content(vcs, "HEAD", "x", "2\n");
    expect_content(vcs, "main", "x", "1\n");
    RMV_CLEANUP(rmv_str_free) char *branch = rmv_vcs_branch(vcs);
    assert_string_equal(branch, "side");
}

static void somebody_elses_repository_is_refused_until_it_is_trusted(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    char id[RMV_VCS_ID_SIZE];

    if (geteuid() != 0)
        skip();
    test_shell("git init -q r; cd r; echo 1 >x; commit one; chown -R 65534:65534 .");
    CHECK_OK(rmv_vcs_open("r", &vcs));
    CHECK_SAYS(resolve(vcs, "HEAD", id), RMV_ERR_DENIED,
               "git config --global --add safe.directory");
}

static void sha256_names_are_refused_with_what_to_do(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    char id[RMV_VCS_ID_SIZE];

    test_shell("git init -q --object-format=sha256 r; cd r; echo 1 >x; commit one");
    CHECK_OK(rmv_vcs_open("r", &vcs));
    CHECK_SAYS(resolve(vcs, "HEAD", id), RMV_ERR_UNSUPPORTED, "uses SHA-256 object names");
    CHECK_SAYS(resolve(vcs, "HEAD", id), RMV_ERR_UNSUPPORTED, "hint: ");
}

static void unknown_extensions_are_refused_and_harmless_ones_are_not(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    char id[RMV_VCS_ID_SIZE];

    test_shell(
        "git init -q r; cd r; echo 1 >x; commit one; git config core.repositoryformatversion 1; "
        "git config extensions.worktreeConfig true");
    CHECK_OK(rmv_vcs_open("r", &vcs));
    expect_content(vcs, "HEAD", "x", "1\n");
    rmv_vcs_close(&vcs);
    test_shell("cd r; git config extensions.refStorage reftable");
    CHECK_OK(rmv_vcs_open("r", &vcs));
    CHECK_SAYS(resolve(vcs, "HEAD", id), RMV_ERR_UNSUPPORTED, "refstorage");
}

static void a_work_tree_elsewhere_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    char id[RMV_VCS_ID_SIZE];

    test_shell("git init -q r; cd r; echo 1 >x; commit one; mkdir ../other; "
               "git config core.worktree \"$PWD/../other\"");
    CHECK_OK(rmv_vcs_open("r", &vcs));
    CHECK_SAYS(resolve(vcs, "HEAD", id), RMV_ERR_UNSUPPORTED, "has its work tree elsewhere");
}

static void a_shallow_clone_ends_at_its_border(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    size_t commits = 0;
    char id[RMV_VCS_ID_SIZE];

    test_shell("git init -q r; cd r; for i in 1 2 3 4; do echo $i >x; commit $i; done; cd ..; "
               "git clone -q --depth 2 file://$PWD/r shallow");
    CHECK_OK(rmv_vcs_open("shallow", &vcs));
    expect_content(vcs, "HEAD", "x", "4\n");
    CHECK_OK(rmv_vcs_walk(vcs, NULL, "x", count, &commits));
    assert_int_equal(commits, 2);
    CHECK_FAILS(resolve(vcs, "HEAD~3", id), RMV_ERR_NOT_FOUND);
}

static void a_partial_clone_fetches_what_it_lacks(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    char id[RMV_VCS_ID_SIZE];

    test_shell("git init -q r; cd r; git config uploadpack.allowFilter true; "
               "git config uploadpack.allowAnySHA1InWant true; echo old >x; commit 1; echo new >x; "
               "commit 2; "
               "cd ..; git clone -q --filter=blob:none file://$PWD/r partial");
    CHECK_OK(rmv_vcs_open("partial", &vcs));
    expect_content(vcs, "HEAD", "x", "new\n");
    expect_content(vcs, "HEAD~", "x", "old\n");
    rmv_vcs_close(&vcs);

    test_shell("git clone -q --filter=blob:none file://$PWD/r alone; rm -rf r");
    CHECK_OK(rmv_vcs_open("alone", &vcs));
    CHECK_OK(resolve(vcs, "HEAD~", id));
    CHECK_SAYS(rmv_vcs_read(vcs, id, "x", 1000, &out), RMV_ERR_NOT_FOUND, "lacks object");
    assert_int_equal(out.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plain_repository_is_found_from_any_folder_in_it),
        TEST(outside_a_repository_nothing_is_found),
        TEST(a_bare_repository_has_no_root_but_can_be_read),
        TEST(a_submodule_is_a_repository_of_its_own),
        TEST(a_linked_worktree_knows_the_main_one),
        TEST(somebody_elses_repository_is_refused_until_it_is_trusted),
        TEST(sha256_names_are_refused_with_what_to_do),
        TEST(unknown_extensions_are_refused_and_harmless_ones_are_not),
        TEST(a_work_tree_elsewhere_is_refused),
        TEST(a_shallow_clone_ends_at_its_border),
        TEST(a_partial_clone_fetches_what_it_lacks),
    };
    /* Nothing of the user's own settings counts. */
    setenv("HOME", "/nonexistent", 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return RUN_TESTS(tests);
}
