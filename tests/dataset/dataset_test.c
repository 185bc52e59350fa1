#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/dataset.h"

/* A workspace in the test's folder, opened anew. */
static struct rmv_workspace *open_workspace(void)
{
    const struct rmv_workspace_init_options options = {.no_scm = true};
    struct rmv_workspace *workspace = NULL;

    CHECK_OK(rmv_workspace_init(".", &options));
    CHECK_OK(rmv_workspace_open(".", NULL, &workspace));
    return workspace;
}

/* Saves what is at `path`, as `rmv add` does. */
static void save(struct rmv_workspace *workspace, const char *path, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    CHECK_OK(rmv_dataset_save(workspace, batch, path, NULL, output));
    CHECK_OK(rmv_store_batch_commit(batch));
}

static const struct rmv_error *restore(struct rmv_workspace *workspace,
                                       const struct rmv_output *output, bool force)
{
    const struct rmv_restore_options options = {.force = force};
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    return rmv_dataset_restore(workspace, output, 1, &options, &report);
}

static bool holds(const char *path, const char *content)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(rmv_fs_read(path, 100000, &text));
    return strcmp(rmv_buf_string(&text), content) == 0;
}

static void a_folder_comes_back_as_it_was(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    struct stat status;
    char target[100] = "";

    test_write("data/a", "abc");
    test_write("data/sub/run", "#!/bin/sh\n");
    test_write("data/new\nline \xff", "odd");
    chmod("data/sub/run", 0755);
    mkdir("data/empty", 0777);
    assert_int_equal(symlink("nowhere at all", "data/link"), 0);
    save(workspace, "data", &saved);
    assert_int_equal(saved.kind, RMV_OUTPUT_TREE);
    assert_int_equal(saved.nfiles, 4);

    assert_int_equal(system("rm -r data"), 0);
    CHECK_OK(restore(workspace, &saved, false));
    assert_true(holds("data/a", "abc"));
    assert_true(holds("data/new\nline \xff", "odd"));
    assert_int_equal(stat("data/sub/run", &status), 0);
    assert_true(status.st_mode & S_IXUSR);
    assert_int_equal(stat("data/empty", &status), 0);
    assert_int_equal(readlink("data/link", target, sizeof(target) - 1), 14);
    assert_string_equal(target, "nowhere at all");

    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &again));
    assert_true(rmv_output_equal(&saved, &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_comes_back_as_it_was),
    };
    return RUN_TESTS(tests);
}
