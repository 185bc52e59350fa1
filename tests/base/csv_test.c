#include "rmv/base/csv.h"

#include <math.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

/* All records of a file as "field|field;", with "!reason" behind damaged ones. */
static char *read_all(const char *path)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    const struct rmv_csv_record *record;
    struct rmv_buf out = {0};
    CHECK_OK(rmv_csv_open(path, &reader));
    for (;;) {
        CHECK_OK(rmv_csv_next(reader, &record));
        if (!record)
            return rmv_buf_take(&out);
        for (size_t i = 0; i < record->count; i++) {
            rmv_buf_append_string(&out, i ? "|" : "");
            rmv_buf_append(&out, record->fields[i].text, record->fields[i].size);
        }
        if (record->damage)
            rmv_buf_append_format(&out, "!%s", record->damage);
        rmv_buf_append_string(&out, ";");
    }
}

static void check_reads(const char *content, const char *expected)
{
    test_write("a.csv", content);
    RMV_CLEANUP(rmv_str_free) char *found = read_all("a.csv");
    assert_string_equal(found, expected);
}

static void records_end_with_lf_or_crlf_or_the_file(void **state)
{
    (void)state;
    check_reads("a,b\n1,2\n3,4\n", "1|2;3|4;");
    check_reads("a,b\r\n1,2\r\n3,4\r\n", "1|2;3|4;");
    check_reads("a,b\n1,2\n3,4", "1|2;3|4;");
    check_reads("a,b\n1,2\r", "1|2;");
    check_reads("a,b\n1,", "1|;");
    check_reads("a,b\n", "");
    check_reads("a,b", "");
}

static void quotes_protect_commas_line_breaks_and_quotes(void **state)
{
    (void)state;
    check_reads("a,b\n\"1,2\",3\n", "1,2|3;");
    check_reads("a,b\n\"1\n2\",\"\"\"x\"\"y\"\n", "1\n2|\"x\"y;");
    check_reads("a,b\n\"\"\"\",\"\"\n", "\"|;");
    check_reads("\"a,b\",\"c\"\"d\"\r\n\"x\",\"y\"\r\n", "x|y;");
}

static void a_byte_order_mark_is_passed_over_and_blank_lines_too(void **state)
{
    (void)state;
    check_reads("\xef\xbb\xbf"
                "a,b\n\n1,2\n\r\n3,4\n\n",
                "1|2;3|4;");
}

static void what_breaks_the_rules_is_handed_out_as_damaged(void **state)
{
    (void)state;
    check_reads("a,b\n1\n1,2,3\n4,5\n", "1!too few fields;1|2|3!too many fields;4|5;");
    check_reads("a,b\n\"1\"x,2\n3,4\n", "1|2!text behind a closing quote;3|4;");
    check_reads("a,b\n1x\"y,2\n", "1x\"y|2!a quote inside a field that has none around it;");
    check_reads("a,b\n1,2\n\"3,4\n5,6\n", "1|2;!a quote that is never closed;");
}

static void a_nul_byte_is_damage(void **state)
{
    (void)state;
    static const char *const contents[] = {"a,b\n1,x\0y\n3,4\n", "a,b\n1,\"\0y\"\n3,4\n"};
    static const size_t sizes[] = {14, 15};
    for (size_t i = 0; i < 2; i++) {
        RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
        const struct rmv_csv_record *record;
        CHECK_OK(rmv_fs_write_atomic("a.csv", contents[i], sizes[i]));
        CHECK_OK(rmv_csv_open("a.csv", &reader));
        CHECK_OK(rmv_csv_next(reader, &record));
        assert_string_equal(record->damage, "a NUL byte");
        CHECK_OK(rmv_csv_next(reader, &record));
        assert_null(record->damage);
        assert_int_equal(record->line, 3);
    }
}

