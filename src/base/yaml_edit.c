#include "rmv/base/yaml_edit.h"

#include <string.h>

#include "base/value_path.h"
#include "base/yaml_place.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

/* ---- Text for values ------------------------------------------------------------------------- */

/* A key in braces: quoted unless it is a word that YAML takes for itself. */
static void append_key(struct rmv_buf *out, const char *key)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};

    rmv_value_set_text(&value, key);
    rmv_yaml_format(&value, &text);
    const bool is_word = *key && !key[strspn(key, "abcdefghijklmnopqrstuvwxyz"
                                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")];
    if (is_word && text.size == strlen(key) + 1)
        rmv_buf_append_string(out, key);
    else
        rmv_json_format_text(key, out);
}

/* A value on one line. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which was parsed within a limit. */
static void append_inline(struct rmv_buf *out, const struct rmv_value *value, bool is_inside)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (value->kind == RMV_VALUE_LIST) {
        rmv_buf_append_string(out, "[");
        for (size_t i = 0; i < value->list.count; i++) {
            rmv_buf_append_string(out, i ? ", " : "");
            append_inline(out, &value->list.items[i], true);
        }
        rmv_buf_append_string(out, "]");
        return;
    }
    if (value->kind == RMV_VALUE_MAP) {
        rmv_buf_append_string(out, "{");
        for (size_t i = 0; i < value->map.count; i++) {
            rmv_buf_append_string(out, i ? ", " : "");
            append_key(out, value->map.members[i].key);
            rmv_buf_append_string(out, ": ");
            append_inline(out, &value->map.members[i].value, true);
        }
        rmv_buf_append_string(out, "}");
        return;
    }
    rmv_yaml_format(value, &text);
    while (text.size && text.data[text.size - 1] == '\n')
        text.size--;
    if (value->kind == RMV_VALUE_STRING && (is_inside || memchr(text.data, '\n', text.size)))
        rmv_json_format_text(value->text, out);
    else
        rmv_buf_append(out, text.data, text.size);
}

/* The value as lines `indent` columns in. */
static void append_lines(struct rmv_buf *out, const struct rmv_value *value, size_t indent)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_yaml_format(value, &text);
    const char *end = text.data + text.size;
    for (const char *line = text.data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const char *next = stop ? stop + 1 : end;
        for (size_t i = 0; i < indent; i++)
            rmv_buf_append_string(out, " ");
        rmv_buf_append(out, line, (size_t)(next - line));
        line = next;
    }
}

/* The member `rest`, which may be several levels deep, in the same way. */
static void append_member(struct rmv_buf *out, const char *rest, const struct rmv_value *value,
                          size_t indent)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};

    rmv_value_set_map(&map);
    if (!rmv_value_set_path(&map, rest, value))
        append_lines(out, &map, indent);
}

/* ---- Changing -------------------------------------------------------------------------------- */

static void splice(const struct rmv_yaml_editor *editor, size_t from, size_t to,
                   const struct rmv_buf *with, struct rmv_buf *out)
{
    rmv_buf_append(out, editor->text, from);
    rmv_buf_append(out, with->data, with->size);
    rmv_buf_append(out, editor->text + to, editor->size - to);
}

static bool is_block_item(const struct rmv_yaml_place *place)
{
    return !place->key && place->parent && place->parent->type == YAML_SEQUENCE_NODE &&
           place->parent->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE;
}

/* Text behind a dash gets lines of its own for a map; a comment stays behind the key. */
static void open_item(struct rmv_yaml_editor *editor, const yaml_node_t *node,
                      const struct rmv_value *map, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t column = node->start_mark.column, end = rmv_yaml_end_of(editor, node);

    append_lines(&text, map, column);
    const size_t first = strcspn(rmv_buf_string(&text), "\n"),
                 rest = rmv_yaml_line_end(editor, end);
    rmv_buf_append(out, editor->text, rmv_yaml_offset_of(editor, node->start_mark));
    rmv_buf_append(out, text.data + column, first - column);
    rmv_buf_append(out, editor->text + end, rest - end);
    if (out->data[out->size - 1] != '\n')
        rmv_buf_append_string(out, "\n");
    rmv_buf_append(out, text.data + first + 1, text.size - first - 1);
    rmv_buf_append(out, editor->text + rest, editor->size - rest);
}

/* The other way: of a map of one key, only that is left, and a comment behind it. False if its
 * value is on the same line. */
