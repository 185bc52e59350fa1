/* Restoring folders where nothing is: by several threads, in any order. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/tree.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "support.h"

static const struct rmv_error *restore(struct rmv_workspace *workspace,
                                       const struct rmv_output *output,
                                       struct rmv_restore_report *report)
{
    const struct rmv_restore_options options = {0};
    return rmv_dataset_restore(workspace, output, 1, &options, report);
}

static void write_files(const char *folder, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/file%05d", folder, i);
        RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("this is file %d of %s", i, folder);
        test_write(path, text);
    }
}

/* Saves the folder, moves it to `aside`, and restores it. */
static void check_comes_back(struct rmv_workspace *workspace, const char *folder)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    RMV_CLEANUP(rmv_str_free) char *compare = rmv_str_format("diff -r aside %s", folder);

    save(workspace, folder, &saved);
    assert_int_equal(rename(folder, "aside"), 0);
    CHECK_OK(restore(workspace, &saved, &report));
    assert_int_equal(report.added, saved.nfiles);
    assert_int_equal(report.modified + report.deleted + report.unchanged, 0);
    assert_int_equal(system(compare), 0);
    CHECK_OK(rmv_dataset_hash(workspace, folder, NULL, &again));
    assert_true(rmv_output_equal(&saved, &again));
}

static void a_folder_of_very_many_files_comes_back(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    write_files("flat", 0, 3000);
    check_comes_back(workspace, "flat");
}

static void very_many_folders_come_back(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    for (int i = 0; i < 300; i++) {
        RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("wide/%d/%d", i % 20, i);
        write_files(folder, i, i % 7);
        if (i % 7 == 0)
            CHECK_OK(rmv_fs_mkdir_p(folder));
    }
    check_comes_back(workspace, "wide");
}

/* Names in an order in which files come before, between and after folders. */
static void files_beside_folders_come_back(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    for (int i = 0; i < 60; i++) {
        RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("mixed/file%05d-folder", 5 * i);
        write_files(folder, 0, 3);
    }
    write_files("mixed", 0, 300);
    assert_int_equal(symlink("file00001", "mixed/link"), 0);
    check_comes_back(workspace, "mixed");
}

static void what_was_restored_is_known_without_reading(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    struct rmv_object_id id;
    struct stat status;

    write_files("data/a", 0, 200);
    write_files("data/b", 0, 5);
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    save(workspace, "data", &saved);
    assert_int_equal(system("rm -r data"), 0);
    CHECK_OK(restore(workspace, &saved, &report));
    for (int i = 0; i < 205; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *path = rmv_str_format("data/%s/file%05d", i < 200 ? "a" : "b", i % 200);
        assert_int_equal(stat(path, &status), 0);
        assert_true(rmv_stat_index_find(workspace->stat_index, path, &status, &id));
    }
}

static void new_folders_join_those_that_are_there(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};

    write_files("data/a/b", 0, 10);
    write_files("data/c", 0, 200);
    test_write("data/d", "a file");
    save(workspace, "data", &saved);
    assert_int_equal(system("cp -r data aside; rm -r data/a/b data/c/file00[01]*; rm data/d; "
                            "mkdir data/mine; echo x >data/mine/x"),
                     0);
    CHECK_OK(restore(workspace, &saved, &report));
    assert_int_equal(report.added, 211);
    assert_int_equal(report.unchanged, 0);
    assert_int_equal(report.kept.count, 1);
    assert_int_equal(system("rm -r data/mine; diff -r aside data"), 0);
}

/* ---- What is wrong with the store ------------------------------------------------------------ */

/* Puts a tree, made by hand, whose id becomes that of `entry`. */
static void put_tree(struct rmv_store_batch *batch, const struct rmv_tree_entry *entries,
                     size_t count, struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    *entry = (struct rmv_tree_entry){.type = 'd'};
    rmv_tree_start(&text);
    for (size_t i = 0; i < count; i++) {
        rmv_tree_append(&text, &entries[i]);
        entry->size += entries[i].size;
        entry->nfiles += entries[i].nfiles;
    }
    CHECK_OK(rmv_store_batch_put(batch, text.data, text.size, &entry->id));
}

static struct rmv_tree_entry put_file(struct rmv_store_batch *batch, const char *name,
                                      const char *text)
{
    struct rmv_tree_entry entry = {.name = name, .type = 'f', .size = strlen(text), .nfiles = 1};
    CHECK_OK(rmv_store_batch_put(batch, text, strlen(text), &entry.id));
    return entry;
}

