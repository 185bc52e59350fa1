#include "rmv/base/toml.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/toml_scalar.h"
#include "rmv/base/buf.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/strings.h"

/* How a key came to be, which says what may still be added to it. */
enum origin {
    ORIGIN_VALUE,    /* a value, or a table or list in brackets: nothing more */
    ORIGIN_IMPLIED,  /* [a.b] implies a, which may still get a header of its own */
    ORIGIN_HEADER,   /* [a] */
    ORIGIN_DOTTED,   /* a.b = … makes a */
    ORIGIN_ELEMENTS, /* [[a]] */
};

/* A key, and below it those of its table, or of the last element of its list. */
struct shape {
    enum origin origin;
    struct rmv_map keys; /* name → struct shape *, owned */
};

static void shape_clear(struct shape *shape)
{
    for (size_t i = 0; i < shape->keys.count; i++) {
        shape_clear(shape->keys.entries[i].value);
        free(shape->keys.entries[i].value);
    }
    rmv_map_free(&shape->keys);
}

/* A table that is being filled. */
struct table {
    struct rmv_value *value; /* a map */
    struct shape *shape;
};

struct reader {
    struct rmv_cursor cursor;
    struct rmv_value *root;
    struct shape shape;
    struct table table; /* of the last header */
    unsigned depth;     /* of that table */
};

static const struct rmv_error *fail(const struct reader *reader, const char *at,
                                    const char *problem)
{
    return rmv_cursor_error(&reader->cursor, RMV_ERR_CORRUPT, at, "%s", problem);
}

static const struct rmv_error *too_deep(const struct reader *reader)
{
    return rmv_cursor_error(&reader->cursor, RMV_ERR_LIMIT, reader->cursor.at,
                            "nested deeper than %d levels", RMV_TOML_DEPTH_MAX);
}

/* ---- Keys ----------------------------------------------------------------------------------- */

static bool is_bare(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static const struct rmv_error *read_key_part(struct reader *reader, struct rmv_strings *key)
{
    struct rmv_cursor *cursor = &reader->cursor;
    struct rmv_buf part = {0};
    const char c = rmv_cursor_peek(cursor, 0);
    const struct rmv_error *err = NULL;

    if (c == '"' || c == '\'')
        err = rmv_toml_read_string(cursor, false, &part);
    else if (!is_bare(c))
        err = rmv_error_hint(fail(reader, cursor->at, "a key should stand here"),
                             "a key is letters, digits, - and _, or in quotes");
    else
        while (is_bare(rmv_cursor_peek(cursor, 0)))
            rmv_buf_append(&part, cursor->at++, 1);
    if (err) {
        rmv_buf_free(&part);
        return err;
    }
    (void)rmv_buf_string(&part);
    rmv_strings_take(key, rmv_buf_take(&part));
    return NULL;
}

/* Reads a.b.c, with the blanks around it. */
static const struct rmv_error *read_key(struct reader *reader, unsigned depth,
                                        struct rmv_strings *key)
{
    do {
        rmv_toml_skip_blanks(&reader->cursor);
        if (depth + key->count >= RMV_TOML_DEPTH_MAX)
            return too_deep(reader);
        const struct rmv_error *err = read_key_part(reader, key);
        if (err)
            return err;
        rmv_toml_skip_blanks(&reader->cursor);
    } while (rmv_cursor_skip(&reader->cursor, "."));
    return NULL;
}

static const struct rmv_error *already_there(const struct reader *reader, const char *at,
                                             const struct rmv_strings *key, size_t parts_count,
                                             const char *what)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf name = {0};
    for (size_t i = 0; i < parts_count; i++)
        rmv_buf_append_format(&name, "%s%s", i ? "." : "", key->items[i]);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(rmv_buf_string(&name));
    return rmv_cursor_error(&reader->cursor, RMV_ERR_CORRUPT, at, "'%.500s' %s", quoted, what);
}

/* Adds `name` to the table. */
static struct table add_key(struct reader *reader, const struct table *table, const char *name,
                            enum origin origin)
{
    struct shape *shape = rmv_calloc(1, sizeof(*shape));
    shape->origin = origin;
    rmv_map_set(&table->shape->keys, name, shape);
    struct rmv_value *value = rmv_value_add(table->value, name);
    struct rmv_member *member = &table->value->map.members[table->value->map.count - 1];
    rmv_cursor_place(&reader->cursor, &member->line, &member->column);
    return (struct table){.value = value, .shape = shape};
}

/* Goes down to `name`; the table is the last element if it is a list. */
static struct table enter(const struct table *table, const char *name)
{
    struct table inner = {.value = rmv_value_find(table->value, name),
                          .shape = rmv_map_find(&table->shape->keys, name)};
    if (inner.shape && inner.shape->origin == ORIGIN_ELEMENTS)
        inner.value = &inner.value->list.items[inner.value->list.count - 1];
    return inner;
}

