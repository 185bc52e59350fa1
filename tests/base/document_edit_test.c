#include <string.h>

#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "test.h"

static const struct rmv_error *change(const char *name, const char *text, const char *path,
                                      const char *value, struct rmv_buf *after)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf before = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value parsed = {0};

    rmv_buf_append_string(&before, text);
    if (!value)
        return rmv_document_remove(name, &before, path, after);
    CHECK_OK(rmv_yaml_parse("value", value, strlen(value), &parsed));
    return rmv_document_set(name, &before, path, &parsed, after);
}

/* The document `text` with the YAML `value` at `path`, or without that if NULL, is `wanted`. */
static void check_change(const char *name, const char *text, const char *path, const char *value,
                         const char *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};
    CHECK_OK(change(name, text, path, value, &after));
    assert_string_equal(rmv_buf_string(&after), wanted);
}

static void check_refused(const char *name, const char *text, const char *path, const char *value,
                          enum rmv_error_code code)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf after = {0};
    CHECK_FAILS(change(name, text, path, value, &after), code);
    assert_int_equal(after.size, 0);
}

/* Of `text`, exactly `old` becomes `new`. */
static void check_only(const char *name, const char *text, const char *path, const char *value,
                       const char *const parts[2])
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf wanted = {0};
    const char *at = strstr(text, parts[0]);

    assert_non_null(at);
    rmv_buf_append(&wanted, text, (size_t)(at - text));
    rmv_buf_append_string(&wanted, parts[1]);
    rmv_buf_append_string(&wanted, at + strlen(parts[0]));
    check_change(name, text, path, value, rmv_buf_string(&wanted));
}

#define BECOMES(old, new) ((const char *const[2]){old, new})

/* ---- TOML ----------------------------------------------------------------------------------- */

static const char toml[] = "# settings\n"
                           "seed = 7 # é\n"
                           "day = 2024-01-31\n"
                           "\n"
                           "[train]   # of the model\n"
                           "rank = 10 # columns\n"
                           "rate=1e-3\n"
                           "name = 'deep \"é\"'   # name\n"
                           "layers = [\n"
                           "  1, # first\n"
                           "  2,\n"
                           "]\n"
                           "opt = { kind = \"sgd\", x.y = 1 }\n"
                           "\n"
                           "# the rest\n"
                           "[a.b]\n"
                           "\"c d\" = true\n"
                           "long = \"\"\"\n"
                           "[train]\n"
                           "\"\"\"\n"
                           "[[shop]]\n"
                           "size = 1\n"
                           "[[shop]]\n"
                           "size = 2\n"
                           "[shop.door]\n"
                           "open = false";

static void check_toml(const char *path, const char *value, const char *const parts[2])
{
    check_only("p.toml", toml, path, value, parts);
}

static void a_value_of_toml_is_replaced_and_nothing_else(void **state)
{
    (void)state;
    check_toml("seed", "8", BECOMES("7 # é", "8 # é"));
    check_toml("day", "2024-02-01", BECOMES("2024-01-31", "2024-02-01"));
    check_toml("day", "tomorrow", BECOMES("2024-01-31", "\"tomorrow\""));
    check_toml("train.rank", "20", BECOMES("rank = 10 #", "rank = 20 #"));
    check_toml("train.rate", "0.5", BECOMES("1e-3", "0.5"));
    check_toml("train.rate", "1e20", BECOMES("1e-3", "1.0e+20"));
    check_toml("train.name", "'a\"b'", BECOMES("'deep \"é\"'", "\"a\\\"b\""));
    check_toml("train.layers.1", "9", BECOMES("  2,", "  9,"));
    check_toml("train.layers", "[x, {y: [1.5]}]",
               BECOMES("[\n  1, # first\n  2,\n]", "[\"x\", { y = [1.5] }]"));
    check_toml("train.opt.kind", "adam", BECOMES("\"sgd\"", "\"adam\""));
    check_toml("train.opt.x.y", "2", BECOMES("x.y = 1", "x.y = 2"));
    check_toml("a.b.long", "1", BECOMES("\"\"\"\n[train]\n\"\"\"", "1"));
    check_toml("a.b.c d", "false", BECOMES("true", "false"));
    check_toml("shop.1.size", "3", BECOMES("size = 2", "size = 3"));
    check_toml("shop.1.door.open", "true", BECOMES("false", "true"));
}

