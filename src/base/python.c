#include "rmv/base/python.h"

#include <string.h>

#include "base/cursor.h"
#include "base/python_literal.h"
#include "rmv/base/mem.h"

#define TAB_SIZE 8

struct reader {
    struct rmv_cursor cursor;
    unsigned depth; /* of blocks in each other */
};

/* Where assignments go. */
struct scope {
    struct rmv_value *values; /* a map */
    bool self_only;           /* in __init__: only to attributes of self */
};

/* ---- Going over things ---------------------------------------------------------------------- */

/* Goes to the end of the statement: a line break, or, unless `whole_line`, a semicolon, outside of
 * brackets. */
static const struct rmv_error *skip_statement(struct reader *reader, bool whole_line)
{
    struct rmv_cursor *cursor = &reader->cursor;
    const char *bracket = NULL;
    unsigned depth = 0;

    while (cursor->at < cursor->end) {
        rmv_python_skip_blanks(cursor, depth > 0);
        const char c = rmv_cursor_peek(cursor, 0);
        if (depth == 0 && (c == '\n' || c == '\r' || (c == ';' && !whole_line)))
            return NULL;
        if (cursor->at == cursor->end)
            break;
        const struct rmv_error *err = rmv_python_skip_token(cursor, &depth, &bracket);
        if (err)
            return err;
    }
    if (depth > 0)
        return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, bracket, "'%c' is never closed", *bracket);
    return NULL;
}

/* Goes over empty lines and comments to the first statement of a line and returns its indentation;
 * -1 at the end of the text. The place is the start of the line. */
static long find_line(struct reader *reader)
{
    struct rmv_cursor *cursor = &reader->cursor;
    for (;;) {
        const char *line = cursor->at;
        long indent = 0;
        for (char c; (c = rmv_cursor_peek(cursor, 0)) == ' ' || c == '\t' || c == '\f';
             cursor->at++)
            indent = c == ' ' ? indent + 1 : c == '\t' ? (indent / TAB_SIZE + 1) * TAB_SIZE : 0;
        const char c = rmv_cursor_peek(cursor, 0);
        if (c != '#' && c != '\n' && c != '\r' && c != '\0') {
            cursor->at = line;
            return indent;
        }
        while (cursor->at < cursor->end && *cursor->at != '\n' && *cursor->at != '\r')
            cursor->at++;
        if (cursor->at == cursor->end)
            return -1;
        cursor->at++;
    }
}

/* Goes over the lines that are indented deeper. */
static const struct rmv_error *skip_block(struct reader *reader, long indent)
{
    const struct rmv_error *err = NULL;
    while (!err && find_line(reader) > indent)
        err = skip_statement(reader, true);
    return err;
}

/* ---- Assignments ---------------------------------------------------------------------------- */

/* Reads a name; empty if there is none. The caller frees it. */
static char *read_name(struct rmv_cursor *cursor)
{
    const char *start = cursor->at;
    while (rmv_python_is_name(rmv_cursor_peek(cursor, 0)))
        cursor->at++;
    return rmv_str_copy_n(start, (size_t)(cursor->at - start));
}

/* Goes from the ':' of `name: type = …` to the '='; false if there is none. */
static bool skip_type(struct rmv_cursor *cursor)
{
    const char *bracket = NULL;
    unsigned depth = 0;

    cursor->at++;
    for (;;) {
        rmv_python_skip_blanks(cursor, depth > 0);
        if (depth == 0 && (rmv_python_is_end(cursor) || rmv_cursor_is_at(cursor, "=")))
            return rmv_cursor_is_at(cursor, "=");
        if (cursor->at == cursor->end || rmv_python_skip_token(cursor, &depth, &bracket))
            return false; /* whoever goes over the statement says why */
    }
}

/* Goes over what is assigned to, up to behind the '='; sets `*name`, which the caller frees, to the
 * name or to the attribute of self. */
static bool read_target(struct rmv_cursor *cursor, bool self_only, char **name)
{
    *name = read_name(cursor);
    rmv_python_skip_blanks(cursor, false);
    if (strcmp(*name, "self") == 0 && rmv_cursor_skip(cursor, ".")) {
        rmv_python_skip_blanks(cursor, false);
        rmv_str_free(name);
        *name = read_name(cursor);
        rmv_python_skip_blanks(cursor, false);
    } else if (self_only) {
        return false;
    }
    if (!**name || (rmv_cursor_is_at(cursor, ":") && !skip_type(cursor)))
        return false;
    return !rmv_cursor_is_at(cursor, "==") && rmv_cursor_skip(cursor, "=");
}

/* Takes what the statement assigns, and goes to its end. */
static const struct rmv_error *read_statement(struct reader *reader, const struct scope *scope)
{
    RMV_CLEANUP(rmv_str_free) char *name = NULL;
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    struct rmv_cursor *cursor = &reader->cursor;
    const char *start = cursor->at;
    bool is_read = read_target(cursor, scope->self_only, &name);

    if (is_read) {
        rmv_python_skip_blanks(cursor, false);
        is_read = rmv_python_read_literal(cursor, &value);
    }
    if (is_read)
        rmv_value_copy(rmv_value_add(scope->values, name), &value);
    else
        cursor->at = start;
    return skip_statement(reader, false);
}

/* The statements up to the end of the line. */
static const struct rmv_error *read_statements(struct reader *reader, const struct scope *scope)
{
    for (;;) {
        rmv_python_skip_blanks(&reader->cursor, false);
        const struct rmv_error *err = read_statement(reader, scope);
        if (err || !rmv_cursor_skip(&reader->cursor, ";"))
            return err;
    }
}