static void lines_are_counted_through_quoted_line_breaks(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    const struct rmv_csv_record *record;
    test_write("a.csv", "a,b\n\"x\ny\",2\n\nbad\n");
    CHECK_OK(rmv_csv_open("a.csv", &reader));
    CHECK_OK(rmv_csv_next(reader, &record));
    assert_int_equal(record->line, 2);
    CHECK_OK(rmv_csv_next(reader, &record));
    assert_int_equal(record->line, 5);
    CHECK_SAYS(rmv_csv_check(reader, record), RMV_ERR_CORRUPT, "a.csv:5: the record has 1 fields");
}

static void columns_are_found_by_name_in_any_order(void **state)
{
    (void)state;
    static const char *const names[] = {"device", "user_id"};
    static const char *const missing[] = {"device", "price", "brand"};
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    size_t indexes[3];
    test_write("a.csv", "user_id, event ,device\nU1,view,web\n");
    CHECK_OK(rmv_csv_open("a.csv", &reader));
    CHECK_OK(rmv_csv_require(reader, names, 2, indexes));
    assert_int_equal(indexes[0], 2);
    assert_int_equal(indexes[1], 0);
    assert_true(rmv_csv_find(reader, "event", indexes));
    assert_false(rmv_csv_find(reader, "price", indexes));
    CHECK_SAYS(rmv_csv_require(reader, missing, 3, indexes), RMV_ERR_CORRUPT,
               "a.csv:1: no column price, brand");
}

static void a_bad_header_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    CHECK_FAILS(rmv_csv_open("none.csv", &reader), RMV_ERR_NOT_FOUND);
    test_write("a.csv", "");
    CHECK_SAYS(rmv_csv_open("a.csv", &reader), RMV_ERR_CORRUPT, "'a.csv' is empty");
    test_write("a.csv", "a,a\n");
    CHECK_SAYS(rmv_csv_open("a.csv", &reader), RMV_ERR_CORRUPT, "two columns are called 'a'");
    test_write("a.csv", "a,,b\n");
    CHECK_SAYS(rmv_csv_open("a.csv", &reader), RMV_ERR_CORRUPT, "column 2 has no name");
    test_write("a.csv", "\xff\xfe"
                        "a\n");
    CHECK_SAYS(rmv_csv_open("a.csv", &reader), RMV_ERR_CORRUPT, "UTF-16");
    CHECK_FAILS(rmv_csv_open(".", &reader), RMV_ERR_IO);
    assert_null(reader);
}

/* Records of every size around those of the buffer come out as they went in. */
static void records_across_buffers_come_out_whole(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    const struct rmv_csv_record *record;
    rmv_buf_append_string(&text, "n,text\n");
    for (unsigned i = 0; i < 3000; i++) {
        rmv_buf_append_format(&text, "%u,\"", i);
        for (unsigned k = 0; k < i % 700; k++)
            rmv_buf_append_string(&text, k % 7 == 0 ? "\"\"" : k % 11 == 0 ? "\n" : ",");
        rmv_buf_append_string(&text, i % 2 ? "\"\r\n" : "\"\n");
    }
    test_write("a.csv", rmv_buf_string(&text));
    CHECK_OK(rmv_csv_open("a.csv", &reader));
    for (unsigned i = 0; i < 3000; i++) {
        int64_t number;
        CHECK_OK(rmv_csv_next(reader, &record));
        assert_non_null(record);
        assert_null(record->damage);
        assert_true(rmv_csv_parse_integer(record->fields[0], &number));
        assert_int_equal(number, i);
        assert_int_equal(record->fields[1].size, i % 700);
    }
    CHECK_OK(rmv_csv_next(reader, &record));
    assert_null(record);
}

