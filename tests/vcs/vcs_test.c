#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/vcs/vcs.h"
#include "shell.h"

static const struct rmv_error *resolve(struct rmv_vcs *vcs, const char *revision,
                                       char id[RMV_VCS_ID_SIZE])
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    const struct rmv_error *err = rmv_vcs_resolve(vcs, revision, &commit);
    if (!err)
        memcpy(id, commit.id, RMV_VCS_ID_SIZE);
    return err;
}

static bool any(void *context, const char *path)
{
    (void)context;
    (void)path;
    return true;
}

static const struct rmv_error *add_summary(void *context, const struct rmv_vcs_commit *commit,
                                           bool *stop)
{
    struct rmv_strings *summaries = context;
    rmv_strings_add(summaries, commit->summary);
    *stop = strcmp(commit->summary, "stop here") == 0;
    return NULL;
}

/* `wanted`: each of the strings followed by a space. */
static void expect_strings(const struct rmv_strings *strings, const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    for (size_t i = 0; i < strings->count; i++)
        rmv_buf_append_format(&text, "%s ", strings->items[i]);
    assert_string_equal(rmv_buf_string(&text), wanted);
}

/* `wanted`: the summaries of the commits a walk visits, in its order. */
static void expect_walk(struct rmv_vcs *vcs, const char *from, const char *path, const char *wanted)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings summaries = {0};
    CHECK_OK(rmv_vcs_walk(vcs, from, path, add_summary, &summaries));
    expect_strings(&summaries, wanted);
}

/* A new repository in "r" in which the shell ran `commands`; the caller closes it. */
static struct rmv_vcs *repository(const char *commands)
{
    RMV_CLEANUP(rmv_str_free) char *all = rmv_str_format("git init -q r; cd r; %s", commands);
    struct rmv_vcs *vcs = NULL;
    test_shell(all);
    CHECK_OK(rmv_vcs_open("r", &vcs));
    return vcs;
}

static void revisions_resolve_as_git_does(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    char head[RMV_VCS_ID_SIZE], other[RMV_VCS_ID_SIZE];

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs =
        repository("echo a >a; commit one; git tag -m tagged v1; echo b >a; commit two; "
                   "git branch side HEAD~1");
    CHECK_OK(rmv_vcs_resolve(vcs, "HEAD", &commit));
    assert_string_equal(commit.summary, "two");
    assert_string_equal(commit.author, "Ann <a@x>");
    assert_int_equal(commit.time, 1700000120);
    CHECK_OK(resolve(vcs, "main", head));
    assert_string_equal(head, commit.id);
    CHECK_OK(resolve(vcs, "v1", head));
    CHECK_OK(resolve(vcs, "side", other));
    assert_string_equal(head, other);
    CHECK_OK(resolve(vcs, "HEAD^", other));
    assert_string_equal(head, other);
    other[8] = '\0';
    CHECK_OK(resolve(vcs, other, other));
    assert_string_equal(head, other);
    CHECK_SAYS(resolve(vcs, "nowhere", other), RMV_ERR_NOT_FOUND, "'nowhere'");
    CHECK_SAYS(resolve(vcs, "HEAD:a", other), RMV_ERR_NOT_FOUND, "'HEAD:a'");
    CHECK_SAYS(resolve(vcs, "HEAD~9", other), RMV_ERR_NOT_FOUND, "'HEAD~9'");
    CHECK_FAILS(resolve(vcs, "", other), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(resolve(vcs, "main..side", other), RMV_ERR_NOT_FOUND);
}

static void files_of_any_commit_can_be_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    char old[RMV_VCS_ID_SIZE], head[RMV_VCS_ID_SIZE];

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs =
        repository("mkdir d; echo old >d/a; ln -s a d/link; commit one; echo newer >d/a; "
                   "commit two; rm -r d");
    CHECK_OK(resolve(vcs, "HEAD", head));
    CHECK_OK(resolve(vcs, "HEAD~", old));
    CHECK_OK(rmv_vcs_read(vcs, old, "d/a", 100, &out));
    CHECK_OK(rmv_vcs_read(vcs, head, "d/a", 6, &out));
    assert_string_equal(rmv_buf_string(&out), "old\nnewer\n");
    CHECK_SAYS(rmv_vcs_read(vcs, head, "d/a", 5, &out), RMV_ERR_LIMIT, "'d/a'");
    CHECK_SAYS(rmv_vcs_read(vcs, head, "d/b", 5, &out), RMV_ERR_NOT_FOUND, "'d/b'");
    CHECK_SAYS(rmv_vcs_read(vcs, head, "d", 5, &out), RMV_ERR_NOT_FOUND, "not a file");
    CHECK_SAYS(rmv_vcs_read(vcs, head, "d/link", 5, &out), RMV_ERR_NOT_FOUND, "not a file");
    CHECK_FAILS(rmv_vcs_read(vcs, "0000000000000000000000000000000000000000", "a", 5, &out),
                RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_vcs_read(vcs, "HEAD", "a", 5, &out), RMV_ERR_NOT_FOUND);
    assert_string_equal(rmv_buf_string(&out), "old\nnewer\n");
}

