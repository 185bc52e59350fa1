#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/trees.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "support.h"

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

static void an_edit_that_keeps_size_and_mtime_is_seen(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    struct stat status;

    test_write("data/a", "abc");
    save(workspace, "data", &saved);
    assert_int_equal(stat("data/a", &status), 0);
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    const int fd = open("data/a", O_WRONLY);
    assert_int_equal(pwrite(fd, "ABC", 3, 0), 3);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &again));
    assert_false(rmv_output_equal(&saved, &again));
}

static void nothing_is_there_is_an_answer(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    CHECK_OK(rmv_dataset_hash(workspace, "missing/data", NULL, &output));
    assert_int_equal(output.kind, RMV_OUTPUT_MISSING);
}

static void what_cannot_be_tracked_is_named(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    assert_int_equal(mkdir("data", 0777), 0);
    assert_int_equal(mkfifo("data/pipe", 0666), 0);
    CHECK_SAYS(rmv_dataset_hash(workspace, "data", NULL, &output), RMV_ERR_USAGE, "data/pipe");
    assert_int_equal(unlink("data/pipe"), 0);
    assert_int_equal(mkdir("data/.Git", 0777), 0);
    CHECK_SAYS(rmv_dataset_hash(workspace, "data", NULL, &output), RMV_ERR_DENIED, "data/.Git");
}

static void nothing_below_a_linked_folder_is_touched(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    test_write("elsewhere/data", "abc");
    assert_int_equal(symlink("elsewhere", "link"), 0);
    CHECK_FAILS(rmv_dataset_hash(workspace, "link/data", NULL, &output), RMV_ERR_DENIED);
    output.path = rmv_str_copy("link/data");
    CHECK_FAILS(restore(workspace, &output, true), RMV_ERR_DENIED);
    assert_true(holds("elsewhere/data", "abc"));
}

static void a_tracked_path_that_is_a_link_is_followed_but_not_written_through(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    struct stat status;

    test_write("elsewhere/a", "abc");
    assert_int_equal(symlink("elsewhere", "data"), 0);
    save(workspace, "data", &saved);
    assert_int_equal(saved.kind, RMV_OUTPUT_TREE);
    test_write("elsewhere/a", "mine");
    CHECK_FAILS(restore(workspace, &saved, false), RMV_ERR_DENIED);
    CHECK_OK(restore(workspace, &saved, true));
    assert_true(holds("elsewhere/a", "mine"));
    assert_true(holds("data/a", "abc"));
    assert_int_equal(lstat("data", &status), 0);
    assert_true(S_ISDIR(status.st_mode));
}

static void unsaved_data_is_not_lost(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output first = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output second = {0};

    test_write("data/a", "one");
    test_write("data/b", "same");
    save(workspace, "data", &first);
    test_write("data/a", "two");
    save(workspace, "data", &second);
    test_write("data/a", "unsaved");
    test_write("data/b", "unsaved too");
    CHECK_SAYS(restore(workspace, &first, false), RMV_ERR_CONFLICT, "data/a\n  data/b");
    assert_true(holds("data/a", "unsaved"));

    test_write("data/a", "two"); /* saved: may go without asking */
    test_write("data/b", "same");
    CHECK_OK(restore(workspace, &first, false));
    assert_true(holds("data/a", "one"));
}

static void untracked_files_stay_and_tracked_ones_go(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output first = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output second = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output gone = {.path = rmv_str_copy("data")};

    test_write("data/a", "one");
    save(workspace, "data", &first);
    test_write("data/sub/tracked", "two");
    save(workspace, "data", &second);
    test_write("data/sub/untracked", "three");
    test_write("data/copy", "two"); /* known content, but nobody tracks it here */
    CHECK_OK(restore(workspace, &first, false));
    assert_false(rmv_fs_exists("data/sub/tracked"));
    assert_true(holds("data/sub/untracked", "three"));
    assert_true(holds("data/copy", "two"));

    CHECK_OK(restore(workspace, &gone, false));
    assert_false(rmv_fs_exists("data/a"));
    assert_true(holds("data/copy", "two"));
    CHECK_OK(restore(workspace, &gone, true));
    assert_false(rmv_fs_exists("data"));
}

