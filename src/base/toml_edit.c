/* Changing values of TOML documents, see base/edit.h. The text is known to be a document. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/cursor.h"
#include "base/edit.h"
#include "base/number.h"
#include "base/toml_scalar.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

/* ---- Values as text ------------------------------------------------------------------------- */

static bool append_value(const struct rmv_value *value, struct rmv_buf *out);

static void append_key(const char *key, struct rmv_buf *out)
{
    bool is_bare = *key != '\0';
    for (const char *c = key; *c; c++)
        is_bare = is_bare && (isalnum((unsigned char)*c) || *c == '_' || *c == '-');
    if (is_bare)
        rmv_buf_append_string(out, key);
    else
        rmv_json_format_text(key, out);
}

static void append_double(double number, struct rmv_buf *out)
{
    char text[RMV_NUMBER_TEXT_SIZE];
    if (isnan(number)) {
        rmv_buf_append_string(out, "nan");
    } else if (isinf(number)) {
        rmv_buf_append_string(out, number < 0 ? "-inf" : "inf");
    } else {
        rmv_number_format(number, text);
        rmv_buf_append_string(out, text);
    }
}

static bool append_members(const struct rmv_value *value, struct rmv_buf *out)
{
    rmv_buf_append_string(out, "{");
    for (size_t i = 0; i < value->map.count; i++) {
        rmv_buf_append_string(out, i ? ", " : " ");
        append_key(value->map.members[i].key, out);
        rmv_buf_append_string(out, " = ");
        if (!append_value(&value->map.members[i].value, out))
            return false;
    }
    rmv_buf_append_string(out, value->map.count ? " }" : "}");
    return true;
}

/* False for what TOML has no word for. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which was parsed within a limit. */
static bool append_value(const struct rmv_value *value, struct rmv_buf *out)
{
    switch (value->kind) {
    case RMV_VALUE_NULL:
        return false;
    case RMV_VALUE_BOOL:
    case RMV_VALUE_INT:
        rmv_scalar_format(value, out);
        return true;
    case RMV_VALUE_DOUBLE:
        append_double(value->number, out);
        return true;
    case RMV_VALUE_STRING:
        rmv_json_format_text(value->text, out);
        return true;
    case RMV_VALUE_LIST:
        rmv_buf_append_string(out, "[");
        for (size_t i = 0; i < value->list.count; i++) {
            rmv_buf_append_string(out, i ? ", " : "");
            if (!append_value(&value->list.items[i], out))
                return false;
        }
        rmv_buf_append_string(out, "]");
        return true;
    case RMV_VALUE_MAP:
        return append_members(value, out);
    }
    return false;
}

/* ---- Going over the text -------------------------------------------------------------------- */

/* Goes over a scalar, or all of a list or table in brackets. */
static void skip_value(struct rmv_cursor *cursor)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value scalar = {0};
    size_t depth = 0;

    do {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        const char c = rmv_cursor_peek(cursor, 0);
        const struct rmv_error *err = NULL;
        if (c == '"' || c == '\'')
            err = rmv_toml_read_string(cursor, true, &text);
        else if (c == '#')
            err = rmv_toml_skip_comment(cursor);
        else if (depth == 0 && c != '[' && c != '{')
            err = rmv_toml_read_scalar(cursor, &scalar);
        else
            cursor->at++;
        depth += c == '[' || c == '{';
        depth -= depth > 0 && (c == ']' || c == '}');
        if (err)
            return;
    } while (depth > 0 && cursor->at < cursor->end);
}

static size_t value_end(const struct rmv_edit *edit, size_t offset)
{
    struct rmv_cursor cursor = rmv_edit_cursor(edit, offset);
    skip_value(&cursor);
    return (size_t)(cursor.at - edit->text);
}

/* Goes over `a."b c".d =`. */
static void skip_key(struct rmv_cursor *cursor)
{
    while (cursor->at < cursor->end && !rmv_cursor_skip(cursor, "=")) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf part = {0};
        const char c = *cursor->at;
        if (c != '"' && c != '\'')
            cursor->at++;
        else if (rmv_toml_read_string(cursor, false, &part))
            return;
    }
    rmv_toml_skip_blanks(cursor);
}

/* ---- Tables --------------------------------------------------------------------------------- */

/* Goes to the next header or pair; false if there is none. */
static bool find_statement(struct rmv_cursor *cursor)
{
    do {
        if (rmv_toml_skip_comment(cursor))
            return false;
    } while (rmv_toml_skip_break(cursor));
    return cursor->at < cursor->end;
}

/* Sets `*end` to where the last pair of a table ends that has its header in the line at `header`,
 * or of what is above all headers if `is_root`. */
static bool find_table_end(const struct rmv_edit *edit, bool is_root, size_t header, size_t *end)
{
    struct rmv_cursor cursor = rmv_edit_cursor(edit, 0);
    const size_t wanted = rmv_edit_line_start(edit, header);
    bool is_inside = is_root;

    *end = 0;
    while (find_statement(&cursor)) {
        const size_t at = (size_t)(cursor.at - edit->text);
        if (*cursor.at == '[') {
            if (is_inside)
                return true;
            is_inside = !is_root && rmv_edit_line_start(edit, at) == wanted;
            cursor.at = edit->text + rmv_edit_line_end(edit, at);
        } else {
            skip_key(&cursor);
            skip_value(&cursor);
        }
        if (is_inside)
            *end = rmv_edit_line_end(edit, (size_t)(cursor.at - edit->text) - 1);
    }
    return is_inside;
}

