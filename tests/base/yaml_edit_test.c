#include "rmv/base/yaml_edit.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "test.h"

static const char document[] = "# settings\n"
                               "train:        # of the model\n"
                               "  rank: 10    # columns\n"
                               "  rate: 0.5\n"
                               "  layers: [1, 2, 3]\n"
                               "  name: \"deep é\"   # é\n"
                               "# the rest\n"
                               "other: {a: 1, b: 'x, y'}\n"
                               "list:\n"
                               "- one\n"
                               "- two # second\n"
                               "empty:\n"
                               "last: end";

static void buf_of(const char *text, struct rmv_buf *buf)
{
    rmv_buf_append_string(buf, text);
}

/* `text` with the YAML `value` at `path` becomes `wanted`. */
static void check_set(const char *text, const char *path, const char *value, const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf before = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value parsed = {0};

    buf_of(text, &before);
    CHECK_OK(rmv_yaml_parse("value", value, strlen(value), &parsed));
    CHECK_OK(rmv_yaml_set("f", &before, path, &parsed, &after));
    assert_string_equal(rmv_buf_string(&after), wanted);
}

static void check_removed(const char *text, const char *path, const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf before = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};

    buf_of(text, &before);
    CHECK_OK(rmv_yaml_remove("f", &before, path, &after));
    assert_string_equal(rmv_buf_string(&after), wanted);
}

/* Of the document above, exactly `old` becomes `new`. */
static void check_line(const char *path, const char *value, const char *old, const char *new)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf wanted = {0};
    const char *at = strstr(document, old);

    assert_non_null(at);
    rmv_buf_append(&wanted, document, (size_t)(at - document));
    rmv_buf_append_string(&wanted, new);
    rmv_buf_append_string(&wanted, at + strlen(old));
    check_set(document, path, value, rmv_buf_string(&wanted));
}

static void a_value_is_replaced_and_nothing_else(void **state)
{
    (void)state;
    check_line("train.rank", "20", "rank: 10    #", "rank: 20    #");
    check_line("train.rate", "1.0e-05", "0.5", "1.0e-05");
    check_line("train.layers", "[4]", "[1, 2, 3]", "[4]");
    check_line("train.layers.1", "9", "[1, 2, 3]", "[1, 9, 3]");
    check_line("train.name", "flat", "\"deep é\"", "flat");
    check_line("other.a", "'2'", "a: 1", "a: '2'");
    check_line("other.b", "z", "'x, y'", "z");
    check_line("list.1", "three", "two", "three");
    check_line("last", "begin", "last: end", "last: begin");
}

static void a_value_that_is_empty_is_filled(void **state)
{
    (void)state;
    check_line("empty", "7", "empty:", "empty: 7");
}

static void a_block_becomes_one_line(void **state)
{
    (void)state;
    check_set("a:\n  b: 1\n  c: 2 # two\n# end\nd: 3\n", "a", "[1, x]",
              "a:\n  [1, \"x\"] # two\n# end\nd: 3\n");
}

static void a_string_of_several_lines_is_quoted(void **state)
{
    (void)state;
    check_set("a: |\n  one\n  two\nb: 1\n", "a", "\"x\\ny\"", "a: \"x\\ny\"\nb: 1\n");
}

static void a_member_is_added_behind_the_others(void **state)
{
    (void)state;
    check_set("a:\n  b: 1 # one\n\n# next\nd: 3\n", "a.c", "2",
              "a:\n  b: 1 # one\n  c: 2\n\n# next\nd: 3\n");
    check_set("a: {b: 1}\n", "a.c", "2", "a: {b: 1, c: 2}\n");
    check_set("a: {}\n", "a.c", "2", "a: {c: 2}\n");
    check_set("a: 1", "b.c", "2", "a: 1\nb:\n  c: 2\n");
    check_set("", "b.c", "2", "b:\n  c: 2\n");
    check_set("# only this\n", "b", "2", "# only this\nb: 2\n");
}

static void a_value_with_an_anchor_is_right_though_written_anew(void **state)
{
    (void)state;
    check_set("a: &x 1\nb: *x # gone\n", "b", "2", "a: 1\nb: 2\n");
    check_set("a: &x 1\nb: *x # gone\n", "a", "2", "a: 2\nb: 1\n");
    check_set("base: &x {r: 1}\nb:\n  <<: *x\n", "b.r", "2",
              "base: &x {r: 1}\nb:\n  <<: *x\n  r: 2\n");
}

static void a_member_is_removed_with_its_lines(void **state)
{
    (void)state;
    check_removed("a: 1\nb: # two\n  c: 2\n  d: 3\n# end\ne: 4\n", "b", "a: 1\n# end\ne: 4\n");
    check_removed("a:\n  b: 1\n  c: 2 # two\n", "a.c", "a:\n  b: 1\n");
    check_removed("a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n");
    check_removed("a: {b: 1, c: 2 } # x\n", "a.c", "a: {b: 1 } # x\n");
    check_removed("a:\n- b: 1\n  c: 2\n", "a.0.b", "a:\n- c: 2\n");
    check_removed("a:\n  b: 1\n", "a.b", "a: {}\n");
}

static void check_change(const char *text, enum rmv_yaml_change_kind kind, const char *path,
                         const char *value, const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf before = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value parsed = {0};
    const struct rmv_yaml_change change = {.kind = kind, .path = path, .value = &parsed};

    buf_of(text, &before);
    CHECK_OK(rmv_yaml_parse("value", value, strlen(value), &parsed));
    if (!wanted) {
        CHECK_FAILS(rmv_yaml_change("f", &before, &change, &after), RMV_ERR_UNSUPPORTED);
        assert_int_equal(after.size, 0);
        return;
    }
    CHECK_OK(rmv_yaml_change("f", &before, &change, &after));
    assert_string_equal(rmv_buf_string(&after), wanted);
}