static void a_key_of_toml_is_added_to_its_table(void **state)
{
    (void)state;
    check_toml("more", "1", BECOMES("01-31\n", "01-31\nmore = 1\n"));
    check_toml("train.deep", "x", BECOMES("y = 1 }\n", "y = 1 }\ndeep = \"x\"\n"));
    check_toml("train.opt.z", "1", BECOMES("x.y = 1 }", "x.y = 1, z = 1 }"));
    check_toml("a.b.new key", "1", BECOMES("\"\"\"\n[[", "\"\"\"\n\"new key\" = 1\n[["));
    check_toml("shop.0.door", "1", BECOMES("size = 1\n", "size = 1\ndoor = 1\n"));
    check_toml("shop.1.door.lock", "1", BECOMES("open = false", "open = false\nlock = 1\n"));
    check_toml("a.z", "1", BECOMES("open = false", "open = false\n\n[a]\nz = 1\n"));
    check_toml("net.x.y", "[]", BECOMES("open = false", "open = false\n\n[net.x]\ny = []\n"));
    check_change("p.toml", "", "a", "1", "a = 1\n");
    check_change("p.toml", "", "a.b", "1", "[a]\nb = 1\n");
    check_change("p.toml", "[a]\n", "b", "1", "b = 1\n[a]\n");
    check_change("p.toml", "[a]\r\nx = 1\r\n", "a.y", "2", "[a]\r\nx = 1\r\ny = 2\r\n");
    check_change("p.toml", "a.b = 1\n", "a.c", "2", "a.b = 1\na.c = 2\n");
    check_change("p.toml", "[t]\na.b = 1\n[u]\n", "t.a.c", "2", "[t]\na.b = 1\na.c = 2\n[u]\n");
    check_change("p.toml", "[a.b]\nx = 1\n[a]\ny = 2\n", "a.z", "3",
                 "[a.b]\nx = 1\n[a]\ny = 2\nz = 3\n");
    check_change("p.toml",
                 "\xef\xbb\xbf"
                 "a = 1\n",
                 "b", "2",
                 "\xef\xbb\xbf"
                 "a = 1\nb = 2\n");
    check_change("p.toml", "a = {}\n", "a.b", "2", "a = {b = 2}\n");
}

static void a_key_of_toml_is_taken_out(void **state)
{
    (void)state;
    check_toml("seed", NULL, BECOMES("seed = 7 # é\n", ""));
    check_toml("train.layers", NULL, BECOMES("layers = [\n  1, # first\n  2,\n]\n", ""));
    check_toml("train.opt.kind", NULL, BECOMES("kind = \"sgd\", ", ""));
    check_toml("shop.1.door", NULL, BECOMES("[shop.door]\nopen = false", ""));
    check_change("p.toml", "a = {b = 1, c = 2}", "a.c", NULL, "a = {b = 1}");
    check_change("p.toml", "a = {b = 1}", "a.b", NULL, "a = {}");
}

static void what_toml_cannot_say_is_refused(void **state)
{
    (void)state;
    check_refused("p.toml", toml, "seed", "null", RMV_ERR_UNSUPPORTED);
    check_refused("p.toml", toml, "seed", "[1, null]", RMV_ERR_UNSUPPORTED);
    check_refused("p.toml", toml, "train", "1", RMV_ERR_UNSUPPORTED);
    check_refused("p.toml", toml, "seed.x", "1", RMV_ERR_CONFLICT);
    check_refused("p.toml", toml, "none", NULL, RMV_ERR_NOT_FOUND);
    check_refused("p.toml", "a = ", "a", "1", RMV_ERR_CORRUPT);
}

