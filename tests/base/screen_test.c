#include "rmv/base/screen.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static void check_safe(const char *text, bool keep_lines, const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    rmv_screen_append_safe(text, keep_lines, &out);
    assert_string_equal(rmv_buf_string(&out), expected);
}

static void check_cut(const char *text, size_t columns, const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    rmv_screen_append_cut(text, columns, &out);
    assert_string_equal(rmv_buf_string(&out), expected);
    assert_true(rmv_screen_columns_of(rmv_buf_string(&out)) <= columns);
}

static void what_cannot_steer_a_terminal_stays_as_it_is(void **state)
{
    (void)state;
    check_safe("", false, "");
    check_safe("a b\"c\\d", false, "a b\"c\\d");
    check_safe("ümläut 日本 🙂 e\xcc\x81", false, "ümläut 日本 🙂 e\xcc\x81");
    check_safe("two\nlines\tand a tab", true, "two\nlines\tand a tab");
}

static void what_could_is_shown_byte_for_byte(void **state)
{
    (void)state;
    check_safe("\033[2J", false, "\\033[2J");
    check_safe("a\r\b\177", true, "a\\015\\010\\177");
    check_safe("two\nlines\t", false, "two\\012lines\\011");
    check_safe("\xc2\x9b"
               "2J",
               false, "\\302\\2332J"); /* CSI as one character */
    check_safe("\x9b"
               "2J",
               false, "\\2332J"); /* and as one byte */
    check_safe("abc\xe2\x80\xae"
               "def",
               false, "abc\\342\\200\\256def"); /* right to left */
    check_safe("cut \xe6\x97", false, "cut \\346\\227");
}

static void columns_are_those_of_the_characters(void **state)
{
    (void)state;
    assert_int_equal(rmv_screen_columns_of(""), 0);
    assert_int_equal(rmv_screen_columns_of("abc"), 3);
    assert_int_equal(rmv_screen_columns_of("äöü"), 3);
    assert_int_equal(rmv_screen_columns_of("日本"), 4);
    assert_int_equal(rmv_screen_columns_of("🙂"), 2);
    assert_int_equal(rmv_screen_columns_of("e\xcc\x81"), 1);
    assert_int_equal(rmv_screen_columns_of("…"), 1);
}

static void what_is_too_long_ends_in_an_ellipsis(void **state)
{
    (void)state;
    check_cut("train", 5, "train");
    check_cut("train", 4, "tra…");
    check_cut("train", 1, "…");
    check_cut("train", 0, "");
    check_cut("", 0, "");
    check_cut("日本語", 6, "日本語");
    check_cut("日本語", 5, "日本…");
    check_cut("日本語", 4, "日…"); /* half of a character is none */
    check_cut("日本語", 3, "日…");
    check_cut("ae\xcc\x81"
              "b",
              2, "a…");
    check_cut("ae\xcc\x81"
              "b",
              3,
              "ae\xcc\x81"
              "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_steer_a_terminal_stays_as_it_is),
        TEST(what_could_is_shown_byte_for_byte),
        TEST(columns_are_those_of_the_characters),
        TEST(what_is_too_long_ends_in_an_ellipsis),
    };
    return RUN_TESTS(tests);
}
