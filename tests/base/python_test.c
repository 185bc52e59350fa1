#include "rmv/base/python.h"

#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "test.h"

static const struct rmv_error *parse(const char *python, struct rmv_value *out)
{
    return rmv_python_parse("f", python, strlen(python), out);
}

/* `python` assigns what the JSON text says. */
static void check_means(const char *python, const char *json)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    CHECK_OK(parse(python, &value));
    rmv_json_format(&value, false, &text);
    assert_string_equal(rmv_buf_string(&text), json);
}

static void check_refused(const char *python, const char *message)
{
    struct rmv_value value = {0};
    CHECK_SAYS(parse(python, &value), RMV_ERR_CORRUPT, message);
    assert_int_equal(value.kind, RMV_VALUE_NULL);
}

static void constants_of_a_module_are_taken(void **state)
{
    (void)state;
    check_means("A = 1\nB=-2.5 # why\nC = True; D = None\n\nE: float = 1e-3\nF = 'x'\n",
                "{\"A\": 1, \"B\": -2.5, \"C\": true, \"D\": null, \"E\": 0.001, \"F\": \"x\"}");
    check_means("A = 1\nA = 2\n", "{\"A\": 2}");
    check_means("# nothing\n\n   \n", "{}");
    check_means("", "{}");
    check_means("größe = 3", "{\"größe\": 3}");
}

static void numbers_are_read_in_all_spellings(void **state)
{
    (void)state;
    check_means("A = [0x1F, 0o17, 0b11, 1_000, 00, +3, - 4, 0X_f]",
                "{\"A\": [31, 15, 3, 1000, 0, 3, -4, 15]}");
    check_means("A = [1., .5, 1e3, 1_0.5E-1, 07.5]", "{\"A\": [1.0, 0.5, 1000.0, 1.05, 7.5]}");
    check_means(
        "A = 9223372036854775807\nB = 9223372036854775808\nC = 01\nD = 1j\nE = 1__0\nF = 1_\n",
        "{\"A\": 9223372036854775807}");
}

static void strings_have_prefixes_and_escapes(void **state)
{
    (void)state;
    check_means("A = \"a\\tb\\x41\\u00e9\\101\\q\\\\\"\nB = r'a\\tb'\nC = u'x'",
                "{\"A\": \"a\\tbAéA\\\\q\\\\\", \"B\": \"a\\\\tb\", \"C\": \"x\"}");
    check_means("A = 'a' \"b\" '''c\nd'''", "{\"A\": \"abc\\nd\"}");
    check_means("A = ('a' # first\n  'b')", "{\"A\": \"ab\"}");
    check_means("A = 'x\\\ny'", "{\"A\": \"xy\"}");
    check_means("A = b'x'\nB = f'{A}'\nC = '\\0'\nD = '\\N{DASH}'\nE = '\\ud800'\nF = 'ok'",
                "{\"F\": \"ok\"}");
}

static void collections_become_lists_and_maps(void **state)
{
    (void)state;
    check_means("A = [1, [2, 'x'],\n  # three\n  3,\n]", "{\"A\": [1, [2, \"x\"], 3]}");
    check_means("A = (1, 2)\nB = 1, 2\nC = (1)\nD = (1,)\nE = ()\nF = 1,",
                "{\"A\": [1, 2], \"B\": [1, 2], \"C\": 1, \"D\": [1], \"E\": [], \"F\": [1]}");
    check_means("A = {1, 2}\nB = set()\nC = {}", "{\"A\": [1, 2], \"B\": [], \"C\": {}}");
    check_means("A = {'a': 1, 2: {0x10: [True]}, None: 'n', 'a': 3,}",
                "{\"A\": {\"a\": 3, \"2\": {\"16\": [true]}, \"None\": \"n\"}}");
}

static void attributes_of_classes_are_taken(void **state)
{
    (void)state;
    check_means("class Train(Base, metaclass=M):\n"
                "    \"\"\"What it is.\"\"\"\n"
                "    rate: float = 0.1\n"
                "    class Inner: depth = 2; width = 3\n"
                "\n"
                "    @decorated\n"
                "    def __init__(self, a=lambda x: {'y': 1}):\n"
                "        self.seed = 7\n"
                "        local = 8\n"
                "        self.other.seed = 9\n"
                "        if a:\n"
                "            self.hidden = 1\n"
                "    def run(self):\n"
                "        self.never = 1\n"
                "    last = 'x'\n"
                "AFTER = 1\n",
                "{\"Train\": {\"rate\": 0.1, \"Inner\": {\"depth\": 2, \"width\": 3}, \"seed\": 7, "
                "\"last\": \"x\"}, \"AFTER\": 1}");
    check_means("class A:\n  pass\nclass B: pass", "{\"A\": {}, \"B\": {}}");
}