/* ---- Values --------------------------------------------------------------------------------- */

static const struct rmv_error *read_value(struct reader *reader, unsigned depth,
                                          struct rmv_value *out);

/* Reads `key = value` into `table`. */
static const struct rmv_error *read_pair(struct reader *reader, struct table table, unsigned depth)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings key = {0};
    struct rmv_cursor *cursor = &reader->cursor;
    const char *start = cursor->at;

    const struct rmv_error *err = read_key(reader, depth, &key);
    if (!err && !rmv_cursor_skip(cursor, "="))
        err = fail(reader, cursor->at, "'=' is missing behind the key");
    if (err)
        return err;
    for (size_t i = 0; i + 1 < key.count; i++) {
        struct table inner = enter(&table, key.items[i]);
        if (!inner.shape) {
            inner = add_key(reader, &table, key.items[i], ORIGIN_DOTTED);
            rmv_value_set_map(inner.value);
        } else if (inner.shape->origin == ORIGIN_IMPLIED) {
            inner.shape->origin = ORIGIN_DOTTED;
        } else if (inner.shape->origin != ORIGIN_DOTTED) {
            return already_there(reader, start, &key, i + 1,
                                 "is there already, and nothing can be added to it here");
        }
        table = inner;
    }
    assert(key.count > 0);
    const char *name = key.items[key.count - 1];
    if (rmv_map_find(&table.shape->keys, name))
        return already_there(reader, start, &key, key.count, "is there already");
    struct table added = add_key(reader, &table, name, ORIGIN_VALUE);
    return read_value(reader, depth + (unsigned)key.count, added.value);
}

/* Goes over blanks, line breaks and comments. */
static const struct rmv_error *skip_lines(struct reader *reader)
{
    do {
        const struct rmv_error *err = rmv_toml_skip_comment(&reader->cursor);
        if (err)
            return err;
    } while (rmv_toml_skip_break(&reader->cursor));
    return NULL;
}

static const struct rmv_error *read_list(struct reader *reader, unsigned depth,
                                         struct rmv_value *out)
{
    struct rmv_cursor *cursor = &reader->cursor;
    const char *start = cursor->at++;

    rmv_value_set_list(out);
    for (bool is_first = true;; is_first = false) {
        const struct rmv_error *err = skip_lines(reader);
        if (!err && !is_first && rmv_cursor_skip(cursor, ","))
            err = skip_lines(reader);
        else if (!err && !is_first && rmv_cursor_peek(cursor, 0) != ']')
            err = cursor->at == cursor->end
                      ? fail(reader, start, "the list that starts here never ends")
                      : fail(reader, cursor->at, "',' or ']' is missing here");
        if (err || rmv_cursor_skip(cursor, "]"))
            return err;
        if (cursor->at == cursor->end)
            return fail(reader, start, "the list that starts here never ends");
        err = read_value(reader, depth + 1, rmv_value_append(out));
        if (err)
            return err;
    }
}

static const struct rmv_error *read_pairs(struct reader *reader, const struct table *table,
                                          unsigned depth)
{
    struct rmv_cursor *cursor = &reader->cursor;
    rmv_toml_skip_blanks(cursor);
    if (rmv_cursor_skip(cursor, "}"))
        return NULL;
    for (;;) {
        const struct rmv_error *err = read_pair(reader, *table, depth);
        if (err)
            return err;
        rmv_toml_skip_blanks(cursor);
        if (rmv_cursor_skip(cursor, "}"))
            return NULL;
        if (!rmv_cursor_skip(cursor, ","))
            return fail(reader, cursor->at, "',' or '}' is missing here");
    }
}

/* A table in braces is complete where it ends. */
static const struct rmv_error *read_inline(struct reader *reader, unsigned depth,
                                           struct rmv_value *out)
{
    RMV_CLEANUP(shape_clear) struct shape shape = {0};
    const struct table table = {.value = out, .shape = &shape};
    reader->cursor.at++;
    rmv_value_set_map(out);
    return read_pairs(reader, &table, depth);
}

static const struct rmv_error *read_value(struct reader *reader, unsigned depth,
                                          struct rmv_value *out)
{
    struct rmv_cursor *cursor = &reader->cursor;
    const struct rmv_error *err = NULL;
    uint32_t line, column;

    rmv_toml_skip_blanks(cursor);
    if (depth > RMV_TOML_DEPTH_MAX)
        return too_deep(reader);
    rmv_cursor_place(cursor, &line, &column);
    const char c = rmv_cursor_peek(cursor, 0);
    if (c == '"' || c == '\'') {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        err = rmv_toml_read_string(cursor, true, &text);
        rmv_value_set_text(out, rmv_buf_string(&text));
    } else if (c == '[') {
        err = read_list(reader, depth, out);
    } else if (c == '{') {
        err = read_inline(reader, depth, out);
    } else {
        err = rmv_toml_read_scalar(cursor, out);
    }
    out->line = line;
    out->column = column;
    return err;
}