static bool close_item(struct rmv_yaml_editor *editor, const yaml_node_t *map, struct rmv_buf *out)
{
    const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
    if (map->data.mapping.pairs.top - pair != 1)
        return false;
    const yaml_node_t *key = yaml_document_get_node(&editor->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(&editor->document, pair->value);
    const size_t end = rmv_yaml_offset_of(editor, key->end_mark),
                 rest = rmv_yaml_line_end(editor, end);

    if (rmv_yaml_offset_of(editor, value->start_mark) < rest || end == editor->size ||
        editor->text[end] != ':')
        return false;
    rmv_buf_append(out, editor->text, end);
    rmv_buf_append(out, editor->text + end + 1, rest - end - 1);
    const size_t behind = rmv_yaml_line_end(editor, rmv_yaml_end_of(editor, map));
    rmv_buf_append(out, editor->text + behind, editor->size - behind);
    return true;
}

static void replace_value(struct rmv_yaml_editor *editor, const struct rmv_yaml_place *place,
                          const struct rmv_value *value, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const yaml_node_t *node = place->value;
    const size_t start = rmv_yaml_offset_of(editor, node->start_mark);
    const size_t end = rmv_yaml_end_of(editor, node);

    if (is_block_item(place) && node->type == YAML_SCALAR_NODE && value->kind == RMV_VALUE_MAP &&
        value->map.count) {
        open_item(editor, node, value, out);
        return;
    }
    if (is_block_item(place) && node->type == YAML_MAPPING_NODE &&
        value->kind == RMV_VALUE_STRING && close_item(editor, node, out))
        return;
    if (start > 0 && !strchr(" \t\n[{", editor->text[start - 1]))
        rmv_buf_append_string(&text, " ");
    append_inline(&text, value, false);
    splice(editor, start, end < start ? start : end, &text, out);
}

static void insert_member(struct rmv_yaml_editor *editor, const yaml_node_t *map, const char *rest,
                          const struct rmv_value *value, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value member = {0};
    const bool is_empty = map->data.mapping.pairs.top == map->data.mapping.pairs.start;
    size_t at;

    if (map->data.mapping.style == YAML_FLOW_MAPPING_STYLE) {
        const size_t end = rmv_yaml_offset_of(editor, map->end_mark);
        rmv_value_set_map(&member);
        if (end == 0 || rmv_value_set_path(&member, rest, value))
            return;
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf braced = {0};
        append_inline(&braced, &member, true);
        for (at = end - 1; at > 0 && rmv_yaml_is_space(editor->text[at - 1]);)
            at--;
        rmv_buf_append_string(&text, is_empty ? "" : ", ");
        rmv_buf_append(&text, braced.data + 1, braced.size - 2);
    } else {
        at = rmv_yaml_line_end(editor, rmv_yaml_end_of(editor, map));
        if (at > 0 && editor->text[at - 1] != '\n')
            rmv_buf_append_string(&text, "\n");
        append_member(&text, rest, value, map->start_mark.column);
    }
    splice(editor, at, at, &text, out);
}

static void edit_set(struct rmv_yaml_editor *editor, const char *path,
                     const struct rmv_value *value, struct rmv_buf *out)
{
    struct rmv_yaml_place place;
    const char *rest;

    rmv_yaml_find_place(editor, path, &place, &rest);
    if (!place.value) { /* an empty document, or one of comments */
        rmv_buf_append(out, editor->text, editor->size);
        if (out->size && out->data[out->size - 1] != '\n')
            rmv_buf_append_string(out, "\n");
        append_member(out, path, value, 0);
    } else if (!*rest) {
        replace_value(editor, &place, value, out);
    } else if (place.value->type == YAML_MAPPING_NODE) {
        insert_member(editor, place.value, rest, value, out);
    }
}

static void append_item(struct rmv_yaml_editor *editor, const yaml_node_t *list,
                        const struct rmv_value *value, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value items = {0};
    const bool is_empty = list->data.sequence.items.top == list->data.sequence.items.start;
    size_t at;

    if (list->data.sequence.style == YAML_FLOW_SEQUENCE_STYLE) {
        for (at = rmv_yaml_offset_of(editor, list->end_mark) - 1;
             at > 0 && rmv_yaml_is_space(editor->text[at - 1]);)
            at--;
        rmv_buf_append_string(&text, is_empty ? "" : ", ");
        append_inline(&text, value, true);
    } else {
        at = rmv_yaml_line_end(editor, rmv_yaml_end_of(editor, list));
        if (at > 0 && editor->text[at - 1] != '\n')
            rmv_buf_append_string(&text, "\n");
        rmv_value_copy(rmv_value_append(&items), value);
        append_lines(&text, &items, list->start_mark.column);
    }
    splice(editor, at, at, &text, out);
}

static void edit_append(struct rmv_yaml_editor *editor, const char *path,
                        const struct rmv_value *value, struct rmv_buf *out)
{
    struct rmv_yaml_place place;
    const char *rest;

    rmv_yaml_find_place(editor, path, &place, &rest);
    if (place.value && !*rest && place.value->type == YAML_SEQUENCE_NODE)
        append_item(editor, place.value, value, out);
}

/* In brackets and braces, the comma behind it goes too, or else the one before. */
static void remove_inline(const struct rmv_yaml_editor *editor, size_t start, size_t end,
                          struct rmv_buf *out)
{
    static const struct rmv_buf nothing = {0};
    size_t behind = end, before = start;

    while (behind < editor->size && rmv_yaml_is_space(editor->text[behind]))
        behind++;
    while (before > 0 && rmv_yaml_is_space(editor->text[before - 1]))
        before--;
    if (behind < editor->size && editor->text[behind] == ',') {
        for (end = behind + 1; end < editor->size && editor->text[end] == ' ';)
            end++;
    } else if (before > 0 && editor->text[before - 1] == ',') {
        start = before - 1;
    }
    splice(editor, start, end, &nothing, out);
}

static void edit_remove(struct rmv_yaml_editor *editor, const char *path, struct rmv_buf *out)
{
    static const struct rmv_buf nothing = {0};
    struct rmv_yaml_place place;
    const char *rest;

    rmv_yaml_find_place(editor, path, &place, &rest);
    if (*rest || !place.parent)
        return;
    const bool is_inline = place.key
                               ? place.parent->data.mapping.style == YAML_FLOW_MAPPING_STYLE
                               : place.parent->data.sequence.style == YAML_FLOW_SEQUENCE_STYLE;
    const yaml_node_t *first = place.key ? place.key : place.value;
    size_t from = rmv_yaml_offset_of(editor, first->start_mark);
    const size_t value_end = rmv_yaml_end_of(editor, place.value);
    const size_t first_end = rmv_yaml_offset_of(editor, first->end_mark);
    const size_t end = value_end > first_end || !place.key ? value_end : first_end;

    if (is_inline) {
        remove_inline(editor, from, end, out);
        return;
    }
    if (!place.key) { /* from the dash on */
        while (from > 0 && editor->text[from - 1] == ' ')
            from--;
        if (from == 0 || editor->text[from - 1] != '-')
            return;
        from--;
    }
    const size_t start = rmv_yaml_line_start(editor, from);
    if (start < from || from == 0 || editor->text[from - 1] == '\n')
        splice(editor, start, rmv_yaml_line_end(editor, end), &nothing, out);
}

/* Makes a change in the text. False where that cannot be done such that it means `expected`. */
static bool edit(const char *name, const struct rmv_buf *text, const struct rmv_yaml_change *change,
                 const struct rmv_value *expected, struct rmv_buf *edited)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value actual = {0};
    RMV_CLEANUP(rmv_yaml_editor_free)
    struct rmv_yaml_editor editor = {.text = text->size ? text->data : "", .size = text->size};

    rmv_yaml_editor_load(&editor);
    if (!editor.is_loaded)
        return false;
    if (change->kind == RMV_YAML_SET)
        edit_set(&editor, change->path, change->value, edited);
    else if (change->kind == RMV_YAML_REMOVE)
        edit_remove(&editor, change->path, edited);
    else
        edit_append(&editor, change->path, change->value, edited);
    return edited->size && !rmv_yaml_parse(name, edited->data, edited->size, &actual) &&
           rmv_value_equal(&actual, expected);
}

