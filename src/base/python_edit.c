/* Changing values of Python files, see base/edit.h. The text is known to be one. */
#include <math.h>
#include <string.h>

#include "base/cursor.h"
#include "base/edit.h"
#include "base/number.h"
#include "base/python_literal.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

/* ---- Values as text ------------------------------------------------------------------------- */

static bool append_value(const struct rmv_value *value, bool as_tuple, struct rmv_buf *out);

static bool append_items(const struct rmv_value *list, bool as_tuple, struct rmv_buf *out)
{
    rmv_buf_append_string(out, as_tuple ? "(" : "[");
    for (size_t i = 0; i < list->list.count; i++) {
        rmv_buf_append_string(out, i ? ", " : "");
        if (!append_value(&list->list.items[i], false, out))
            return false;
    }
    if (as_tuple)
        rmv_buf_append_string(out, list->list.count == 1 ? ",)" : ")");
    else
        rmv_buf_append_string(out, "]");
    return true;
}

static bool append_members(const struct rmv_value *map, struct rmv_buf *out)
{
    rmv_buf_append_string(out, "{");
    for (size_t i = 0; i < map->map.count; i++) {
        rmv_buf_append_string(out, i ? ", " : "");
        rmv_json_format_text(map->map.members[i].key, out);
        rmv_buf_append_string(out, ": ");
        if (!append_value(&map->map.members[i].value, false, out))
            return false;
    }
    rmv_buf_append_string(out, "}");
    return true;
}

/* False for numbers that no literal stands for. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which was parsed within a limit. */
static bool append_value(const struct rmv_value *value, bool as_tuple, struct rmv_buf *out)
{
    char number[RMV_NUMBER_TEXT_SIZE];

    switch (value->kind) {
    case RMV_VALUE_NULL:
        rmv_buf_append_string(out, "None");
        return true;
    case RMV_VALUE_BOOL:
        rmv_buf_append_string(out, value->boolean ? "True" : "False");
        return true;
    case RMV_VALUE_INT:
        rmv_scalar_format(value, out);
        return true;
    case RMV_VALUE_DOUBLE:
        if (!isfinite(value->number))
            return false;
        rmv_number_format(value->number, number);
        rmv_buf_append_string(out, number);
        return true;
    case RMV_VALUE_STRING:
        rmv_json_format_text(value->text, out);
        return true;
    case RMV_VALUE_LIST:
        return append_items(value, as_tuple, out);
    case RMV_VALUE_MAP:
        return append_members(value, out);
    }
    return false;
}

/* ---- Where things end ----------------------------------------------------------------------- */

static bool is_string_next(const struct rmv_cursor *cursor)
{
    size_t size = 0;
    while (size < 2 && rmv_cursor_peek(cursor, size) &&
           strchr("rRuU", rmv_cursor_peek(cursor, size)))
        size++;
    const char c = rmv_cursor_peek(cursor, size);
    return c == '"' || c == '\'';
}

/* Goes over tokens to the end of the statement, or of the literal that starts here: one in
 * brackets, strings in a row, or all up to what cannot be part of a number or word. */
static size_t end_of(const struct rmv_edit *edit, size_t offset, bool to_statement_end)
{
    struct rmv_cursor cursor = rmv_edit_cursor(edit, offset);
    const char *bracket = NULL, *behind = cursor.at;
    const bool is_string = is_string_next(&cursor);
    unsigned depth = 0;

    while (cursor.at < cursor.end && !rmv_python_skip_token(&cursor, &depth, &bracket)) {
        behind = cursor.at;
        if (depth == 0 && !to_statement_end && strchr(")]}", behind[-1]))
            break;
        rmv_python_skip_blanks(&cursor, depth > 0);
        if (depth > 0)
            continue;
        if (rmv_python_is_end(&cursor) ||
            (!to_statement_end &&
             (strchr(",)]}:", *cursor.at) || (is_string && !is_string_next(&cursor)))))
            break;
    }
    return (size_t)(behind - edit->text);
}

/* Behind the statement, with a comment behind it and its line break. */
static size_t line_behind(const struct rmv_edit *edit, size_t offset)
{
    return rmv_edit_line_end(edit, end_of(edit, offset, true));
}

/* ---- Proposals ------------------------------------------------------------------------------ */

