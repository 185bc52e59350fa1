#include "rmv/base/pattern.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

struct example {
    const char *pattern, *path;
    bool matches;
};

static void check_all(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rmv_pattern_match(examples[i].pattern, examples[i].path) != examples[i].matches)
            fail_msg("'%s' and '%s' should %smatch", examples[i].pattern, examples[i].path,
                     examples[i].matches ? "" : "not ");
}
#define CHECK_ALL(examples) check_all(examples, sizeof(examples) / sizeof((examples)[0]))

static void wildcards_stay_within_a_name(void **state)
{
    static const struct example examples[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "ab", false},
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "a", true},
        {"*", "", false},
        {"*", "a/b", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a?", "a/", false},
        {"*.log", "x.log", true},
        {"*.log", ".log", true},
        {"*.log", "x.logs", false},
        {"a*b*c", "aXbXc", true},
        {"a*b*c", "abc", true},
        {"a*b*c", "acb", false},
        {"a/*", "a/b", true},
        {"a/*", "a/b/c", false},
        {"a/*", "a", false},
        {"*/b", "a/b", true},
        {"*/b", "b", false},
        {"a*", "a/b", false},
        {"*a*a*b", "aaaab", true},
        {"foo**", "foobar", true},
        {"foo**/x", "foo/bar/x", false},
        {"a/", "a", false},
        {"a/", "a/b", false},
        {"a\tb", "a\tb", true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void two_stars_stand_for_folders(void **state)
{
    static const struct example examples[] = {
        {"**", "a", true},
        {"**", "a/b", true},
        {"**/a", "a", true},
        {"**/a", "x/y/a", true},
        {"**/a", "xa", false},
        {"a/**", "a/b/c", true},
        {"a/**", "a", false},
        {"a/**/b", "a/b", true},
        {"a/**/b", "a/x/y/b", true},
        {"a/**/b", "a/x/y/c", false},
        {"a/**/**/b", "a/b", true},
        {"**/a/**/b", "a/a/x/b", true},
        {"**/a/*/b", "a/a/x/b", true},
        {"**/x", "a/b", false},
        {"a/**/b/**/c", "a/b/b/c", true},
        {"a/**/b/*", "a/b/b/c", true},
        {"**/**/**", "a", true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void sets_are_those_of_gitignore(void **state)
{
    static const struct example examples[] = {
        {"[ab]", "a", true},          {"[ab]", "c", false},
        {"[!ab]", "c", true},         {"[^ab]", "a", false},
        {"[a-c]x", "bx", true},       {"[a-c]x", "dx", false},
        {"[]]", "]", true},           {"[!]]", "a", true},
        {"[]-a]", "^", true},         {"[a-]", "-", true},
        {"[\\]]", "]", true},         {"[\\\\]", "\\", true},
        {"[[:digit:]]", "7", true},   {"[[:digit:]x]", "x", true},
        {"[![:digit:]]", "7", false}, {"[[:foo:]]", "f", false},
        {"[![:foo:]]", "f", false},   {"[[:]", ":", true},
        {"[a", "[a", false},          {"[", "[", false},
        {"a[/]b", "a/b", false},      {"[a/b]", "b", true},
        {"[!a]", "/", false},         {"[\\a-\\c]", "b", true},
        {"x[", "x[", false},          {"[[:upper:][:lower:]]", "q", true},
    };
    (void)state;
    CHECK_ALL(examples);
}

static void backslashes_take_away_meaning(void **state)
{
    static const struct example examples[] = {
        {"\\*", "*", true},     {"\\*", "a", false},        {"\\a", "a", true},
        {"a\\", "a", false},    {"a\\", "a\\", false},      {"\\[a]", "[a]", true},
        {"a\\/b", "a/b", true}, {"\\*\\*/a", "x/a", false}, {"\\\\", "\\", true},
    };
    (void)state;
    CHECK_ALL(examples);
}

/* With naive backtracking each of these would take longer than the universe is old. */
static void no_pattern_takes_long(void **state)
{
    char pattern[8192];
    char path[8192];
    (void)state;

    for (size_t i = 0; i + 1 < sizeof(pattern); i++) {
        pattern[i] = i % 2 ? 'a' : '*';
        path[i] = 'a';
    }
    pattern[sizeof(pattern) - 1] = path[sizeof(path) - 1] = '\0';
    pattern[sizeof(pattern) - 2] = 'b';
    assert_false(rmv_pattern_match(pattern, path));

    for (size_t i = 0; i + 5 <= sizeof(pattern); i += 5)
        memcpy(pattern + i, "**/a/", 5);
    for (size_t i = 0; i + 2 <= sizeof(path); i += 2)
        memcpy(path + i, "a/", 2);
    pattern[8186] = '\0';
    pattern[8185] = 'b';
    path[8191] = '\0';
    assert_false(rmv_pattern_match(pattern, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wildcards_stay_within_a_name), TEST(two_stars_stand_for_folders),
        TEST(sets_are_those_of_gitignore),  TEST(backslashes_take_away_meaning),
        TEST(no_pattern_takes_long),
    };
    return RUN_TESTS(tests);
}
