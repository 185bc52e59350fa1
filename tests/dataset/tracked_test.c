#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/dataset/workspace.h"
#include "shell.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BLOB(path) "path: " path ", sha256: " ID_A ", kind: blob, size: 1"
#define POINTER(path) "outs:\n- {" BLOB(path) "}\n"
#define LOCK(stages) "schema: '2.0'\nstages:\n" stages

static struct rmv_workspace *open_workspace(const char *folder)
{
    struct rmv_workspace *workspace = NULL;
    CHECK_OK(rmv_workspace_open(folder, NULL, &workspace));
    return workspace;
}

/* A workspace in a Git repository, in ./r/FOLDER. */
static struct rmv_workspace *make_workspace(const char *folder)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("r/%s", folder);
    RMV_CLEANUP(rmv_str_free) char *script = rmv_str_format("git init -q r; mkdir -p '%s'", path);

    test_shell(script);
    CHECK_OK(rmv_workspace_init(path, &(struct rmv_workspace_init_options){0}));
    return open_workspace(path);
}

/* What is tracked, as "path<source:stage " for each. */
static void expect_tracked(struct rmv_workspace *workspace, const char *revision,
                           const char *wanted)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    CHECK_OK(rmv_tracked_read(workspace, revision, &tracked));
    assert_int_equal(tracked.sources.count, tracked.outputs.count);
    assert_int_equal(tracked.stages.count, tracked.outputs.count);
    for (size_t i = 0; i < tracked.outputs.count; i++)
        rmv_buf_append_format(&text, "%s<%s:%s ", tracked.outputs.items[i].path,
                              tracked.sources.items[i], tracked.stages.items[i]);
    assert_string_equal(rmv_buf_string(&text), wanted);
}

static void an_empty_workspace_tracks_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace(".");
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};

    CHECK_OK(rmv_tracked_read(workspace, NULL, &tracked));
    assert_int_equal(tracked.outputs.count, 0);
    assert_null(rmv_tracked_find(&tracked, "x"));
}

static void pointers_and_lock_files_are_found_wherever_they_are(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace(".");
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};

    test_write("r/data/raw.rmv", POINTER("raw"));
    test_write("r/data-x.rmv", POINTER("data-x"));
    test_write("r/deep/er/x.csv.rmv", POINTER("x.csv"));
    test_write("r/rmv.lock", LOCK("  a: {cmd: x, outs: [{" BLOB("out/a") "}, {path: pending}]}\n"));
    test_write("r/sub/rmv.lock", LOCK("  b: {cmd: x, outs: [{" BLOB("../out/b") "}]}\n"));
    test_write("r/.rmv", "not a pointer");
    test_write("r/notes.rmv.txt", "not a pointer");
    test_shell("mkdir r/folder.rmv");
    expect_tracked(workspace, NULL,
                   "data-x<data-x.rmv: data/raw<data/raw.rmv: deep/er/x.csv<deep/er/x.csv.rmv: "
                   "out/a<rmv.lock:a out/b<sub/rmv.lock:b ");

    CHECK_OK(rmv_tracked_read(workspace, NULL, &tracked));
    assert_int_equal(tracked.lock_files_count, 2);
    assert_string_equal(rmv_tracked_find(&tracked, "data/raw/inner/file")->path, "data/raw");
    assert_string_equal(rmv_tracked_find(&tracked, "data/raw")->path, "data/raw");
    assert_null(rmv_tracked_find(&tracked, "data"));
    assert_null(rmv_tracked_find(&tracked, "data/raw2"));
}

static void what_lies_in_tracked_data_is_data(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace(".");

    test_write("r/data/raw.rmv", POINTER("raw"));
    test_write("r/data/raw/inner.rmv", "neither YAML: [nor read");
    test_write("r/out/made/x.rmv", POINTER("x"));
    test_write("r/z/rmv.lock", LOCK("  s: {cmd: x, outs: [{" BLOB("../out/made") "}]}\n"));
    test_write("r/nested/.rmstore/config", "");
    test_write("r/nested/x.rmv", "another workspace's");
    test_write("r/module/.git", "gitdir: ../elsewhere\n");
    test_write("r/module/x.rmv", "another repository's");
    test_write("outside.rmv", "somebody else's");
    test_shell("ln -s ../outside.rmv r/link.rmv; mkdir other; echo bad >other/x.rmv; ln -s "
               "../other r/way");
    expect_tracked(workspace, NULL, "data/raw<data/raw.rmv: out/made<z/rmv.lock:s ");
}

