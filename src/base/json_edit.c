/* Changing values of JSON documents, see base/edit.h. The text is known to be one. */
#include <string.h>

#include "base/edit.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml_edit.h"

/* Behind the string, the brackets with all inside, or the word that starts at `offset`. */
static size_t value_end(const struct rmv_edit *edit, size_t offset)
{
    size_t at = offset, depth = 0;
    bool is_string = false;

    for (; at < edit->size; at++) {
        const char c = edit->text[at];
        if (is_string) {
            at += c == '\\';
            is_string = c != '"';
        } else if (depth == 0 && at > offset && strchr(" \t\r\n,]}", c)) {
            return at;
        } else {
            is_string = c == '"';
            depth += c == '[' || c == '{';
            depth -= depth > 0 && (c == ']' || c == '}');
        }
        if (depth == 0 && !is_string && strchr("\"]}", c))
            return at + 1;
    }
    return edit->size;
}

/* `"KEY": VALUE`, with maps for further keys of the path. */
static void append_member(struct rmv_edit *edit, const char *rest)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_value_set_map(&map);
    if (rmv_value_set_path(&map, rest, edit->value))
        return;
    rmv_json_format(&map, false, &text);
    rmv_buf_append(&edit->with, text.data + 1, text.size - 2);
}

/* Members that have lines of their own get one more. */
static void insert_line(struct rmv_edit *edit, size_t last, size_t brace)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    const size_t start = rmv_edit_line_start(edit, last);
    size_t at = brace;

    while (at > 0 && strchr(" \t\r\n", edit->text[at - 1]))
        at--;
    rmv_buf_append_string(&line, ",\n");
    rmv_buf_append(&line, edit->text + start, strspn(edit->text + start, " \t"));
    rmv_buf_append(&line, edit->with.data, edit->with.size);
    rmv_buf_swap(&edit->with, &line);
    edit->from = edit->to = at;
}

static bool propose_addition(struct rmv_edit *edit, const struct rmv_value *map, const char *rest)
{
    size_t offset, last;

    if (map->kind != RMV_VALUE_MAP || !rmv_edit_offset_of(edit, map, &offset))
        return false;
    const size_t brace = value_end(edit, offset) - 1;
    append_member(edit, rest);
    const struct rmv_member *members = map->map.members;
    const bool has_last =
        map->map.count > 0 && rmv_edit_offset_of(edit, &members[map->map.count - 1].value, &last);
    if (has_last && rmv_edit_line_start(edit, brace) > last)
        insert_line(edit, last, brace);
    else
        rmv_edit_insert_in_braces(edit, brace + 1);
    return true;
}

bool rmv_json_propose(struct rmv_edit *edit)
{
    const char *rest = NULL;
    size_t found_size = 0, offset;
    const struct rmv_value *found = rmv_edit_find(edit, &rest, &found_size);

    if (edit->attempt > 0)
        return false;
    if (edit->value && *rest)
        return propose_addition(edit, found, rest);
    if (!rmv_edit_offset_of(edit, found, &offset) || offset >= edit->size)
        return false;
    if (!edit->value)
        return rmv_edit_remove_from_braces(edit, offset, value_end(edit, offset));
    edit->from = offset;
    edit->to = value_end(edit, offset);
    rmv_json_format(edit->value, false, &edit->with);
    return true;
}