static void what_is_no_literal_is_skipped(void **state)
{
    (void)state;
    check_means(
        "import os; X = 1\nfrom a import (b,\n  c)\nA = B = 1\nC = os.environ['x']\nD += 1\n"
        "E = 1 + 2\nF = 1 if X else 2\nG = [1, X]\nH = {**X}\nI[0] = 1\nj.k = 2\nL, M = 1, 2\n"
        "N: int\nO = not 1\nP == 1\nQ = *X, 1\nR = 'a'.upper()\nS = ...\nT = [i for i in X]\n"
        "Z = 26\n",
        "{\"X\": 1, \"Z\": 26}");
}

static void blocks_that_may_not_run_are_skipped(void **state)
{
    (void)state;
    check_means(
        "if True:\n    A = 1\nelse: B = 2\nfor i in x: C = 3\ntry:\n  D = 4\nexcept: E = 5\n"
        "def f():\n    F = '''\nG = 1\n'''\n    H = (\nI\n)\nwith x as y: J = 1; K = 2\n"
        "async def __init__(self): self.L = 1\nmatch x:\n    case 1: M = 1\nZ = 26",
        "{\"Z\": 26}");
}

static void lines_go_on_in_brackets_and_behind_backslashes(void **state)
{
    (void)state;
    check_means(
        "A = \\\n  1\nB = [\n1]\nC = {'x':\n2}\nx = f(\n  D=1\n)\nif (a and\nb):\n  E = 1\nF = 1",
        "{\"A\": 1, \"B\": [1], \"C\": {\"x\": 2}, \"F\": 1}");
    check_means("A = 1\r\nclass B:\r\n\tC = 2\r\n", "{\"A\": 1, \"B\": {\"C\": 2}}");
}

static void broken_files_are_refused_with_the_place(void **state)
{
    (void)state;
    check_refused("A = 'x\nB = 1", "f:1:5: the string that starts here never ends");
    check_refused("A = '''x", "f:1:5: the string");
    check_refused("A = 1\nB = [1,\n", "f:2:5: '[' is never closed");
    check_refused("A = 1)\n", "f:1:6: ')' has no place here");
    check_refused("  A = 1", "f:1:1: the first line is indented");
    check_refused("class A:\nB = 1", "f:2:1: an indented block should start here");
    check_refused("class A:\n    B = 1\n  C = 2\n",
                  "f:3:1: the line is indented as no line above it");
    check_refused("class A\n  B = 1", "f:1:8: ':' is missing");
    check_refused("A = \\ 1", "f:1:5: '\\' has no place here");
    check_refused("A = '\xff'", "f:1:6: this is no UTF-8");
}

static void deep_nesting_is_bounded(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf python = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf blocks = {0};
    struct rmv_value value = {0};

    rmv_buf_append_string(&python, "A = ");
    for (int i = 0; i < 100000; i++)
        rmv_buf_append_string(&python, "[{(");
    for (int i = 0; i < 100000; i++)
        rmv_buf_append_string(&python, ")}]");
    rmv_buf_append_string(&python, "\nB = 1\n");
    check_means(rmv_buf_string(&python), "{\"B\": 1}");
    for (int i = 0; i < 300; i++)
        rmv_buf_append_format(&blocks, "%*sclass A:\n", i, "");
    CHECK_SAYS(parse(rmv_buf_string(&blocks), &value), RMV_ERR_LIMIT, "nested deeper than 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(constants_of_a_module_are_taken),
        TEST(numbers_are_read_in_all_spellings),
        TEST(strings_have_prefixes_and_escapes),
        TEST(collections_become_lists_and_maps),
        TEST(attributes_of_classes_are_taken),
        TEST(what_is_no_literal_is_skipped),
        TEST(blocks_that_may_not_run_are_skipped),
        TEST(lines_go_on_in_brackets_and_behind_backslashes),
        TEST(broken_files_are_refused_with_the_place),
        TEST(deep_nesting_is_bounded),
    };
    return RUN_TESTS(tests);
}