static void files_and_folders_take_each_others_place(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output file = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output folder = {0};

    test_write("data/x", "a file");
    save(workspace, "data", &file);
    assert_int_equal(unlink("data/x"), 0);
    test_write("data/x/deep/er", "in a folder");
    save(workspace, "data", &folder);

    CHECK_OK(restore(workspace, &file, false));
    assert_true(holds("data/x", "a file"));
    CHECK_OK(restore(workspace, &folder, false));
    assert_true(holds("data/x/deep/er", "in a folder"));
    test_write("data/x/deep/untracked", "mine");
    CHECK_SAYS(restore(workspace, &file, false), RMV_ERR_CONFLICT, "data/x/deep/untracked");
    assert_true(holds("data/x/deep/er", "in a folder"));
    CHECK_OK(restore(workspace, &file, true));
    assert_true(holds("data/x", "a file"));
}

static void a_missing_object_leaves_the_old_file_and_the_rest_is_restored(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output first = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output second = {0};
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf tree = {0};

    test_write("data/a", "one");
    test_write("data/b", "old");
    save(workspace, "data", &first);
    /* A tree whose second file was never stored. */
    test_write("data/a", "two");
    test_write("data/b", "new");
    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &second));
    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    CHECK_OK(rmv_trees_get(workspace, &second.id, &tree));
    CHECK_OK(rmv_store_batch_put(batch, tree.data, tree.size, &second.id));
    CHECK_OK(rmv_store_batch_put(batch, "two", 3, &(struct rmv_object_id){{0}}));
    CHECK_OK(rmv_store_batch_commit(batch));
    test_write("data/a", "one");
    test_write("data/b", "old");

    CHECK_SAYS(restore(workspace, &second, false), RMV_ERR_NOT_FOUND, "data/b");
    assert_true(holds("data/a", "two"));
    assert_true(holds("data/b", "old"));
}

static void only_the_exec_bit_changes_where_only_it_differs(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    struct stat before;
    struct stat after;

    test_write("data/run", "#!/bin/sh\n");
    chmod("data/run", 0755);
    save(workspace, "data", &saved);
    chmod("data/run", 0640);
    assert_int_equal(stat("data/run", &before), 0);
    CHECK_OK(restore(workspace, &saved, false));
    assert_int_equal(stat("data/run", &after), 0);
    assert_int_equal(after.st_mode & 0777, 0750);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void changes_are_told_by_kind_and_renames_by_content(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output before = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output after = {0};
    RMV_CLEANUP(rmv_changes_free) struct rmv_changes changes = {0};

    test_write("data/edited", "1");
    test_write("data/moved", "content");
    test_write("data/removed", "gone");
    test_write("data/same/x", "x");
    save(workspace, "data", &before);
    test_write("data/edited", "22");
    assert_int_equal(rename("data/moved", "data/to"), 0);
    assert_int_equal(unlink("data/removed"), 0);
    test_write("data/new/file", "new");
    assert_int_equal(mkdir("data/void", 0777), 0);
    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &after));
    CHECK_OK(rmv_dataset_compare(workspace, &before, &after, &changes));

    assert_int_equal(changes.count, 5);
    assert_string_equal(changes.items[0].path, "data/edited");
    assert_int_equal(changes.items[0].kind, RMV_CHANGE_MODIFIED);
    assert_int_equal(changes.items[0].old_size, 1);
    assert_int_equal(changes.items[0].new_size, 2);
    assert_string_equal(changes.items[1].path, "data/new/file");
    assert_int_equal(changes.items[1].kind, RMV_CHANGE_ADDED);
    assert_string_equal(changes.items[2].path, "data/removed");
    assert_int_equal(changes.items[2].kind, RMV_CHANGE_DELETED);
    assert_string_equal(changes.items[3].path, "data/to");
    assert_string_equal(changes.items[3].old_path, "data/moved");
    assert_int_equal(changes.items[3].kind, RMV_CHANGE_RENAMED);
    assert_string_equal(changes.items[4].path, "data/void");
}