/* ---- Headers -------------------------------------------------------------------------------- */

/* Goes to what holds the last part of the key; implied tables are made on the way. */
static const struct rmv_error *enter_parents(struct reader *reader, const char *start,
                                             const struct rmv_strings *key, struct table *table)
{
    for (size_t i = 0; i + 1 < key->count; i++) {
        struct table inner = enter(table, key->items[i]);
        if (!inner.shape) {
            inner = add_key(reader, table, key->items[i], ORIGIN_IMPLIED);
            rmv_value_set_map(inner.value);
        } else if (inner.shape->origin == ORIGIN_VALUE) {
            return already_there(reader, start, key, i + 1, "is there already, and no open table");
        }
        *table = inner;
    }
    return NULL;
}

static const struct rmv_error *open_table(struct reader *reader, const char *start,
                                          const struct rmv_strings *key, struct table *table)
{
    const char *name = key->items[key->count - 1];
    struct table inner = enter(table, name);
    if (!inner.shape) {
        inner = add_key(reader, table, name, ORIGIN_HEADER);
        rmv_value_set_map(inner.value);
    } else if (inner.shape->origin != ORIGIN_IMPLIED) {
        return already_there(reader, start, key, key->count, "is there already");
    }
    inner.shape->origin = ORIGIN_HEADER;
    rmv_cursor_place(&reader->cursor, &inner.value->line, &inner.value->column);
    *table = inner;
    return NULL;
}

static const struct rmv_error *open_element(struct reader *reader, const char *start,
                                            const struct rmv_strings *key, struct table *table)
{
    const char *name = key->items[key->count - 1];
    struct shape *shape = rmv_map_find(&table->shape->keys, name);
    if (!shape) {
        const struct table list = add_key(reader, table, name, ORIGIN_ELEMENTS);
        rmv_value_set_list(list.value);
        shape = list.shape;
    } else if (shape->origin != ORIGIN_ELEMENTS) {
        return already_there(reader, start, key, key->count, "is there already, and no such list");
    }
    struct rmv_value *element = rmv_value_append(rmv_value_find(table->value, name));
    rmv_value_set_map(element);
    rmv_cursor_place(&reader->cursor, &element->line, &element->column);
    shape_clear(shape);
    *table = (struct table){.value = element, .shape = shape};
    return NULL;
}

static const struct rmv_error *read_header(struct reader *reader)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings key = {0};
    struct rmv_cursor *cursor = &reader->cursor;
    const char *start = cursor->at;
    struct table table = {.value = reader->root, .shape = &reader->shape};
    const bool is_element = rmv_cursor_skip(cursor, "[[");

    if (!is_element)
        cursor->at++;
    const struct rmv_error *err = read_key(reader, 0, &key);
    if (!err && !rmv_cursor_skip(cursor, is_element ? "]]" : "]"))
        err = fail(reader, cursor->at, is_element ? "']]' is missing here" : "']' is missing here");
    if (!err)
        err = enter_parents(reader, start, &key, &table);
    if (!err)
        err = is_element ? open_element(reader, start, &key, &table)
                         : open_table(reader, start, &key, &table);
    reader->table = table;
    reader->depth = (unsigned)key.count;
    return err;
}

/* ---- The document --------------------------------------------------------------------------- */

static const struct rmv_error *read_line(struct reader *reader)
{
    struct rmv_cursor *cursor = &reader->cursor;
    const struct rmv_error *err = NULL;
    const char c = rmv_cursor_peek(cursor, 0);

    if (c == '[')
        err = read_header(reader);
    else
        err = read_pair(reader, reader->table, reader->depth);
    if (!err)
        err = rmv_toml_skip_comment(cursor);
    if (!err && cursor->at < cursor->end && !rmv_toml_skip_break(cursor))
        err = fail(reader, cursor->at, "the line should end here");
    return err;
}

const struct rmv_error *rmv_toml_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {.line = 1, .column = 1};
    struct reader reader = {.root = &value};

    if (size > RMV_TOML_BYTES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "%s: longer than %zu bytes", name, RMV_TOML_BYTES_MAX);
    rmv_value_set_map(&value);
    reader.table = (struct table){.value = &value, .shape = &reader.shape};
    const struct rmv_error *err = rmv_cursor_start(name, text, size, &reader.cursor);
    while (!err) {
        err = skip_lines(&reader);
        if (err || reader.cursor.at == reader.cursor.end)
            break;
        err = read_line(&reader);
    }
    shape_clear(&reader.shape);
    if (err)
        return err;
    *out = value;
    value = (struct rmv_value){0};
    return NULL;
}