/* In place or, where that cannot be, by writing all of it anew. */
static void edit_or_format(const char *name, const struct rmv_buf *text,
                           const struct rmv_yaml_change *change, const struct rmv_value *expected,
                           struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf edited = {0};
    if (!edit(name, text, change, expected, &edited)) {
        rmv_buf_free(&edited);
        rmv_yaml_format(expected, &edited);
    }
    rmv_buf_swap(new_text, &edited);
}

const struct rmv_error *rmv_yaml_set(const char *name, const struct rmv_buf *text, const char *path,
                                     const struct rmv_value *value, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    const struct rmv_yaml_change change = {.kind = RMV_YAML_SET, .path = path, .value = value};

    const struct rmv_error *err = rmv_yaml_parse(name, text->data, text->size, &expected);
    if (!err)
        err = rmv_value_set_path(&expected, path, value);
    if (!err)
        edit_or_format(name, text, &change, &expected, new_text);
    return err;
}

const struct rmv_error *rmv_yaml_remove(const char *name, const struct rmv_buf *text,
                                        const char *path, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    const struct rmv_yaml_change change = {.kind = RMV_YAML_REMOVE, .path = path};

    const struct rmv_error *err = rmv_yaml_parse(name, text->data, text->size, &expected);
    if (!err)
        err = rmv_value_remove_path(&expected, path);
    if (!err)
        edit_or_format(name, text, &change, &expected, new_text);
    return err;
}

const struct rmv_error *rmv_yaml_change(const char *name, const struct rmv_buf *text,
                                        const struct rmv_yaml_change *change,
                                        struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf edited = {0};

    const struct rmv_error *err = rmv_yaml_parse(name, text->data, text->size, &expected);
    if (!err)
        err = rmv_value_change(&expected, change);
    if (err)
        return err;
    if (!edit(name, text, change, &expected, &edited))
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "%s: '%s' cannot be changed in place: the way it is written is too clever",
                         name, change->path);
    rmv_buf_swap(new_text, &edited);
    return NULL;
}