/* The keys of a dotted path. */
static void append_path(struct rmv_buf *out, const char *path, size_t size)
{
    for (size_t at = 0; at < size;) {
        const size_t step_size = strcspn(path + at, ".");
        RMV_CLEANUP(rmv_str_free) char *key = rmv_str_copy_n(path + at, step_size);
        rmv_buf_append_string(out, at ? "." : "");
        append_key(key, out);
        at += step_size + 1;
    }
}

static bool append_pair(struct rmv_edit *edit, const char *path)
{
    append_path(&edit->with, path, strlen(path));
    rmv_buf_append_string(&edit->with, " = ");
    return append_value(edit->value, &edit->with);
}

/* ---- Proposals ------------------------------------------------------------------------------ */

/* A date is a date without quotes and a string in them. */
static bool is_bare_date(const struct rmv_edit *edit, size_t offset)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value scalar = {0};
    const char old = edit->text[offset];
    if (edit->value->kind != RMV_VALUE_STRING || old == '"' || old == '\'')
        return false;
    struct rmv_cursor cursor = {.name = "",
                                .start = edit->value->text,
                                .end = edit->value->text + strlen(edit->value->text),
                                .at = edit->value->text,
                                .counted = edit->value->text};
    return !rmv_toml_read_scalar(&cursor, &scalar) && cursor.at == cursor.end &&
           scalar.kind == RMV_VALUE_STRING;
}

static bool propose_change(struct rmv_edit *edit, const struct rmv_value *old)
{
    if (edit->attempt > 0 || !rmv_edit_offset_of(edit, old, &edit->from) ||
        edit->from >= edit->size)
        return false;
    edit->to = value_end(edit, edit->from);
    if (!is_bare_date(edit, edit->from))
        return append_value(edit->value, &edit->with);
    rmv_buf_append_string(&edit->with, edit->value->text);
    return true;
}

/* In the table's own lines, or its braces. */
static bool propose_in_table(struct rmv_edit *edit, const struct rmv_value *table, const char *rest)
{
    const bool is_root = table == edit->before;
    size_t offset = 0, end = 0;

    if (!is_root && !rmv_edit_offset_of(edit, table, &offset))
        return false;
    if (!append_pair(edit, rest))
        return false;
    if (!is_root && offset < edit->size && edit->text[offset] == '{') {
        rmv_edit_insert_in_braces(edit, value_end(edit, offset));
        return true;
    }
    if (!find_table_end(edit, is_root, offset, &end))
        return false;
    rmv_edit_insert_line(edit, end);
    return true;
}

/* Under a new header at the end of the document. */
static bool propose_new_table(struct rmv_edit *edit)
{
    const char *key = strrchr(edit->path, '.');
    if (!key)
        return false;
    rmv_buf_append_string(&edit->with, edit->size ? "\n[" : "[");
    append_path(&edit->with, edit->path, (size_t)(key - edit->path));
    rmv_buf_append_string(&edit->with, "]\n");
    if (!append_pair(edit, key + 1))
        return false;
    rmv_edit_insert_line(edit, edit->size);
    return true;
}

/* As a dotted key of a table further up. */
static bool propose_dotted(struct rmv_edit *edit, size_t found_size)
{
    for (size_t size = found_size; size > 0;) {
        size--;
        if (edit->path[size] != '.')
            continue;
        RMV_CLEANUP(rmv_str_free) char *above = rmv_str_copy_n(edit->path, size);
        const struct rmv_value *table = rmv_value_find_path(edit->before, above);
        if (table && table->line)
            return propose_in_table(edit, table, edit->path + size + 1);
    }
    return propose_in_table(edit, edit->before, edit->path);
}

static bool propose_addition(struct rmv_edit *edit, const struct rmv_value *table, const char *rest,
                             size_t found_size)
{
    const bool is_deep = strchr(rest, '.') != NULL;
    switch (edit->attempt) {
    case 0:
        return is_deep && propose_new_table(edit);
    case 1:
        return propose_in_table(edit, table, rest);
    case 2:
        return propose_new_table(edit);
    case 3:
        return propose_dotted(edit, found_size);
    default:
        return false;
    }
}

/* The line or lines of a pair, a member of braces, or a table with its lines. */
static bool propose_removal(struct rmv_edit *edit, const struct rmv_value *old)
{
    size_t from;
    if (!rmv_edit_offset_of(edit, old, &from) || from > edit->size)
        return false;
    edit->from = rmv_edit_line_start(edit, from);
    if (edit->attempt == 0) {
        edit->to = rmv_edit_line_end(edit, value_end(edit, from) - 1);
        return true;
    }
    if (edit->attempt == 1)
        return rmv_edit_remove_from_braces(edit, from, value_end(edit, from));
    return edit->attempt == 2 && find_table_end(edit, false, from, &edit->to);
}

bool rmv_toml_propose(struct rmv_edit *edit)
{
    const char *rest = NULL;
    size_t found_size = 0;
    const struct rmv_value *found = rmv_edit_find(edit, &rest, &found_size);

    if (!edit->value)
        return propose_removal(edit, found);
    return *rest ? propose_addition(edit, found, rest, found_size) : propose_change(edit, found);
}