static void items_of_lists_come_and_go(void **state)
{
    (void)state;
    check_change("a:\n- 1 # one\n- 2 # two\n# end\nb: 3\n", RMV_YAML_REMOVE, "a.1", "",
                 "a:\n- 1 # one\n# end\nb: 3\n");
    check_change("a:\n  - b: 1\n    c: 2\n  - d\n", RMV_YAML_REMOVE, "a.0", "", "a:\n  - d\n");
    check_change("a: [1, 2, 3] # x\n", RMV_YAML_REMOVE, "a.0", "", "a: [2, 3] # x\n");
    check_change("a: [1, 2, 3 ]\n", RMV_YAML_REMOVE, "a.2", "", "a: [1, 2 ]\n");
    check_change("a: [1]\n", RMV_YAML_REMOVE, "a.0", "", "a: []\n");
    check_change("a:\n- 1 # one\nb: 3\n", RMV_YAML_APPEND, "a", "{c: 2}",
                 "a:\n- 1 # one\n- c: 2\nb: 3\n");
    check_change("a:\n    - 1", RMV_YAML_APPEND, "a", "x", "a:\n    - 1\n    - x\n");
    check_change("a: [1 ] # x\n", RMV_YAML_APPEND, "a", "{c: 2}", "a: [1, {c: 2} ] # x\n");
    check_change("a: []\n", RMV_YAML_APPEND, "a", "'null'", "a: [\"null\"]\n");
}

static void odd_paths_lead_to_nothing_else(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf list = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};
    const struct rmv_yaml_change whole = {.kind = RMV_YAML_REMOVE, .path = ""};
    const struct rmv_yaml_change dot = {.kind = RMV_YAML_REMOVE, .path = "."};

    buf_of("- 1\n- 2\n", &list);
    CHECK_FAILS(rmv_yaml_change("f", &list, &whole, &after), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_yaml_change("f", &list, &dot, &after), RMV_ERR_NOT_FOUND);
    assert_int_equal(after.size, 0);
    check_change("- [1, 2]\n- 3\n", RMV_YAML_REMOVE, "0.", "", "- 3\n");
    check_change("a: [[1, 2], 3]\n", RMV_YAML_REMOVE, "a.0.", "", "a: [3]\n");
    check_change("x\\.y: [1, 2]\n", RMV_YAML_REMOVE, "x\\\\.y.0", "", "x\\.y: [2]\n");
}

static void an_item_gets_lines_of_its_own_for_a_map(void **state)
{
    (void)state;
    check_change("a:\n- x.csv # log\n- y\n", RMV_YAML_SET, "a.0", "{x.csv: {b: 1}}",
                 "a:\n- x.csv: # log\n    b: 1\n- y\n");
    check_change("a:\n- x.csv", RMV_YAML_SET, "a.0", "{x.csv: {b: 1}}", "a:\n- x.csv:\n    b: 1\n");
    check_change("a:\n- x.csv: {b: 1}\n", RMV_YAML_SET, "a.0.x\\.csv.b", "2",
                 "a:\n- x.csv: {b: 2}\n");
    check_change("a\\.b: 1\na.b: 2\n", RMV_YAML_SET, "a\\.b", "3", "a\\.b: 1\na.b: 3\n");
}

static void what_hangs_on_an_anchor_is_not_changed_in_place(void **state)
{
    (void)state;
    check_change("a: &x {r: 1}\nb: *x # kept\n", RMV_YAML_SET, "b.r", "2", NULL);
    check_change("a: &x [1]\nb: *x # kept\n", RMV_YAML_REMOVE, "a.0", "", NULL);
    check_change("a: &x [1]\nb: *x\n", RMV_YAML_APPEND, "b", "2", NULL);
}

static void what_cannot_be_set_is_refused(void **state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    (void)state;
    buf_of("a: 1\nb: [1]\n", &text);
    CHECK_FAILS(rmv_yaml_set("f", &text, "a.b", &value, &after), RMV_ERR_CONFLICT);
    CHECK_FAILS(rmv_yaml_set("f", &text, "b.1", &value, &after), RMV_ERR_CONFLICT);
    CHECK_FAILS(rmv_yaml_remove("f", &text, "c", &after), RMV_ERR_NOT_FOUND);
    CHECK_FAILS(rmv_yaml_remove("f", &text, "b.0", &after), RMV_ERR_CONFLICT);
    rmv_buf_free(&text);
    buf_of("a: [", &text);
    CHECK_FAILS(rmv_yaml_set("f", &text, "a", &value, &after), RMV_ERR_CORRUPT);
    assert_int_equal(after.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_replaced_and_nothing_else),
        TEST(a_value_that_is_empty_is_filled),
        TEST(a_block_becomes_one_line),
        TEST(a_string_of_several_lines_is_quoted),
        TEST(a_member_is_added_behind_the_others),
        TEST(a_value_with_an_anchor_is_right_though_written_anew),
        TEST(a_member_is_removed_with_its_lines),
        TEST(items_of_lists_come_and_go),
        TEST(odd_paths_lead_to_nothing_else),
        TEST(an_item_gets_lines_of_its_own_for_a_map),
        TEST(what_hangs_on_an_anchor_is_not_changed_in_place),
        TEST(what_cannot_be_set_is_refused),
    };
    return RUN_TESTS(tests);
}