/* ---- Python --------------------------------------------------------------------------------- */

static const char python[] = "#!/usr/bin/python\n"
                             "import os\n"
                             "SEED: int = 7  # é\n"
                             "RATE = - 1e-3; NAME = 'deep' \"er\"  # two\n"
                             "SIZES = 1, 2  # pair\n"
                             "POINT = (1,\n"
                             "         2)\n"
                             "CONF = {'a': 1, \"b\": {'c': [1, 2]},  # conf\n"
                             "        'd': 4}\n"
                             "class Train:\n"
                             "    \"\"\"How.\"\"\"\n"
                             "    rank = 10  # columns\n"
                             "    class Inner:\n"
                             "        x = None\n"
                             "    def __init__(self):\n"
                             "        self.deep = True\n"
                             "class Empty:\n"
                             "    pass\n"
                             "def run():\n"
                             "    SEED = 9\n";

static void check_python(const char *path, const char *value, const char *const parts[2])
{
    check_only("p.py", python, path, value, parts);
}

static void a_value_of_python_is_replaced_and_nothing_else(void **state)
{
    (void)state;
    check_python("SEED", "8", BECOMES("7  # é", "8  # é"));
    check_python("RATE", "0.5", BECOMES("- 1e-3", "0.5"));
    check_python("NAME", "flat", BECOMES("'deep' \"er\"", "\"flat\""));
    check_python("SIZES", "[3]", BECOMES("1, 2  #", "[3]  #"));
    check_python("SIZES.1", "3", BECOMES("1, 2  #", "1, 3  #"));
    check_python("POINT", "[3, 4]", BECOMES("(1,\n         2)", "(3, 4)"));
    check_python("CONF.a", "null", BECOMES("'a': 1", "'a': None"));
    check_python("CONF.b.c.1", "true", BECOMES("[1, 2]", "[1, True]"));
    check_python("CONF.b", "{x: 1}", BECOMES("{'c': [1, 2]}", "{\"x\": 1}"));
    check_python("CONF.d", "5", BECOMES("'d': 4}", "'d': 5}"));
    check_python("Train.rank", "20", BECOMES("10  #", "20  #"));
    check_python("Train.Inner.x", "1", BECOMES("None", "1"));
    check_python("Train.deep", "false", BECOMES("True", "False"));
    check_change("p.py", "A = 1\nA = 2\n", "A", "3", "A = 1\nA = 3\n");
}

static void a_name_of_python_is_added(void **state)
{
    (void)state;
    check_python("MORE", "x", BECOMES("    SEED = 9\n", "    SEED = 9\nMORE = \"x\"\n"));
    check_python("MORE.x", "1", BECOMES("    SEED = 9\n", "    SEED = 9\nMORE = {\"x\": 1}\n"));
    check_python("CONF.e", "1", BECOMES("'d': 4}", "'d': 4, \"e\": 1}"));
    check_python("CONF.b.f.g", "1", BECOMES("[1, 2]}", "[1, 2], \"f\": {\"g\": 1}}"));
    check_python("Train.wide", "1",
                 BECOMES("self.deep = True\n", "self.deep = True\n        self.wide = 1\n"));
    check_python("Train.Inner.y", "1", BECOMES("x = None\n", "x = None\n        y = 1\n"));
    check_change("p.py", "", "A", "1", "A = 1\n");
    check_change("p.py", "class A:\n    x = 1", "A.y", "2", "class A:\n    x = 1\n    y = 2\n");
    check_change("p.py", "A = {}", "A.b", "1", "A = {\"b\": 1}");
}