static bool ends_in_x(void *context, const char *path)
{
    (void)context;
    return path[strlen(path) - 1] == 'x';
}

static void all_files_of_a_commit_are_listed_in_bytewise_order(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings all = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings some = {0};
    char head[RMV_VCS_ID_SIZE];

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository(
        "mkdir -p a/b/c; echo 1 >a/b/c/x; echo 1 >a-x; echo 1 >a/z; "
        "echo 1 >\"$(printf 'n\\nl')\"; echo 1 >\"$(printf '\\377x')\"; chmod +x a/z; ln -s a l; "
        "commit one");
    CHECK_OK(resolve(vcs, "HEAD", head));
    CHECK_OK(rmv_vcs_list(vcs, head, any, NULL, &all));
    expect_strings(&all, "a-x a/b/c/x a/z n\nl \377x ");
    CHECK_OK(rmv_vcs_list(vcs, head, ends_in_x, NULL, &some));
    expect_strings(&some, "a-x a/b/c/x \377x ");
}

static void the_changes_of_a_commit_are_listed(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings first = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings second = {0};
    char id[RMV_VCS_ID_SIZE];

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository(
        "mkdir d; echo 1 >d/keep; echo 1 >d/edit; echo 1 >gone; echo 1 >type; "
        "commit one; echo 2 >d/edit; rm gone type; ln -s d type; echo 3 >d/new; commit two");
    CHECK_OK(resolve(vcs, "HEAD", id));
    CHECK_OK(rmv_vcs_list_changed(vcs, id, any, NULL, &second));
    expect_strings(&second, "d/edit d/new gone type ");
    CHECK_OK(resolve(vcs, "HEAD~", id));
    CHECK_OK(rmv_vcs_list_changed(vcs, id, any, NULL, &first));
    expect_strings(&first, "d/edit d/keep gone type ");
}

static void a_walk_goes_from_new_to_old_and_children_come_before_parents(void **state)
{
    (void)state;

    /* The merge's second parent claims to be older than the root. */
    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository(
        "echo 1 >a; commit a; git checkout -q -b side; echo 1 >s; "
        "time=1600000000; "
        "commit s; time=1700001000; git checkout -q main; echo 2 >a; commit b; "
        "GIT_COMMITTER_DATE='1700002000 +0000' git merge -q -m m side; echo 3 >a; time=1700003000; "
        "commit c; git checkout -q -b other HEAD~2; echo 4 >a; time=1700004000; commit o; "
        "git checkout -q main");
    expect_walk(vcs, "main", NULL, "c m b s a ");
    expect_walk(vcs, NULL, NULL, "o c m b s a ");
    expect_walk(vcs, "main", "a", "c b a ");
    expect_walk(vcs, "main", "s", "m s ");
    expect_walk(vcs, "main", "none", "");
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings summaries = {0};
    CHECK_SAYS(rmv_vcs_walk(vcs, "nowhere", NULL, add_summary, &summaries), RMV_ERR_NOT_FOUND,
               "'nowhere'");
}

static void a_walk_stops_when_told(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository(
        "echo 1 >a; commit x; echo 2 >a; commit 'stop here'; echo 3 >a; "
        "commit y; rm a; mkdir a; echo 4 >a/b; commit z; git rm -q -r a; git commit -q -m gone");
    expect_walk(vcs, NULL, "a", "gone z y stop here ");
}

static void the_index_tells_what_is_tracked(void **state)
{
    (void)state;
    bool tracked;

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository("mkdir d; echo 1 >d/a; git add d; echo 1 >d.x; echo 1 >b");
    CHECK_OK(rmv_vcs_is_tracked(vcs, "d/a", &tracked));
    assert_true(tracked);
    CHECK_OK(rmv_vcs_is_tracked(vcs, "d", &tracked));
    assert_true(tracked);
    CHECK_OK(rmv_vcs_is_tracked(vcs, "d.x", &tracked));
    assert_false(tracked);
    CHECK_OK(rmv_vcs_is_tracked(vcs, "b", &tracked));
    assert_false(tracked);
    test_shell("cd r; git add b; git rm -q --cached d/a");
    CHECK_OK(rmv_vcs_is_tracked(vcs, "b", &tracked));
    assert_true(tracked);
    CHECK_OK(rmv_vcs_is_tracked(vcs, "d", &tracked));
    assert_false(tracked);
}