/* A folder with a file on both sides of a folder `bad`, as something to restore. */
static void put_around(struct rmv_store_batch *batch, const struct rmv_tree_entry *bad,
                       struct rmv_output *output)
{
    struct rmv_tree_entry entries[] = {put_file(batch, "a", "before"), *bad,
                                       put_file(batch, "z", "after")};
    struct rmv_tree_entry whole;
    entries[1].name = "bad";
    put_tree(batch, entries, 3, &whole);
    CHECK_OK(rmv_store_batch_commit(batch));
    *output = (struct rmv_output){
        .path = rmv_str_copy("data"),
        .kind = RMV_OUTPUT_TREE,
        .id = whole.id,
        .size = whole.size,
        .nfiles = whole.nfiles,
    };
}

static bool holds(const char *path, const char *content)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(rmv_fs_read(path, 1000, &text));
    return strcmp(rmv_buf_string(&text), content) == 0;
}

static void check_rest(struct rmv_workspace *workspace, const struct rmv_output *output,
                       enum rmv_error_code code, const char *says)
{
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    CHECK_SAYS(restore(workspace, output, &report), code, says);
    assert_true(holds("data/a", "before"));
    assert_true(holds("data/z", "after"));
}

static void a_missing_tree_is_named_and_the_rest_is_restored(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    const struct rmv_tree_entry bad = {
        .type = 'd', .size = 5, .nfiles = 1, .id = rmv_object_id_of("nowhere", 7)};

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    put_around(batch, &bad, &output);
    check_rest(workspace, &output, RMV_ERR_NOT_FOUND, "data/bad");
    assert_int_not_equal(access("data/bad", F_OK), 0);
}

static void a_missing_file_is_named_and_the_rest_is_restored(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    struct rmv_tree_entry bad;

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    const struct rmv_tree_entry entries[] = {
        {.name = "gone", .type = 'f', .size = 7, .nfiles = 1, .id = rmv_object_id_of("nowhere", 7)},
        put_file(batch, "here", "still"),
    };
    put_tree(batch, entries, 2, &bad);
    put_around(batch, &bad, &output);
    check_rest(workspace, &output, RMV_ERR_NOT_FOUND, "data/bad/gone");
    assert_int_not_equal(access("data/bad/gone", F_OK), 0);
    assert_true(holds("data/bad/here", "still"));
}

static void a_tree_that_is_none_is_named_and_the_rest_is_restored(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    struct rmv_tree_entry bad = {.type = 'd', .size = 5, .nfiles = 1};

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    CHECK_OK(rmv_store_batch_put(batch, "f 5 x\n", 6, &bad.id));
    put_around(batch, &bad, &output);
    check_rest(workspace, &output, RMV_ERR_CORRUPT, "data/bad");
    assert_int_not_equal(access("data/bad", F_OK), 0);
}

static void a_tree_with_a_bad_line_is_named_and_its_good_files_stay(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    struct rmv_tree_entry bad = {.type = 'd', .size = 4, .nfiles = 2};

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    const struct rmv_tree_entry good = put_file(batch, "good", "good");
    rmv_tree_start(&text);
    rmv_tree_append(&text, &good);
    rmv_buf_append_string(&text, "f 0 what is this\n");
    CHECK_OK(rmv_store_batch_put(batch, text.data, text.size, &bad.id));
    put_around(batch, &bad, &output);
    check_rest(workspace, &output, RMV_ERR_CORRUPT, "data/bad");
    assert_true(holds("data/bad/good", "good"));
}

static void a_name_that_leads_out_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    struct rmv_tree_entry bad;

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    const struct rmv_tree_entry entries[] = {put_file(batch, "../../evil", "evil")};
    put_tree(batch, entries, 1, &bad);
    put_around(batch, &bad, &output);
    check_rest(workspace, &output, RMV_ERR_CORRUPT, "data/bad");
    assert_int_not_equal(access("evil", F_OK), 0);
    assert_int_not_equal(access("data/evil", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_folder_of_very_many_files_comes_back),
        TEST(very_many_folders_come_back),
        TEST(files_beside_folders_come_back),
        TEST(what_was_restored_is_known_without_reading),
        TEST(new_folders_join_those_that_are_there),
        TEST(a_missing_tree_is_named_and_the_rest_is_restored),
        TEST(a_missing_file_is_named_and_the_rest_is_restored),
        TEST(a_tree_that_is_none_is_named_and_the_rest_is_restored),
        TEST(a_tree_with_a_bad_line_is_named_and_its_good_files_stay),
        TEST(a_name_that_leads_out_is_refused),
    };
    return RUN_TESTS(tests);
}
