#include "test.h"

#include <string.h>

#include "dataset/tree.h"
#include "rmv/base/mem.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void append(struct rmv_buf *text, const char *name, char type)
{
    const struct rmv_tree_entry entry = {.name = name, .type = type, .size = 5, .nfiles = 1};
    rmv_tree_append(text, &entry);
}

static const struct rmv_error *check(const char *lines)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_tree_total total;
    rmv_tree_start(&text);
    rmv_buf_append_string(&text, lines);
    return rmv_tree_check(text.data, text.size, &total);
}

static void a_tree_is_readable_text(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_tree_entry folder = {.name = "a", .type = 'd', .size = 10, .nfiles = 2};

    rmv_tree_start(&text);
    rmv_tree_append(&text, &folder);
    append(&text, "b c", 'x');
    assert_string_equal(rmv_buf_string(&text), "rmv-tree 1\n"
                                               "d 10 2 " ZEROS " a\n"
                                               "x 5 " ZEROS " b c\n");
}

static void every_name_comes_back(void **state)
{
    (void)state;
    /* Bytewise, as strcmp has it. */
    const char *sorted[] = {"\x01",  " leading",        "#!-",  "a\nb",    "back\\slash",
                            "tab\t", "umlaut \xc3\xa4", "\x7f", "\xff\xfe"};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_tree_reader_free) struct rmv_tree_reader reader = {0};
    struct rmv_tree_entry entry;
    bool found;

    rmv_tree_start(&text);
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
        append(&text, sorted[i], 'f');
    for (size_t i = 0; i < text.size; i++)
        assert_true(text.data[i] == '\n' || (text.data[i] >= 0x20 && text.data[i] < 0x7f));

    CHECK_OK(rmv_tree_open(text.data, text.size, &reader));
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        CHECK_OK(rmv_tree_next(&reader, &entry, &found));
        assert_true(found);
        assert_string_equal(entry.name, sorted[i]);
    }
    CHECK_OK(rmv_tree_next(&reader, &entry, &found));
    assert_false(found);
}

static void sizes_and_counts_are_added_up(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_tree_entry folder = {.name = "a", .type = 'd', .size = 100, .nfiles = 7};
    struct rmv_tree_total total;

    rmv_tree_start(&text);
    rmv_tree_append(&text, &folder);
    append(&text, "b", 'f');
    append(&text, "c", 'l');
    CHECK_OK(rmv_tree_check(text.data, text.size, &total));
    assert_int_equal(total.size, 110);
    assert_int_equal(total.nfiles, 9);
}

static void names_out_of_order_are_refused(void **state)
{
    (void)state;
    CHECK_SAYS(check("f 1 " ZEROS " b\nf 1 " ZEROS " a\n"), RMV_ERR_CORRUPT, "line 3");
    CHECK_SAYS(check("f 1 " ZEROS " a\nf 1 " ZEROS " a\n"), RMV_ERR_CORRUPT, "twice");
}

static void names_that_may_not_be_are_refused(void **state)
{
    (void)state;
    CHECK_FAILS(check("f 1 " ZEROS " .git\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("d 1 1 " ZEROS " .RmStore\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " ..\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " .\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " a/b\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " \n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " \\x2f\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " a\\x00b\n"), RMV_ERR_CORRUPT);
}

static void there_is_one_way_to_write_a_line(void **state)
{
    (void)state;
    CHECK_FAILS(check("f 1 " ZEROS " \\x41\n"), RMV_ERR_CORRUPT); /* 'A' needs no escape */
    CHECK_FAILS(check("f 1 " ZEROS " \\xFF\n"), RMV_ERR_CORRUPT); /* upper case */
    CHECK_FAILS(check("f 1 " ZEROS " \\n\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " \xc3\xa4\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 01 " ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f +1 " ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f  1 " ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 18446744073709551616 " ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("g 1 " ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("d 1 " ZEROS " a\n"), RMV_ERR_CORRUPT); /* no count */
    CHECK_FAILS(check("f 1 1 " ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS "0 a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 A" ZEROS " a\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("\n"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " a"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("f 1 " ZEROS " a\n\n"), RMV_ERR_CORRUPT);
}

static void sizes_that_overflow_together_are_refused(void **state)
{
    (void)state;
    CHECK_FAILS(check("f 18446744073709551615 " ZEROS " a\nf 18446744073709551615 " ZEROS " b\n"),
                RMV_ERR_CORRUPT);
}

static void another_version_is_named_as_such(void **state)
{
    (void)state;
    struct rmv_tree_total total;
    CHECK_FAILS(rmv_tree_check("rmv-tree 2\n", 11, &total), RMV_ERR_UNSUPPORTED);
    CHECK_FAILS(rmv_tree_check("rmv-tree", 8, &total), RMV_ERR_CORRUPT);
    CHECK_FAILS(rmv_tree_check("", 0, &total), RMV_ERR_CORRUPT);
    CHECK_OK(rmv_tree_check("rmv-tree 1\n", 11, &total));
}

static void any_flipped_bit_is_noticed_or_means_another_tree(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_tree_start(&text);
    append(&text, "a\xff", 'f');
    append(&text, "b", 'x');

    for (size_t i = 0; i < 8 * text.size; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf again = {0};
        RMV_CLEANUP(rmv_tree_reader_free) struct rmv_tree_reader reader = {0};
        struct rmv_tree_entry entry;
        bool found = true;

        text.data[i / 8] ^= (char)(1 << i % 8);
        rmv_tree_start(&again);
        const struct rmv_error *err = rmv_tree_open(text.data, text.size, &reader);
        while (!err && found) {
            err = rmv_tree_next(&reader, &entry, &found);
            if (!err && found)
                rmv_tree_append(&again, &entry);
        }
        if (!err)
            assert_memory_equal(again.data, text.data, text.size);
        text.data[i / 8] ^= (char)(1 << i % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tree_is_readable_text),
        TEST(every_name_comes_back),
        TEST(sizes_and_counts_are_added_up),
        TEST(names_out_of_order_are_refused),
        TEST(names_that_may_not_be_are_refused),
        TEST(there_is_one_way_to_write_a_line),
        TEST(sizes_that_overflow_together_are_refused),
        TEST(another_version_is_named_as_such),
        TEST(any_flipped_bit_is_noticed_or_means_another_tree),
    };
    return RUN_TESTS(tests);
}