/* ---- Blocks --------------------------------------------------------------------------------- */

static const struct rmv_error *read_block(struct reader *reader, const struct scope *scope,
                                          long outer_indent);

/* Goes from behind the name of a class or function to behind the ':' before its body. */
static const struct rmv_error *skip_head(struct reader *reader)
{
    struct rmv_cursor *cursor = &reader->cursor;
    const char *start = cursor->at, *bracket = NULL;
    unsigned depth = 0;

    for (;;) {
        rmv_python_skip_blanks(cursor, depth > 0);
        const char c = rmv_cursor_peek(cursor, 0);
        if (depth == 0 && rmv_cursor_skip(cursor, ":"))
            return NULL;
        if (cursor->at == cursor->end || (depth == 0 && (c == '\n' || c == '\r')))
            return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, depth ? bracket : start,
                                    depth ? "a bracket is never closed" : "':' is missing");
        const struct rmv_error *err = rmv_python_skip_token(cursor, &depth, &bracket);
        if (err)
            return err;
    }
}

/* What is behind the ':': statements on the same line, or a block. */
static const struct rmv_error *read_body(struct reader *reader, const struct scope *scope,
                                         long indent)
{
    const struct rmv_error *err = skip_head(reader);
    if (err)
        return err;
    rmv_python_skip_blanks(&reader->cursor, false);
    const char c = rmv_cursor_peek(&reader->cursor, 0);
    if (c != '\n' && c != '\r' && c != '#' && c != '\0')
        return read_statements(reader, scope);
    if (++reader->depth > RMV_PYTHON_DEPTH_MAX)
        return rmv_cursor_error(&reader->cursor, RMV_ERR_LIMIT, reader->cursor.at,
                                "nested deeper than %d levels", RMV_PYTHON_DEPTH_MAX);
    err = skip_statement(reader, true); /* a comment */
    if (!err)
        err = read_block(reader, scope, indent);
    reader->depth--;
    return err;
}

static const struct rmv_error *read_class(struct reader *reader, const struct scope *scope,
                                          long indent)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value values = {0};
    const struct scope inner = {.values = &values};
    RMV_CLEANUP(rmv_str_free) char *name = read_name(&reader->cursor);

    rmv_value_set_map(&values);
    const struct rmv_error *err = read_body(reader, &inner, indent);
    if (!err)
        rmv_value_copy(rmv_value_add(scope->values, name), &values);
    return err;
}

/* Does the line start with a word behind which a block, or a statement that is not always run,
 * follows on the same line? */
static bool is_compound(const char *word)
{
    static const char *const words[] = {"if",     "elif",    "else", "for",   "while", "try",
                                        "except", "finally", "with", "async", "def",   "class"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/* Goes over the next word, and the blanks behind it, if it is `word`. */
static bool skip_word(struct rmv_cursor *cursor, const char *word)
{
    if (!rmv_cursor_is_at(cursor, word) ||
        rmv_python_is_name(rmv_cursor_peek(cursor, strlen(word))))
        return false;
    cursor->at += strlen(word);
    rmv_python_skip_blanks(cursor, false);
    return true;
}

/* One line at the level of the scope, with the block below it if it has one. */
static const struct rmv_error *read_line(struct reader *reader, const struct scope *scope,
                                         long indent)
{
    struct rmv_cursor *cursor = &reader->cursor;
    const struct rmv_error *err;
    rmv_python_skip_blanks(cursor, false);
    const char *start = cursor->at;

    if (skip_word(cursor, "class"))
        return read_class(reader, scope, indent);
    if (skip_word(cursor, "def") && skip_word(cursor, "__init__")) {
        const struct scope inner = {.values = scope->values, .self_only = true};
        return read_body(reader, &inner, indent);
    }
    cursor->at = start;
    RMV_CLEANUP(rmv_str_free) char *word = read_name(cursor);
    cursor->at = start;
    if (is_compound(word))
        err = skip_statement(reader, true);
    else
        err = read_statements(reader, scope);
    return err ? err : skip_block(reader, indent);
}

static const struct rmv_error *read_block(struct reader *reader, const struct scope *scope,
                                          long outer_indent)
{
    const long indent = find_line(reader);
    const struct rmv_error *err = NULL;

    if (indent <= outer_indent)
        return rmv_cursor_error(&reader->cursor, RMV_ERR_CORRUPT, reader->cursor.at,
                                "an indented block should start here");
    for (long next = indent; !err && next == indent; next = find_line(reader))
        err = read_line(reader, scope, indent);
    if (err)
        return err;
    const long next = find_line(reader);
    if (next > outer_indent)
        return rmv_cursor_error(&reader->cursor, RMV_ERR_CORRUPT, reader->cursor.at,
                                "the line is indented as no line above it");
    return NULL;
}

const struct rmv_error *rmv_python_parse(const char *name, const char *text, size_t size,
                                         struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value values = {0};
    const struct scope scope = {.values = &values};
    struct reader reader = {0};

    if (size > RMV_PYTHON_BYTES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "%s: longer than %zu bytes", name, RMV_PYTHON_BYTES_MAX);
    rmv_value_set_map(&values);
    const struct rmv_error *err = rmv_cursor_start(name, text, size, &reader.cursor);
    if (!err && find_line(&reader) > 0)
        err = rmv_cursor_error(&reader.cursor, RMV_ERR_CORRUPT, reader.cursor.at,
                               "the first line is indented");
    if (!err && find_line(&reader) == 0)
        err = read_block(&reader, &scope, -1);
    if (err)
        return err;
    *out = values;
    values = (struct rmv_value){0};
    return NULL;
}