static void updating_some_paths_is_the_same_as_saving_all(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output before = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output updated = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output whole = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};

    test_write("data/a/1", "1");
    test_write("data/a/2", "2");
    test_write("data/a.b/1", "1");
    test_write("data/z", "z");
    save(workspace, "data", &before);
    test_write("data/a/1", "changed");
    assert_int_equal(unlink("data/a/2"), 0);
    test_write("data/a.b/0", "new");
    test_write("data/a-/deep/file", "new");
    assert_int_equal(symlink("z", "data/zz"), 0);
    const char *changed[] = {"data/zz", "data/a/2", "data/a.b/0", "data/a/1", "data/a-/deep/file"};
    for (size_t i = 0; i < 5; i++)
        rmv_strings_add(&paths, changed[i]);
    CHECK_OK(rmv_dataset_update(workspace, NULL, &before, &paths, &updated));
    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &whole));
    assert_true(rmv_output_equal(&updated, &whole));
    assert_int_equal(updated.nfiles, whole.nfiles);
    assert_int_equal(updated.size, whole.size);

    rmv_strings_add(&paths, "data/none");
    CHECK_SAYS(rmv_dataset_update(workspace, NULL, &before, &paths, &updated), RMV_ERR_NOT_FOUND,
               "data/none");
}

static void a_tree_that_lies_about_its_content_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};

    test_write("data/a", "abc");
    save(workspace, "data", &saved);
    saved.size = 1;
    assert_int_equal(system("rm -r data"), 0);
    CHECK_SAYS(restore(workspace, &saved, false), RMV_ERR_CORRUPT, "said to hold");
}

static void very_deep_folders_are_no_danger(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf path = {0};

    rmv_buf_append_string(&path, "data");
    for (int i = 0; i < 1500; i++) {
        assert_int_equal(mkdir(rmv_buf_string(&path), 0777), 0);
        rmv_buf_append_string(&path, "/d");
    }
    test_write(rmv_buf_string(&path), "deep");
    save(workspace, "data", &saved);
    assert_int_equal(system("rm -r data"), 0);
    CHECK_OK(restore(workspace, &saved, false));
    assert_true(holds(rmv_buf_string(&path), "deep"));
    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &again));
    assert_true(rmv_output_equal(&saved, &again));
}

static void a_path_longer_than_the_system_takes_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    assert_int_equal(system("mkdir data && cd data && i=0 && n=$(printf '%0200d' 0) && "
                            "while [ $i -lt 25 ]; do mkdir $n && cd -P $n && i=$((i+1)); done"),
                     0);
    CHECK_FAILS(rmv_dataset_hash(workspace, "data", NULL, &output), RMV_ERR_LIMIT);
    assert_int_equal(system("rm -r data"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_comes_back_as_it_was),
        TEST(an_edit_that_keeps_size_and_mtime_is_seen),
        TEST(nothing_is_there_is_an_answer),
        TEST(what_cannot_be_tracked_is_named),
        TEST(nothing_below_a_linked_folder_is_touched),
        TEST(a_tracked_path_that_is_a_link_is_followed_but_not_written_through),
        TEST(unsaved_data_is_not_lost),
        TEST(untracked_files_stay_and_tracked_ones_go),
        TEST(files_and_folders_take_each_others_place),
        TEST(a_missing_object_leaves_the_old_file_and_the_rest_is_restored),
        TEST(only_the_exec_bit_changes_where_only_it_differs),
        TEST(changes_are_told_by_kind_and_renames_by_content),
        TEST(updating_some_paths_is_the_same_as_saving_all),
        TEST(a_tree_that_lies_about_its_content_is_refused),
        TEST(very_deep_folders_are_no_danger),
        TEST(a_path_longer_than_the_system_takes_is_refused),
    };
    return RUN_TESTS(tests);
}