static void gitignore_rules_are_known(void **state)
{
    (void)state;
    bool ignored;

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository("mkdir -p d; printf '/raw\\n*.tmp\\n!keep.tmp\\nonly/\\n' "
                                     ">d/.gitignore");
    CHECK_OK(rmv_vcs_is_ignored(vcs, "d/raw", true, &ignored));
    assert_true(ignored);
    CHECK_OK(rmv_vcs_is_ignored(vcs, "d/raw/file", false, &ignored));
    assert_true(ignored);
    CHECK_OK(rmv_vcs_is_ignored(vcs, "d/keep.tmp", false, &ignored));
    assert_false(ignored);
    CHECK_OK(rmv_vcs_is_ignored(vcs, "raw", false, &ignored));
    assert_false(ignored);
    CHECK_OK(rmv_vcs_is_ignored(vcs, "d/only", true, &ignored));
    assert_true(ignored);
    CHECK_OK(rmv_vcs_is_ignored(vcs, "d/only", false, &ignored));
    assert_false(ignored);
}

static void expect_dirty(struct rmv_vcs *vcs, bool wanted)
{
    bool dirty = !wanted;
    CHECK_OK(rmv_vcs_is_dirty(vcs, &dirty));
    assert_int_equal(dirty, wanted);
}

static void expect_modified(struct rmv_vcs *vcs, const char *path, bool wanted)
{
    bool modified = !wanted;
    CHECK_OK(rmv_vcs_is_modified(vcs, path, &modified));
    assert_int_equal(modified, wanted);
}

static void a_work_tree_is_dirty_when_tracked_files_differ_from_head(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs =
        repository("mkdir d; echo 1 >d/a; echo 1 >b; commit one; echo 1 >untracked");
    expect_dirty(vcs, false);
    test_shell("cd r; echo 2 >d/a");
    expect_dirty(vcs, true);
    expect_modified(vcs, "d/a", true);
    expect_modified(vcs, "d", true);
    expect_modified(vcs, "b", false);
    test_shell("cd r; git add d/a");
    expect_dirty(vcs, true);
    expect_modified(vcs, "d/a", true);
    test_shell("cd r; commit two");
    expect_dirty(vcs, false);
    expect_modified(vcs, "d", false);
    test_shell("cd r; rm b");
    expect_dirty(vcs, true);
    expect_modified(vcs, "b", true);
    test_shell("cd r; git checkout -q b; chmod +x b; echo 1 >new");
    expect_modified(vcs, "b", true);
    expect_modified(vcs, "new", true);
    expect_modified(vcs, "nothing", true);
    test_shell("cd r; chmod -x b; touch -d '2020-01-01' b d/a");
    expect_dirty(vcs, false);
    expect_modified(vcs, "b", false);
}

static void a_repository_without_a_commit_is_told_apart(void **state)
{
    (void)state;
    char id[RMV_VCS_ID_SIZE];

    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository("echo 1 >a; git add a");
    CHECK_SAYS(resolve(vcs, "HEAD", id), RMV_ERR_NOT_FOUND, "HEAD has no commit yet");
    CHECK_SAYS(resolve(vcs, "HEAD~1", id), RMV_ERR_NOT_FOUND, "HEAD has no commit yet");
    expect_walk(vcs, NULL, NULL, "");
    expect_modified(vcs, "a", true);
    expect_dirty(vcs, true);
    RMV_CLEANUP(rmv_str_free) char *branch = rmv_vcs_branch(vcs);
    assert_string_equal(branch, "main");
}

static void the_branch_is_known_unless_head_is_detached(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_vcs_close)
    struct rmv_vcs *vcs = repository("echo 1 >a; commit one; git checkout -q -b topic/x");
    RMV_CLEANUP(rmv_str_free) char *branch = rmv_vcs_branch(vcs);
    assert_string_equal(branch, "topic/x");
    test_shell("cd r; git checkout -q --detach");
    assert_null(rmv_vcs_branch(vcs));
}

static void head_branches_and_tags_are_listed_by_their_short_names(void **state)
{
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    (void)state;

    test_shell("git init -q -b main .");
    CHECK_OK(rmv_vcs_open(".", &vcs));
    CHECK_OK(rmv_vcs_list_names(vcs, &names));
    assert_int_equal(names.count, 0);
    test_shell("git commit -q --allow-empty -m one && git branch topic/a && git tag v1 &&"
               "git tag -m noted v2 && git update-ref refs/exps/x HEAD");
    CHECK_OK(rmv_vcs_list_names(vcs, &names));
    expect_strings(&names, "HEAD main topic/a v1 v2 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(revisions_resolve_as_git_does),
        TEST(files_of_any_commit_can_be_read),
        TEST(all_files_of_a_commit_are_listed_in_bytewise_order),
        TEST(the_changes_of_a_commit_are_listed),
        TEST(a_walk_goes_from_new_to_old_and_children_come_before_parents),
        TEST(a_walk_stops_when_told),
        TEST(the_index_tells_what_is_tracked),
        TEST(gitignore_rules_are_known),
        TEST(a_work_tree_is_dirty_when_tracked_files_differ_from_head),
        TEST(a_repository_without_a_commit_is_told_apart),
        TEST(the_branch_is_known_unless_head_is_detached),
        TEST(head_branches_and_tags_are_listed_by_their_short_names),
    };
    return RUN_TESTS(tests);
}