static void a_name_of_python_is_taken_out(void **state)
{
    (void)state;
    check_python("SEED", NULL, BECOMES("SEED: int = 7  # é\n", ""));
    check_python("POINT", NULL, BECOMES("POINT = (1,\n         2)\n", ""));
    check_python("CONF.a", NULL, BECOMES("'a': 1, ", ""));
    check_python("CONF.d", NULL, BECOMES(",  # conf\n        'd': 4}", "}"));
    check_python("Train.rank", NULL, BECOMES("    rank = 10  # columns\n", ""));
}

static void what_would_change_more_of_python_is_refused(void **state)
{
    (void)state;
    check_refused("p.py", python, "RATE", NULL, RMV_ERR_UNSUPPORTED);          /* two in one line */
    check_refused("p.py", python, "Train.Inner.x", NULL, RMV_ERR_UNSUPPORTED); /* the only line */
    check_refused("p.py", python, "Empty.x", "1", RMV_ERR_UNSUPPORTED);
    check_refused("p.py", python, "Train", "1", RMV_ERR_UNSUPPORTED);
    check_refused("p.py", python, "SEED", ".nan", RMV_ERR_UNSUPPORTED);
    check_refused("p.py", python, "a b", "1", RMV_ERR_UNSUPPORTED);
    check_refused("p.py", "A = 1\nA = 2\n", "A", NULL, RMV_ERR_UNSUPPORTED);
}

/* ---- INI ------------------------------------------------------------------------------------ */

static const char ini[] = "; settings\n"
                          "[DEFAULT]\n"
                          "seed = 7\n"
                          "[train]\n"
                          "# of the model\n"
                          "rank: 10\n"
                          "name = one\n"
                          "  two\n"
                          "empty =\n"
                          "\n"
                          "; the rest\n"
                          "[other]\n"
                          "  x=1\n";

static void check_ini(const char *path, const char *value, const char *const parts[2])
{
    check_only("p.ini", ini, path, value, parts);
}

static void a_value_of_ini_is_replaced_and_nothing_else(void **state)
{
    (void)state;
    check_ini("train.rank", "20", BECOMES("10", "20"));
    check_ini("train.rank", "0.5", BECOMES("10", "0.5"));
    check_ini("train.name", "flat", BECOMES("one\n  two", "flat"));
    check_ini("train.name", "\"a\\nb\"", BECOMES("one\n  two", "a\n  b"));
    check_ini("train.empty", "x y", BECOMES("empty =", "empty = x y"));
    check_ini("train.empty", "null", BECOMES("empty =", "empty = null"));
    check_ini("DEFAULT.seed", "8", BECOMES("seed = 7", "seed = 8"));
    check_ini("other.x", "true", BECOMES("x=1", "x=true"));
    check_ini("other.seed", "8", BECOMES("  x=1\n", "  x=1\n  seed = 8\n"));
    check_change("p.cfg", "[a]\r\nx = 1\r\n", "a.x", "2", "[a]\r\nx = 2\r\n");
}

static void a_key_of_ini_is_added_to_its_section(void **state)
{
    (void)state;
    check_ini("train.wide", "1", BECOMES("empty =\n", "empty =\nwide = 1\n"));
    check_ini("other.y", "1", BECOMES("  x=1\n", "  x=1\n  y = 1\n"));
    check_ini("more.y", "1", BECOMES("  x=1\n", "  x=1\n\n[more]\ny = 1\n"));
    check_change("p.ini", "[a]", "a.x", "1", "[a]\nx = 1\n");
    check_change("p.ini", "", "a.x", "1", "[a]\nx = 1\n");
}

static void a_key_of_ini_is_taken_out(void **state)
{
    (void)state;
    check_ini("train.rank", NULL, BECOMES("rank: 10\n", ""));
    check_ini("train.name", NULL, BECOMES("name = one\n  two\n", ""));
    check_ini("other", NULL, BECOMES("[other]\n  x=1\n", ""));
}

