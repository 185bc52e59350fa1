#include "rmv/dataset/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

#define ROWS 5000

static void write_table(const char *path, int first, int count, int step, int add)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append_string(&text, "id,value\n");
    for (int i = 0; i < count; i++) {
        const int id = first + (int)((long)i * step % count);
        rmv_buf_append_format(&text, "%d,%d\n", id, id % 10 == 0 ? id + add : id);
    }
    test_write(path, rmv_buf_string(&text));
}

static const struct rmv_error *check_row(void *context, enum rmv_row_change change,
                                         const struct rmv_csv_record *old_row,
                                         const struct rmv_csv_record *new_row)
{
    int *seen = context;
    const struct rmv_csv_record *row = new_row ? new_row : old_row;
    RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy_n(row->fields[0].text, row->fields[0].size);
    const long number = strtol(id, NULL, 10);

    assert_int_equal(change, !old_row   ? RMV_ROW_ADDED
                             : !new_row ? RMV_ROW_REMOVED
                                        : RMV_ROW_CHANGED);
    assert_int_equal(seen[number], 0);
    seen[number] = 1 + (int)change;
    if (old_row && new_row)
        assert_memory_equal(old_row->fields[0].text, id, old_row->fields[0].size);
    return NULL;
}

static void compare(size_t round_rows_max, struct rmv_rows_report *report)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *old_table = NULL;
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *new_table = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings key = {0};
    int seen[2 * ROWS] = {0};

    CHECK_OK(rmv_csv_open("old.csv", &old_table));
    CHECK_OK(rmv_csv_open("new.csv", &new_table));
    rmv_strings_add(&key, "id");
    const struct rmv_rows_request request = {
        .old_table = old_table,
        .new_table = new_table,
        .key = &key,
        .round_rows_max = round_rows_max,
        .visit = check_row,
        .context = seen,
    };
    CHECK_OK(rmv_rows_compare(&request, report));
    for (int id = 0; id < ROWS + 100; id++) {
        const int wanted = id < 100       ? 1 + RMV_ROW_REMOVED
                           : id >= ROWS   ? 1 + RMV_ROW_ADDED
                           : id % 10 == 0 ? 1 + RMV_ROW_CHANGED
                                          : 0;
        assert_int_equal(seen[id], wanted);
    }
}

static void any_number_of_rounds_finds_the_same(void **state)
{
    static const size_t sizes[] = {0, 1000, 100, 7};
    (void)state;
    write_table("old.csv", 0, ROWS, 1, 0);
    write_table("new.csv", 100, ROWS, 1777, 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct rmv_rows_report report;
        compare(sizes[i], &report);
        assert_int_equal(report.added, 100);
        assert_int_equal(report.removed, 100);
        assert_int_equal(report.changed, (ROWS - 100) / 10);
        assert_int_equal(report.unchanged, ROWS - 100 - (ROWS - 100) / 10);
    }
}

static void a_record_is_found_again_by_its_place(void **state)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    const struct rmv_csv_record *record;
    uint64_t offsets[ROWS];
    uint64_t lines[ROWS];

    (void)state;
    write_table("old.csv", 0, ROWS, 1, 0);
    CHECK_OK(rmv_csv_open("old.csv", &reader));
    for (int i = 0; i < ROWS; i++) {
        CHECK_OK(rmv_csv_next(reader, &record));
        offsets[i] = record->offset;
        lines[i] = record->line;
    }
    CHECK_OK(rmv_csv_next(reader, &record));
    assert_null(record);
    for (int i = 0; i < ROWS; i++) {
        const int id = (int)((long)i * 1777 % ROWS);
        RMV_CLEANUP(rmv_str_free) char *wanted = rmv_str_format("%d,", id);
        rmv_csv_seek(reader, offsets[id], lines[id]);
        CHECK_OK(rmv_csv_next(reader, &record));
        assert_non_null(record);
        assert_memory_equal(record->raw, wanted, strlen(wanted));
        assert_int_equal(record->line, lines[id]);
        assert_int_equal(record->offset, offsets[id]);
    }
}

static void tables_without_rows_are_equal(void **state)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *old_table = NULL;
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *new_table = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings key = {0};
    struct rmv_rows_report report;

    (void)state;
    test_write("old.csv", "id\n");
    test_write("new.csv", "id\n");
    CHECK_OK(rmv_csv_open("old.csv", &old_table));
    CHECK_OK(rmv_csv_open("new.csv", &new_table));
    rmv_strings_add(&key, "id");
    const struct rmv_rows_request request = {
        .old_table = old_table, .new_table = new_table, .key = &key};
    CHECK_OK(rmv_rows_compare(&request, &report));
    assert_int_equal(report.added + report.removed + report.changed + report.unchanged, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_number_of_rounds_finds_the_same),
        TEST(a_record_is_found_again_by_its_place),
        TEST(tables_without_rows_are_equal),
    };
    return RUN_TESTS(tests);
}
