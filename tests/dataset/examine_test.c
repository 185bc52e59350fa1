#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/stat_cursor.h"
#include "dataset/tree.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/strings.h"
#include "support.h"

static const struct rmv_object_id some_id = {{1, 2, 3}};

/* Without waiting for the disk, as test_write() does: there are thousands. */
static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Files of a few bytes, but every 100th longer than what is read on the spot. */
static void write_files(const char *folder, int count)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf long_text = {0};
    char path[200];
    char text[20];

    CHECK_OK(rmv_fs_mkdir_p(folder));
    for (int i = 0; i < 20000; i++)
        rmv_buf_append_format(&long_text, "%s %d\n", folder, i);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%d", folder, i);
        snprintf(text, sizeof(text), "%d", i);
        write_file(path, i % 100 == 99 ? rmv_buf_string(&long_text) : text);
    }
}

/* The id of a folder with files alone in it, found out one after the other. */
static struct rmv_object_id plain_id_of(const char *folder, int count)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf tree = {0};

    for (int i = 0; i < count; i++)
        rmv_strings_take(&names, rmv_str_format("%d", i));
    rmv_strings_sort(&names);
    rmv_tree_start(&tree);
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, names.items[i]);
        CHECK_OK(rmv_fs_read(path, 1000000, &content));
        const struct rmv_tree_entry entry = {
            .name = names.items[i],
            .type = 'f',
            .size = content.size,
            .nfiles = 1,
            .id = rmv_object_id_of(content.data, content.size),
        };
        rmv_tree_append(&tree, &entry);
    }
    return rmv_object_id_of(tree.data, tree.size);
}

static void a_large_folder_has_the_id_that_its_files_give_it(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    for (int count = 127; count <= 565; count += count < 130 ? 1 : 435) {
        RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("flat%d", count);
        write_files(folder, count);
        const struct rmv_object_id id = plain_id_of(folder, count);
        CHECK_OK(rmv_dataset_hash(workspace, folder, NULL, &output));
        assert_true(rmv_object_id_equal(&output.id, &id));
        assert_int_equal(output.nfiles, count);
        save(workspace, folder, &output);
        assert_true(rmv_object_id_equal(&output.id, &id));
        CHECK_OK(rmv_dataset_hash(workspace, folder, NULL, &output));
        assert_true(rmv_object_id_equal(&output.id, &id));
    }
}

/* Names that begin alike, end where others go on, and have bytes of all kinds. */
static void very_many_names_of_any_kind_are_in_bytewise_order(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf tree = {0};
    static const char *const middles[] = {"", "\xff\xfe", "rather a long part ", "\x01", "é", "é."};

    CHECK_OK(rmv_fs_mkdir_p("many"));
    for (size_t i = 0; i < 6000; i++) {
        char *name = rmv_str_format("alike-%s%zx", middles[i % 6], i * 7919 % 6000);
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join("many", name);
        write_file(path, "x");
        rmv_strings_take(&names, name);
    }
    rmv_strings_sort(&names);
    rmv_tree_start(&tree);
    for (size_t i = 0; i < names.count; i++) {
        const struct rmv_tree_entry entry = {.name = names.items[i],
                                             .type = 'f',
                                             .size = 1,
                                             .nfiles = 1,
                                             .id = rmv_object_id_of("x", 1)};
        rmv_tree_append(&tree, &entry);
    }
    const struct rmv_object_id id = rmv_object_id_of(tree.data, tree.size);
    CHECK_OK(rmv_dataset_hash(workspace, "many", NULL, &output));
    assert_true(rmv_object_id_equal(&output.id, &id));
    save(workspace, "many", &output);
    assert_true(rmv_object_id_equal(&output.id, &id));
    assert_int_equal(output.nfiles, 6000);
}

static void deep_and_wide_folders_need_few_descriptors(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output hashed = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_copy("deep");
    struct rlimit before;

    for (int i = 0; i < 30; i++) {
        RMV_CLEANUP(rmv_str_free) char *outer = path;
        write_files(outer, 150);
        path = rmv_path_join(outer, "d");
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {.rlim_cur = 32, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    save(workspace, "deep", &saved);
    CHECK_OK(rmv_dataset_hash(workspace, "deep", NULL, &hashed));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(saved.nfiles, 30 * 150);
    assert_true(rmv_object_id_equal(&saved.id, &hashed.id));
}

static void an_edit_anywhere_in_a_large_folder_is_seen(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    static const int edited[] = {0, 127, 128, 199, 299};
    char path[50];

    write_files("data", 300);
    save(workspace, "data", &output);
    for (size_t i = 0; i < sizeof(edited) / sizeof(edited[0]); i++) {
        struct stat status;
        snprintf(path, sizeof(path), "data/%d", edited[i]);
        assert_int_equal(stat(path, &status), 0);
        RMV_CLEANUP(rmv_str_free) char *text = rmv_calloc((size_t)status.st_size + 1, 1);
        memset(text, '#', (size_t)status.st_size);
        test_write(path, text);
        const struct timespec times[2] = {status.st_atim, status.st_mtim};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &output));
        const struct rmv_object_id id = plain_id_of("data", 300);
        assert_true(rmv_object_id_equal(&output.id, &id));
    }
}