static void what_ini_cannot_say_is_refused(void **state)
{
    (void)state;
    check_refused("p.ini", ini, "train.rank", "'20'", RMV_ERR_UNSUPPORTED); /* it is a number */
    check_refused("p.ini", ini, "train.rank", "[1]", RMV_ERR_UNSUPPORTED);
    check_refused("p.ini", ini, "train.rank", "' x'", RMV_ERR_UNSUPPORTED);
    check_refused("p.ini", ini, "top", "1", RMV_ERR_UNSUPPORTED);
    check_refused("p.ini", ini, "train.a=b", "1", RMV_ERR_UNSUPPORTED);
    check_refused("p.ini", ini, "train.seed", NULL, RMV_ERR_NOT_FOUND);
}

/* ---- The others ----------------------------------------------------------------------------- */

static const char json[] = "{\n"
                           "    \"a\": {\"b\": 1e-3, \"c\": [1,2]},\n"
                           "    \"e \\\" }\": {},\n"
                           "    \"last\": \"x, y\"\n"
                           "}\n";

static void check_json(const char *path, const char *value, const char *const parts[2])
{
    check_only("p.json", json, path, value, parts);
}

static void a_value_of_json_is_changed_and_nothing_else(void **state)
{
    (void)state;
    check_json("a.b", "0.5", BECOMES("1e-3", "0.5"));
    check_json("a.c.1", "null", BECOMES("[1,2]", "[1,null]"));
    check_json("a.c", "{x: [y]}", BECOMES("[1,2]", "{\"x\": [\"y\"]}"));
    check_json("last", "a\"b", BECOMES("\"x, y\"", "\"a\\\"b\""));
    check_json("a.d", "1", BECOMES("[1,2]}", "[1,2], \"d\": 1}"));
    check_json("e \" }.f", "1", BECOMES("{}", "{\"f\": 1}"));
    check_json("new.x", "1", BECOMES("y\"\n", "y\",\n    \"new\": {\"x\": 1}\n"));
    check_json("a.b", NULL, BECOMES("\"b\": 1e-3, ", ""));
    check_json("last", NULL, BECOMES(",\n    \"last\": \"x, y\"", ""));
    check_json("a", NULL, BECOMES("    \"a\": {\"b\": 1e-3, \"c\": [1,2]},\n", ""));
    check_change("p.json", "", "a", "2", "{\n  \"a\": 2\n}\n");
    check_change("p.json", "{\"a\": 1, \"b,{\": 2}", "b,{", NULL, "{\n  \"a\": 1\n}\n");
    check_refused("p.json", "{\"a\": 1,}", "a", "2", RMV_ERR_CORRUPT);
    check_refused("p.json", "{\"a\": 1}", "a.b", "2", RMV_ERR_CONFLICT);
}

static void yaml_keeps_its_comments(void **state)
{
    (void)state;
    check_change("params", "a: 1 # one\n", "a", "2", "a: 2 # one\n");
    check_change("p.yaml", "a: 1 # one\nb: 2\n", "b", NULL, "a: 1 # one\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_of_toml_is_replaced_and_nothing_else),
        TEST(a_key_of_toml_is_added_to_its_table),
        TEST(a_key_of_toml_is_taken_out),
        TEST(what_toml_cannot_say_is_refused),
        TEST(a_value_of_python_is_replaced_and_nothing_else),
        TEST(a_name_of_python_is_added),
        TEST(a_name_of_python_is_taken_out),
        TEST(what_would_change_more_of_python_is_refused),
        TEST(a_value_of_ini_is_replaced_and_nothing_else),
        TEST(a_key_of_ini_is_added_to_its_section),
        TEST(a_key_of_ini_is_taken_out),
        TEST(what_ini_cannot_say_is_refused),
        TEST(a_value_of_json_is_changed_and_nothing_else),
        TEST(yaml_keeps_its_comments),
    };
    return RUN_TESTS(tests);
}