static void a_quote_that_swallows_too_much_is_an_error(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    const struct rmv_csv_record *record;
    rmv_buf_append_string(&text, "a,b\n\"x");
    memset(rmv_buf_reserve(&text, 4 * RMV_CSV_RECORD_BYTES_MAX), 'y', 4 * RMV_CSV_RECORD_BYTES_MAX);
    text.size += 4 * RMV_CSV_RECORD_BYTES_MAX;
    CHECK_OK(rmv_fs_write_atomic("a.csv", text.data, text.size));
    CHECK_OK(rmv_csv_open("a.csv", &reader));
    CHECK_SAYS(rmv_csv_next(reader, &record), RMV_ERR_LIMIT, "a.csv:2: a record is longer");
}

static struct rmv_csv_field field(const char *text)
{
    return (struct rmv_csv_field){text, strlen(text)};
}

static void numbers_are_whole_fields(void **state)
{
    (void)state;
    int64_t integer = -1;
    double number = -1;
    assert_true(rmv_csv_parse_integer(field("-12"), &integer));
    assert_int_equal(integer, -12);
    assert_true(rmv_csv_parse_integer(field("9223372036854775807"), &integer));
    assert_false(rmv_csv_parse_integer(field("9223372036854775808"), &integer));
    assert_false(rmv_csv_parse_integer(field(""), &integer));
    assert_false(rmv_csv_parse_integer(field("-"), &integer));
    assert_false(rmv_csv_parse_integer(field("1.0"), &integer));
    assert_true(rmv_csv_parse_double(field("1e3"), &number));
    assert_true(number == 1000);
    assert_false(rmv_csv_parse_double(field("1e999"), &number));
    assert_false(rmv_csv_parse_double(field("nan"), &number));
    assert_false(rmv_csv_parse_double(field("0x10"), &number));
    assert_false(rmv_csv_parse_double(field(" 1"), &number));
    assert_false(rmv_csv_parse_double(field("1 "), &number));
    assert_true(rmv_csv_is_missing(field("NaN")) && rmv_csv_is_missing(field("")));
    assert_false(rmv_csv_is_missing(field("Nora")));
}

/* What Python's repr() prints. */
static void doubles_are_written_as_pandas_does(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {{109.95, "109.95"},
                 {1, "1.0"},
                 {0.1, "0.1"},
                 {0, "0.0"},
                 {-2.5, "-2.5"},
                 {0.10281843474053466, "0.10281843474053466"},
                 {1e15, "1000000000000000.0"},
                 {1e16, "1e+16"},
                 {0.0001, "0.0001"},
                 {0.00001, "1e-05"},
                 {1.5e300, "1.5e+300"},
                 {1.8999999999999997, "1.8999999999999997"},
                 {123456789.125, "123456789.125"},
                 {5e-324, "5e-324"},
                 {100, "100.0"},
                 {1e22, "1e+22"},
                 {12300, "12300.0"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
        rmv_csv_append_double(&out, cases[i].number);
        assert_string_equal(rmv_buf_string(&out), cases[i].text);
    }
}

static void fields_are_quoted_only_where_they_must_be(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    rmv_csv_append(&out, "plain", 5);
    rmv_csv_append(&out, "a,b", 3);
    rmv_csv_append(&out, "say \"x\"", 7);
    assert_string_equal(rmv_buf_string(&out), "plain\"a,b\"\"say \"\"x\"\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_end_with_lf_or_crlf_or_the_file),
        TEST(quotes_protect_commas_line_breaks_and_quotes),
        TEST(a_byte_order_mark_is_passed_over_and_blank_lines_too),
        TEST(what_breaks_the_rules_is_handed_out_as_damaged),
        TEST(a_nul_byte_is_damage),
        TEST(lines_are_counted_through_quoted_line_breaks),
        TEST(columns_are_found_by_name_in_any_order),
        TEST(a_bad_header_is_refused),
        TEST(records_across_buffers_come_out_whole),
        TEST(a_quote_that_swallows_too_much_is_an_error),
        TEST(numbers_are_whole_fields),
        TEST(doubles_are_written_as_pandas_does),
        TEST(fields_are_quoted_only_where_they_must_be),
    };
    return RUN_TESTS(tests);
}