static void what_cannot_be_tracked_stops_all_threads(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    char path[50];

    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof(path), "data/%d", i);
        write_files(path, 150);
    }
    assert_int_equal(mkfifo("data/13/140x", 0600), 0);
    CHECK_SAYS(rmv_dataset_hash(workspace, "data", NULL, &output), RMV_ERR_USAGE,
               "'data/13/140x' is a FIFO");
    assert_int_equal(unlink("data/13/140x"), 0);
    CHECK_OK(rmv_dataset_hash(workspace, "data", NULL, &output));
    assert_int_equal(output.nfiles, 20 * 150);
}

static void looking_says_whether_all_of_it_is_stored(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = open_workspace();
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    bool is_stored = true;

    write_files("data/in", 200);
    assert_int_equal(symlink("in", "data/link"), 0);
    CHECK_OK(rmv_dataset_look(workspace, "data", &output, &is_stored));
    assert_false(is_stored);
    save(workspace, "data", &output);
    CHECK_OK(rmv_dataset_look(workspace, "data", &output, &is_stored));
    assert_true(is_stored);
    test_write("data/in/77", "new");
    CHECK_OK(rmv_dataset_look(workspace, "data", &output, &is_stored));
    assert_false(is_stored);
    test_write("data/in/77", "77");
    assert_int_equal(symlink("elsewhere", "data/other"), 0);
    CHECK_OK(rmv_dataset_look(workspace, "data", &output, &is_stored));
    assert_false(is_stored);
    CHECK_OK(rmv_dataset_look(workspace, "missing", &output, &is_stored));
    assert_int_equal(output.kind, RMV_OUTPUT_MISSING);
}

/* ---- Going along the stat index -------------------------------------------------------------- */

static void set(struct rmv_stat_index *index, const char *path, const struct stat *status)
{
    assert_true(rmv_stat_index_settle(index, status));
    rmv_stat_index_set(index, path, status, &some_id);
}

static bool next_matches(struct rmv_stat_cursor *cursor, const char *name,
                         const struct stat *status)
{
    struct rmv_object_id id = {{0}};
    return rmv_stat_cursor_next(cursor, name) && rmv_stat_cursor_matches(cursor, status, &id) &&
           rmv_object_id_equal(&id, &some_id);
}

/* Names that sort before and after the slash stand between those of folders. */
static void a_cursor_finds_files_between_those_of_folders(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    RMV_CLEANUP(rmv_stat_cursor_free) struct rmv_stat_cursor cursor = {0};
    struct stat status;
    char path[50];

    test_write("file", "x");
    assert_int_equal(stat("file", &status), 0);
    CHECK_OK(rmv_stat_index_open("index", &index));
    set(index, "d/a", &status);
    set(index, "d/b.txt", &status);
    set(index, "d0", &status);
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), "d/b/%d", i);
        set(index, path, &status);
    }
    set(index, "d/b0", &status);
    set(index, "d/z", &status);
    CHECK_OK(rmv_stat_index_write(index));

    cursor.index = index;
    rmv_stat_cursor_enter(&cursor, "d");
    assert_false(next_matches(&cursor, "A", &status));
    assert_true(next_matches(&cursor, "a", &status));
    assert_false(next_matches(&cursor, "b", &status));
    assert_true(next_matches(&cursor, "b.txt", &status));
    assert_true(next_matches(&cursor, "b0", &status));
    assert_false(next_matches(&cursor, "c", &status));
    assert_true(next_matches(&cursor, "z", &status));
    assert_string_equal(rmv_stat_cursor_path(&cursor), "d/z");
    assert_false(next_matches(&cursor, "zz", &status));
    rmv_stat_cursor_enter(&cursor, "d/b");
    assert_true(next_matches(&cursor, "999", &status));
    rmv_stat_cursor_enter(&cursor, "");
    assert_false(next_matches(&cursor, "d", &status));
    status.st_ctim.tv_nsec ^= 1;
    rmv_stat_cursor_enter(&cursor, "d");
    assert_false(next_matches(&cursor, "a", &status));
}

static void a_cursor_asks_what_this_process_has_learnt_first(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    RMV_CLEANUP(rmv_stat_cursor_free) struct rmv_stat_cursor cursor = {.asks_pending = true};
    struct stat old, new;

    test_write("file", "x");
    assert_int_equal(stat("file", &old), 0);
    CHECK_OK(rmv_stat_index_open("index", &index));
    set(index, "d/a", &old);
    CHECK_OK(rmv_stat_index_write(index));
    test_write("file", "yy");
    assert_int_equal(stat("file", &new), 0);
    set(index, "d/a", &old);
    set(index, "d/a", &new);
    cursor.index = index;
    rmv_stat_cursor_enter(&cursor, "d");
    assert_true(next_matches(&cursor, "a", &new));
    rmv_stat_cursor_enter(&cursor, "d");
    assert_false(next_matches(&cursor, "a", &old));
    CHECK_OK(rmv_stat_index_write(index));
    rmv_stat_cursor_enter(&cursor, "d");
    assert_true(next_matches(&cursor, "a", &new));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_large_folder_has_the_id_that_its_files_give_it),
        TEST(very_many_names_of_any_kind_are_in_bytewise_order),
        TEST(deep_and_wide_folders_need_few_descriptors),
        TEST(an_edit_anywhere_in_a_large_folder_is_seen),
        TEST(what_cannot_be_tracked_stops_all_threads),
        TEST(looking_says_whether_all_of_it_is_stored),
        TEST(a_cursor_finds_files_between_those_of_folders),
        TEST(a_cursor_asks_what_this_process_has_learnt_first),
    };
    return RUN_TESTS(tests);
}
