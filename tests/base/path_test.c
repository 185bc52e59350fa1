#include "rmv/base/path.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static void check_text(char *made, const char *expected)
{
    RMV_CLEANUP(rmv_str_free) char *text = made;
    assert_string_equal(text, expected);
}

static void joining_puts_one_slash_between(void **state)
{
    (void)state;
    check_text(rmv_path_join("a", "b"), "a/b");
    check_text(rmv_path_join("a/", "b"), "a/b");
    check_text(rmv_path_join("", "b"), "b");
    check_text(rmv_path_join(".", "b/c"), "b/c");
    check_text(rmv_path_join("a", "/b"), "/b");
    check_text(rmv_path_join("/", "b"), "/b");
}

static void normalizing_resolves_dots_and_slashes(void **state)
{
    static const char *const cases[][2] = {
        {"", "."},
        {".", "."},
        {"./", "."},
        {"a", "a"},
        {"a/", "a"},
        {"a//b", "a/b"},
        {"./a/./b/.", "a/b"},
        {"a/..", "."},
        {"a/../b", "b"},
        {"..", ".."},
        {"../..", "../.."},
        {"../a/..", ".."},
        {"a/../../b", "../b"},
        {"/", "/"},
        {"//a", "/a"},
        {"/..", "/"},
        {"/../a", "/a"},
        {"/a/../..", "/"},
        {"/a/b/../c", "/a/c"},
        {"...", "..."},
        {"a/..b/..", "a"},
        {".a/..", "."},
        {"..a", "..a"},
        {"a/b/../../..", ".."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_text(rmv_path_normalize(cases[i][0]), cases[i][1]);
}

static void parents_and_names_are_told_apart(void **state)
{
    (void)state;
    check_text(rmv_path_parent("a"), ".");
    check_text(rmv_path_parent("/a"), "/");
    check_text(rmv_path_parent("a/b/c"), "a/b");
    assert_string_equal(rmv_path_name("a/b"), "b");
    assert_string_equal(rmv_path_name("b"), "b");
    assert_string_equal(rmv_path_name("/"), "");
}

static void the_way_from_folder_to_folder_is_found(void **state)
{
    static const char *const cases[][3] = {
        {".", "a/b", "a/b"},        {"a", "a/b", "b"},        {"a", "b", "../b"},
        {"a/b", "a/c/d", "../c/d"}, {"a", "a", "."},          {"a/b", "a", ".."},
        {"a/b", ".", "../.."},      {"/a/b", "/a/c", "../c"}, {"/", "/a", "a"},
        {"/a", "/", ".."},          {"ab", "a", "../a"},      {"a", "ab", "../ab"},
        {"/x", "/y/z", "../y/z"},   {".", ".", "."},          {"/", "/", "."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_text(rmv_path_relative(cases[i][0], cases[i][1]), cases[i][2]);
}

static void being_in_a_folder_respects_components(void **state)
{
    (void)state;
    assert_true(rmv_path_is_in("a", "a"));
    assert_true(rmv_path_is_in("a/b/c", "a/b"));
    assert_true(rmv_path_is_in("a", "."));
    assert_true(rmv_path_is_in("/a", "/"));
    assert_false(rmv_path_is_in("ab", "a"));
    assert_false(rmv_path_is_in("a", "a/b"));
    assert_false(rmv_path_is_in("/a", "."));
    assert_true(rmv_path_has_suffix("a.rmv", ".rmv"));
    assert_false(rmv_path_has_suffix("rmv", ".rmv"));
}

static void hostile_paths_are_refused(void **state)
{
    static const char *const hostile[] = {
        "",
        "/",
        "/etc/passwd",
        "..",
        "a/..",
        "../a",
        "a/../b",
        ".",
        "./a",
        "a/.",
        "a//b",
        "a/",
        ".git",
        "a/.git/hooks/x",
        ".GIT",
        ".Git/x",
        ".rmstore",
        ".RmStore/config",
        "a/.rmstore/b",
        "//",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
        CHECK_SAYS(rmv_path_check(hostile[i]), RMV_ERR_DENIED, "unsafe path");
    CHECK_FAILS(rmv_path_check_name("a\0b", 3), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_path_check_name("a/b", 3), RMV_ERR_DENIED);
    CHECK_FAILS(rmv_path_check_name("", 0), RMV_ERR_DENIED);
}

static void odd_names_that_harm_nobody_are_accepted(void **state)
{
    static const char *const odd[] = {
        "a",   "a/b/c", "...", "..a",  "a..",  ".gitignore", ".github/x", "git",
        "-rf", "a b",   "#x",  "a\nb", "\xff", "~",          ".rmstores", "a\\..\\b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        CHECK_OK(rmv_path_check(odd[i]));
}

static void names_are_quoted_only_where_they_need_it(void **state)
{
    (void)state;
    check_text(rmv_path_quote("a b/ü"), "a b/ü");
    check_text(rmv_path_quote("a\nb\tc"), "\"a\\nb\\tc\"");
    check_text(rmv_path_quote("say \"x\"\\"), "\"say \\\"x\\\"\\\\\"");
    check_text(rmv_path_quote("\xff\xc3"), "\"\\377\\303\"");
    check_text(rmv_path_quote("\x1b[31m"), "\"\\033[31m\"");
    check_text(rmv_path_quote("\xc2\x9b"
                              "31m\x7f"),
               "\"\\302\\23331m\\177\"");
    check_text(rmv_path_quote("\xed\xa0\x80"), "\"\\355\\240\\200\""); /* a lone surrogate */
}

static void utf8_is_told_from_other_bytes(void **state)
{
    static const char *const valid[] = {"",
                                        "a",
                                        "\x7f",
                                        "ü",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xee\x80\x80",
                                        "\xed\x9f\xbf"};
    static const char *const invalid[] = {"\x80",
                                          "\xc3",
                                          "\xc0\x80",
                                          "\xc1\xbf",
                                          "\xe0\x9f\xbf",
                                          "\xed\xa0\x80",
                                          "\xf0\x8f\xbf\xbf",
                                          "\xf4\x90\x80\x80",
                                          "\xf5\x80\x80\x80",
                                          "\xff",
                                          "a\xe2\x82",
                                          "\xe2\x82 "};
    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        assert_true(rmv_path_is_utf8(valid[i]));
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        assert_false(rmv_path_is_utf8(invalid[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(joining_puts_one_slash_between),
        TEST(normalizing_resolves_dots_and_slashes),
        TEST(parents_and_names_are_told_apart),
        TEST(the_way_from_folder_to_folder_is_found),
        TEST(being_in_a_folder_respects_components),
        TEST(hostile_paths_are_refused),
        TEST(odd_names_that_harm_nobody_are_accepted),
        TEST(names_are_quoted_only_where_they_need_it),
        TEST(utf8_is_told_from_other_bytes),
    };
    return RUN_TESTS(tests);
}