static void a_revision_is_read_without_touching_the_work_tree(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace("ws");
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};

    test_write("r/outside.rmv", "not in the workspace");
    test_write("r/ws-2/x.rmv", "not in the workspace");
    test_write("r/ws/a.rmv", POINTER("a"));
    test_write("r/ws/nested/.rmstore/config", "");
    test_write("r/ws/nested/b.rmv", "another workspace's");
    test_write("r/ws/.rmstore/x.rmv", "hidden");
    test_write("r/ws/rmv.lock", LOCK("  s: {cmd: x, outs: [{" BLOB("m") "}]}\n"));
    test_shell("cd r; commit one; git add -f ws/.rmstore/x.rmv; git commit -q --amend --no-edit; "
               "git rm -q ws/a.rmv; commit two; rm ws/rmv.lock");
    test_write("r/ws/c.rmv", POINTER("c"));
    expect_tracked(workspace, "HEAD~", "a<a.rmv: m<rmv.lock:s ");
    expect_tracked(workspace, "HEAD", "m<rmv.lock:s ");
    expect_tracked(workspace, NULL, "c<c.rmv: ");
    CHECK_SAYS(rmv_tracked_read(workspace, "nowhere", &tracked), RMV_ERR_NOT_FOUND, "'nowhere'");
}

static void stages_that_are_gone_from_the_pipeline_claim_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace(".");

    test_write("r/rmv.lock", LOCK("  new: {cmd: x, outs: [{" BLOB(
                                 "m") "}]}\n"
                                      "  each@1: {cmd: x, outs: [{" BLOB(
                                          "e1") "}]}\n"
                                                "  old: {cmd: x, outs: [{" BLOB("m") "}]}\n"));
    test_write("r/rmv.yaml", "stages:\n  new: {cmd: x}\n  each: {foreach: [1], do: {cmd: x}}\n");
    expect_tracked(workspace, NULL, "e1<rmv.lock:each@1 m<rmv.lock:new ");
}

static void expect_conflict(struct rmv_workspace *workspace, const char *message)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    CHECK_SAYS(rmv_tracked_read(workspace, NULL, &tracked), RMV_ERR_CONFLICT, message);
    assert_int_equal(tracked.outputs.count, 0);
}

static void outputs_that_overlap_are_refused_with_both_sources(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace(".");

    test_write("r/a.rmv", POINTER("a"));
    test_write("r/b.rmv", POINTER("a"));
    expect_conflict(workspace, "'a' is an output of both 'a.rmv' and 'b.rmv'");
    test_write("r/b.rmv", POINTER("b/c/d"));
    test_write("r/rmv.lock", LOCK("  s: {cmd: x, outs: [{" BLOB("b") "}]}\n"));
    expect_conflict(workspace, "'b' of stage 's' of 'rmv.lock' and 'b/c/d' of 'b.rmv'");
    test_write("r/b.rmv", POINTER("b-c"));
    expect_tracked(workspace, NULL, "a<a.rmv: b<rmv.lock:s b-c<b.rmv: ");
}

static void a_damaged_source_is_named(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = make_workspace(".");
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};

    test_write("r/d/a.rmv", "outs: [\n");
    CHECK_SAYS(rmv_tracked_read(workspace, NULL, &tracked), RMV_ERR_CORRUPT, "d/a.rmv:");
    test_shell("cd r; commit one; git rm -q -f d/a.rmv");
    CHECK_SAYS(rmv_tracked_read(workspace, "HEAD", &tracked), RMV_ERR_CORRUPT,
               "revision 'HEAD': d/a.rmv:");
    CHECK_OK(rmv_tracked_read(workspace, NULL, &tracked));
}

static void without_git_there_are_no_revisions(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};

    test_shell("mkdir w");
    CHECK_OK(rmv_workspace_init("w", &(struct rmv_workspace_init_options){.no_scm = true}));
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace("w");
    CHECK_SAYS(rmv_tracked_read(workspace, "HEAD", &tracked), RMV_ERR_USAGE,
               "not in a Git repository");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_workspace_tracks_nothing),
        TEST(pointers_and_lock_files_are_found_wherever_they_are),
        TEST(what_lies_in_tracked_data_is_data),
        TEST(a_revision_is_read_without_touching_the_work_tree),
        TEST(stages_that_are_gone_from_the_pipeline_claim_nothing),
        TEST(outputs_that_overlap_are_refused_with_both_sources),
        TEST(a_damaged_source_is_named),
        TEST(without_git_there_are_no_revisions),
    };
    setenv("HOME", "/nonexistent", 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return RUN_TESTS(tests);
}
