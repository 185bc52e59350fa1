#include "rmv/base/ini.h"

#include <string.h>

#include "base/cursor.h"
#include "base/ini_defaults.h"
#include "base/ini_line.h"
#include "base/yaml_scalar.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

struct reader {
    struct rmv_cursor cursor;
    struct rmv_value *root;
    char *section; /* its name; NULL above the first one */
    size_t values_count;
};

static void reader_free(struct reader *reader)
{
    rmv_str_free(&reader->section);
}

static const struct rmv_error *fail(const struct reader *reader, const char *at,
                                    const char *problem, const char *hint)
{
    return rmv_error_hint(rmv_cursor_error(&reader->cursor, RMV_ERR_CORRUPT, at, "%s", problem),
                          "%s", hint);
}

static const struct rmv_error *already_there(const struct reader *reader, const char *at,
                                             const char *what, const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(name);
    return rmv_cursor_error(&reader->cursor, RMV_ERR_CORRUPT, at, "%s '%.500s' is there already",
                            what, quoted);
}

static const struct rmv_error *count_value(struct reader *reader)
{
    if (++reader->values_count <= RMV_INI_VALUES_MAX)
        return NULL;
    return rmv_error(RMV_ERR_LIMIT, "%s: more than %d values", reader->cursor.name,
                     RMV_INI_VALUES_MAX);
}

/* Adds a null to `map` that stands where `at` is. */
static struct rmv_value *add_member(struct reader *reader, struct rmv_value *map, const char *name,
                                    const char *at)
{
    struct rmv_value *value = rmv_value_add(map, name);
    struct rmv_member *member = &map->map.members[map->map.count - 1];
    reader->cursor.at = at;
    rmv_cursor_place(&reader->cursor, &member->line, &member->column);
    return value;
}

/* ---- Lines ---------------------------------------------------------------------------------- */

static const struct rmv_error *read_header(struct reader *reader, const struct rmv_ini_line *line)
{
    const char *close = line->end - 1;
    while (close > line->start && *close != ']')
        close--;
    if (close == line->start)
        return fail(reader, line->start, "']' is missing in this line", "[SECTION]");
    if (close == line->start + 1)
        return fail(reader, line->start, "the section has no name", "[SECTION]");
    rmv_str_free(&reader->section);
    reader->section = rmv_str_copy_n(line->start + 1, (size_t)(close - line->start) - 1);
    if (rmv_value_find(reader->root, reader->section))
        return already_there(reader, line->start, "section", reader->section);
    struct rmv_value *section = add_member(reader, reader->root, reader->section, line->start);
    rmv_value_set_map(section);
    rmv_cursor_place(&reader->cursor, &section->line, &section->column);
    return count_value(reader);
}

/* What a value stands for whose lines have been put together. */
static const struct rmv_error *resolve(const struct reader *reader, const char *at,
                                       const char *text, struct rmv_value *value)
{
    bool too_big = false;
    if (*text && !strchr(text, '\n') && rmv_yaml_resolve(text, value, &too_big))
        return NULL;
    if (too_big)
        return rmv_cursor_error(&reader->cursor, RMV_ERR_LIMIT, at,
                                "the number %.100s does not fit 64 bits", text);
    rmv_value_set_text(value, text);
    return NULL;
}

/* Reads `key = value` with the lines that go on with it. */
static const struct rmv_error *read_pair(struct reader *reader, const struct rmv_ini_line *line)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_ini_pair pair;

    if (!reader->section)
        return fail(reader, line->start, "there is no section above this line",
                    "keys belong to a [SECTION]");
    if (!rmv_ini_split(line, &pair))
        return fail(reader, line->start, "'=' or ':' is missing in this line", "KEY = VALUE");
    if (pair.key_end == line->start)
        return fail(reader, line->start, "a key is missing here", "KEY = VALUE");
    RMV_CLEANUP(rmv_str_free)
    char *key = rmv_str_copy_n(line->start, (size_t)(pair.key_end - line->start));
    struct rmv_value *section = rmv_value_find(reader->root, reader->section);
    if (rmv_value_find(section, key))
        return already_there(reader, line->start, "key", key);
    struct rmv_value *value = add_member(reader, section, key, line->start);
    reader->cursor.at = pair.value;
    uint32_t place[2];
    rmv_cursor_place(&reader->cursor, &place[0], &place[1]);
    reader->cursor.at = rmv_ini_read_value(line, &pair, reader->cursor.end, &text);
    const struct rmv_error *err = resolve(reader, pair.value, rmv_buf_string(&text), value);
    value->line = place[0];
    value->column = place[1];
    return err ? err : count_value(reader);
}

static const struct rmv_error *read_line(struct reader *reader)
{
    struct rmv_ini_line line;

    rmv_ini_find_line(reader->cursor.at, reader->cursor.end, &line);
    if (line.is_empty) {
        reader->cursor.at = line.next;
        return NULL;
    }
    if (*line.start != '[')
        return read_pair(reader, &line);
    const struct rmv_error *err = read_header(reader, &line);
    reader->cursor.at = line.next;
    return err;
}

/* ---- The document --------------------------------------------------------------------------- */

const struct rmv_error *rmv_ini_parse(const char *name, const char *text, size_t size,
                                      struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {.line = 1, .column = 1};
    RMV_CLEANUP(reader_free) struct reader reader = {.root = &value};

    if (size > RMV_INI_BYTES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "%s: longer than %zu bytes", name, RMV_INI_BYTES_MAX);
    rmv_value_set_map(&value);
    const struct rmv_error *err = rmv_cursor_start(name, text, size, &reader.cursor);
    while (!err && reader.cursor.at < reader.cursor.end)
        err = read_line(&reader);
    if (!err)
        err = rmv_ini_spread_defaults(name, &value, &reader.values_count);
    if (err)
        return err;
    *out = value;
    value = (struct rmv_value){0};
    return NULL;
}
