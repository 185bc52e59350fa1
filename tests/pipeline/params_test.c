#include "test.h"

#include <string.h>

#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/pipeline/params.h"

static void read_text(const char *path, const char *text, struct rmv_value *value)
{
    CHECK_OK(rmv_document_parse(path, text, strlen(text), value));
}

/* "key old → new; " for every difference. */
static char *compare(const char *before, const char *after, bool all)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value old_value = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value new_value = {0};
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    struct rmv_buf text = {0};

    read_text("a.yaml", before, &old_value);
    read_text("a.yaml", after, &new_value);
    rmv_params_compare("a.yaml", &old_value, &new_value, all, &differences);
    for (size_t i = 0; i < differences.count; i++) {
        const struct rmv_params_difference *difference = &differences.items[i];
        rmv_buf_append_format(&text, "%s ", difference->key);
        if (difference->had)
            rmv_params_format_value(&difference->before, &text);
        rmv_buf_append_string(&text, ">");
        if (difference->has)
            rmv_params_format_value(&difference->after, &text);
        rmv_buf_append_string(&text, "; ");
    }
    (void)rmv_buf_string(&text);
    return rmv_buf_take(&text);
}

static void differences_go_down_to_single_values(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_str_free)
    char *text = compare("a: {b: 1, c: {d: x}, gone: 0}", "a: {c: {d: y}, b: 1}\nnew: [1]", false);
    assert_string_equal(text, "a.c.d x>y; new >[1]; a.gone 0>; ");
}

static void order_and_spelling_do_not_differ(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_str_free)
    char *text = compare("a: 0x10\nb: {c: 'x', d: 1.50}", "b: {d: 1.5, c: x}\na: 16", false);
    assert_string_equal(text, "");
}

static void all_shows_what_is_equal(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_str_free) char *text = compare("a: 1", "a: 1", true);
    assert_string_equal(text, "a 1>1; ");
}

static void texts_that_look_like_something_else_are_quoted(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_str_free)
    char *text = compare("a: '1'\nb: 'true'\nc: ''\nd: plain", "a: 1\nb: true\nc: 0\nd: 0", false);
    assert_string_equal(text, "a \"1\">1; b \"true\">true; c \"\">0; d plain>0; ");
}

static void a_map_in_place_of_a_value_differs(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_str_free) char *text = compare("a: {b: 1}", "a: 1", false);
    assert_string_equal(text, "a >1; a.b 1>; ");
}

/* The file called `path` holds `a: {b: [1, 2]}`, written as that kind of file is. */
static void check_kind(const char *path, const char *text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    CHECK_OK(rmv_document_parse(path, text, strlen(text), &value));
    assert_int_equal(rmv_value_find_path(&value, "a.b.1")->integer, 2);
}

static void the_ending_says_what_kind_of_file_it_is(void **state)
{
    (void)state;
    check_kind("p.yaml", "a: {b: [1, 2]}");
    check_kind("p.json", "{\"a\": {\"b\": [1, 2]}}");
    check_kind("x.d/p.toml", "[a]\nb = [1, 2]");
    check_kind("p.TOML", "a.b = [1, 2]");
    check_kind("p.py", "class a:\n    b = (1, 2)");
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    CHECK_OK(rmv_document_parse("p.ini", "[a]\nb = 2\n", 10, &value));
    assert_int_equal(rmv_value_find_path(&value, "a.b")->integer, 2);
    rmv_value_free(&value);
    CHECK_OK(rmv_document_parse("p.CFG", "[a]\nb = 2\n", 10, &value));
    check_kind("x.toml/params", "a:\n  b:\n  - 1\n  - 2");
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    CHECK_SAYS(rmv_document_parse("p.toml", "a=", 2, &value), RMV_ERR_CORRUPT, "p.toml:1:3");
    CHECK_SAYS(rmv_document_parse("p.py", "A=[", 3, &value), RMV_ERR_CORRUPT, "p.py:1:3");
    CHECK_SAYS(rmv_document_parse("p.ini", "[a", 2, &value), RMV_ERR_CORRUPT, "p.ini:1:1");
    CHECK_SAYS(rmv_document_parse("p.json", "{", 1, &value), RMV_ERR_CORRUPT, "p.json");
    CHECK_SAYS(rmv_document_parse("p.yaml", "a: [", 4, &value), RMV_ERR_CORRUPT, "p.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(differences_go_down_to_single_values),
        TEST(order_and_spelling_do_not_differ),
        TEST(all_shows_what_is_equal),
        TEST(texts_that_look_like_something_else_are_quoted),
        TEST(a_map_in_place_of_a_value_differs),
        TEST(the_ending_says_what_kind_of_file_it_is),
        TEST(broken_files_are_refused),
    };
    return RUN_TESTS(tests);
}