static bool propose_change(struct rmv_edit *edit, const struct rmv_value *old)
{
    if (edit->attempt > 1 || !rmv_edit_offset_of(edit, old, &edit->from) ||
        edit->from >= edit->size)
        return false;
    edit->to = end_of(edit, edit->from, edit->attempt == 1);
    return append_value(edit->value, edit->text[edit->from] == '(', &edit->with);
}

/* The value, inside of as many maps as the path has more keys. */
static bool append_nested(const struct rmv_value *value, const char *rest, struct rmv_buf *out)
{
    size_t depth = 0;
    while (*rest) {
        const size_t size = strcspn(rest, ".");
        RMV_CLEANUP(rmv_str_free) char *key = rmv_str_copy_n(rest, size);
        rmv_buf_append_string(out, "{");
        rmv_json_format_text(key, out);
        rmv_buf_append_string(out, ": ");
        depth++;
        rest += size + (rest[size] == '.');
    }
    if (!append_value(value, false, out))
        return false;
    for (; depth > 0; depth--)
        rmv_buf_append_string(out, "}");
    return true;
}

/* `NAME = VALUE` as a statement, with what stands before the name. */
static bool append_statement(struct rmv_edit *edit, const char *start, size_t start_size,
                             const char *rest)
{
    const size_t size = strcspn(rest, ".");
    rmv_buf_append(&edit->with, start, start_size);
    rmv_buf_append(&edit->with, rest, size);
    rmv_buf_append_string(&edit->with, " = ");
    return append_nested(edit->value, rest + size + (rest[size] == '.'), &edit->with);
}

/* Behind the last value that the class assigns, and as that is. */
static bool propose_in_class(struct rmv_edit *edit, const struct rmv_value *values,
                             const char *rest)
{
    size_t last = 0;
    bool is_found = false;

    for (size_t i = 0; values->kind == RMV_VALUE_MAP && i < values->map.count; i++) {
        size_t offset;
        if (rmv_edit_offset_of(edit, &values->map.members[i].value, &offset) && offset >= last) {
            last = offset;
            is_found = true;
        }
    }
    if (!is_found)
        return false;
    const size_t start = rmv_edit_line_start(edit, last);
    size_t size = strspn(edit->text + start, " \t");
    if (strncmp(edit->text + start + size, "self.", strlen("self.")) == 0)
        size += strlen("self.");
    if (!append_statement(edit, edit->text + start, size, rest))
        return false;
    rmv_edit_insert_line(edit, line_behind(edit, last));
    return true;
}

static bool propose_in_dictionary(struct rmv_edit *edit, size_t offset, const char *rest)
{
    const size_t size = strcspn(rest, ".");
    RMV_CLEANUP(rmv_str_free) char *key = rmv_str_copy_n(rest, size);

    if (offset >= edit->size || edit->text[offset] != '{')
        return false;
    rmv_json_format_text(key, &edit->with);
    rmv_buf_append_string(&edit->with, ": ");
    if (!append_nested(edit->value, rest + size + (rest[size] == '.'), &edit->with))
        return false;
    rmv_edit_insert_in_braces(edit, end_of(edit, offset, false));
    return true;
}

static bool propose_addition(struct rmv_edit *edit, const struct rmv_value *found, const char *rest)
{
    size_t offset;

    if (edit->attempt > 0)
        return false;
    if (found != edit->before && rmv_edit_offset_of(edit, found, &offset))
        return propose_in_dictionary(edit, offset, rest);
    if (found != edit->before)
        return propose_in_class(edit, found, rest);
    if (!append_statement(edit, "", 0, rest))
        return false;
    rmv_edit_insert_line(edit, edit->size);
    return true;
}

static bool propose_removal(struct rmv_edit *edit, const struct rmv_value *old)
{
    size_t offset;
    if (!rmv_edit_offset_of(edit, old, &offset) || offset >= edit->size)
        return false;
    if (edit->attempt == 1)
        return rmv_edit_remove_from_braces(edit, offset, end_of(edit, offset, false));
    edit->from = rmv_edit_line_start(edit, offset);
    edit->to = line_behind(edit, offset);
    return edit->attempt == 0;
}

bool rmv_python_propose(struct rmv_edit *edit)
{
    const char *rest = NULL;
    size_t found_size = 0;
    const struct rmv_value *found = rmv_edit_find(edit, &rest, &found_size);

    if (!edit->value)
        return propose_removal(edit, found);
    return *rest ? propose_addition(edit, found, rest) : propose_change(edit, found);
}
