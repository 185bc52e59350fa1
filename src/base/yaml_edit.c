#include "rmv/base/yaml_edit.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

#define UTF8_MARK "\xef\xbb\xbf"

/* ---- In memory ------------------------------------------------------------------------------- */

/* The item that `key` is of `value`: NULL if there is none. */
static struct rmv_value *find_child(struct rmv_value *value, const char *key)
{
    char *end = NULL;
    if (value->kind == RMV_VALUE_MAP)
        return rmv_value_find(value, key);
    if (value->kind != RMV_VALUE_LIST || *key < '0' || *key > '9')
        return NULL;
    const unsigned long index = strtoul(key, &end, 10);
    return *end == '\0' && index < value->list.count ? &value->list.items[index] : NULL;
}

/* Cuts the first key off a dotted path; the caller frees it. */
static char *take_key(const char **path)
{
    const size_t size = strcspn(*path, ".");
    char *key = rmv_str_copy_n(*path, size);
    *path += size + ((*path)[size] == '.');
    return key;
}

const struct rmv_error *rmv_value_set_path(struct rmv_value *document, const char *path,
                                           const struct rmv_value *value)
{
    const char *rest = path;
    struct rmv_value *at = document;

    while (*rest) {
        RMV_CLEANUP(rmv_str_free) char *key = take_key(&rest);
        struct rmv_value *child = find_child(at, key);
        if (!child && at->kind != RMV_VALUE_MAP && at->kind != RMV_VALUE_NULL)
            return rmv_error(RMV_ERR_CONFLICT, "'%s' cannot be set: there is no '%s' in %s", path,
                             key, rmv_value_kind_name(at->kind));
        at = child ? child : rmv_value_add(at, key);
    }
    rmv_value_copy(at, value);
    return NULL;
}

const struct rmv_error *rmv_value_remove_path(struct rmv_value *document, const char *path)
{
    const char *rest = path;
    struct rmv_value *at = document;

    for (;;) {
        RMV_CLEANUP(rmv_str_free) char *key = take_key(&rest);
        struct rmv_value *child = find_child(at, key);
        if (!child)
            return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s'", path);
        if (*rest) {
            at = child;
            continue;
        }
        if (at->kind != RMV_VALUE_MAP)
            return rmv_error(RMV_ERR_CONFLICT, "'%s' is no member of a map", path);
        rmv_value_remove(at, key);
        return NULL;
    }
}

/* ---- Where things are in the text ------------------------------------------------------------ */

struct editor {
    const char *text;
    size_t size;
    yaml_document_t document;
    bool is_loaded;
};

static void editor_free(struct editor *editor)
{
    if (editor->is_loaded)
        yaml_document_delete(&editor->document);
}

static void load(struct editor *editor)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return;
    yaml_parser_set_input_string(&parser, (const unsigned char *)editor->text, editor->size);
    editor->is_loaded = yaml_parser_load(&parser, &editor->document) != 0;
    yaml_parser_delete(&parser);
}

/* Marks count characters. */
static size_t offset_of(const struct editor *editor, yaml_mark_t mark)
{
    const size_t head = strlen(UTF8_MARK);
    size_t at = editor->size >= head && memcmp(editor->text, UTF8_MARK, head) == 0 ? head : 0;
    for (size_t left = mark.index; left > 0 && at < editor->size; left--) {
        at++;
        while (at < editor->size && ((unsigned char)editor->text[at] & 0xc0) == 0x80)
            at++;
    }
    return at;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the last character of a node; what libyaml calls the end of a block is where the next
 * thing starts. NULL nodes and aliases are told by the caller's final comparison. */
static size_t end_of(struct editor *editor, const yaml_node_t *node)
{
    for (;;) {
        int last = 0;
        if (node->type == YAML_MAPPING_NODE &&
            node->data.mapping.style != YAML_FLOW_MAPPING_STYLE &&
            node->data.mapping.pairs.top > node->data.mapping.pairs.start)
            last = node->data.mapping.pairs.top[-1].value;
        else if (node->type == YAML_SEQUENCE_NODE &&
                 node->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE &&
                 node->data.sequence.items.top > node->data.sequence.items.start)
            last = node->data.sequence.items.top[-1];
        const yaml_node_t *inside = last ? yaml_document_get_node(&editor->document, last) : NULL;
        if (!inside || inside->start_mark.index < node->start_mark.index)
            break;
        node = inside;
    }
    size_t end = offset_of(editor, node->end_mark);
    const size_t start = offset_of(editor, node->start_mark);
    while (end > start && is_space(editor->text[end - 1]))
        end--;
    return end;
}

static size_t line_end(const struct editor *editor, size_t at)
{
    while (at < editor->size && editor->text[at] != '\n')
        at++;
    return at < editor->size ? at + 1 : at;
}

/* The start of the line of `at`, if nothing but blanks is before it; otherwise `at`. */
static size_t line_start(const struct editor *editor, size_t at)
{
    size_t start = at;
    while (start > 0 && (editor->text[start - 1] == ' ' || editor->text[start - 1] == '\t'))
        start--;
    return start == 0 || editor->text[start - 1] == '\n' ? start : at;
}

/* A place in the document: `key` and `value` of a member, or the value alone of a list's item. */
struct place {
    yaml_node_t *parent, *key, *value;
};

static bool find_member(struct editor *editor, const char *name, struct place *place)
{
    yaml_node_t *map = place->value;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top;
         pair++) {
        yaml_node_t *key = yaml_document_get_node(&editor->document, pair->key);
        if (!key || key->type != YAML_SCALAR_NODE ||
            strcmp((const char *)key->data.scalar.value, name) != 0)
            continue;
        *place = (struct place){map, key, yaml_document_get_node(&editor->document, pair->value)};
        return true;
    }
    return false;
}

static bool find_item(struct editor *editor, const char *name, struct place *place)
{
    yaml_node_t *list = place->value;
    const size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    const size_t index = strtoul(name, NULL, 10);
    if (index >= count)
        return false;
    *place = (struct place){
        list, NULL,
        yaml_document_get_node(&editor->document, list->data.sequence.items.start[index])};
    return true;
}

/* Follows `path` as far as it exists; `*rest` is what does not. */
static void find_place(struct editor *editor, const char *path, struct place *place,
                       const char **rest)
{
    *place = (struct place){.value = yaml_document_get_root_node(&editor->document)};
    for (*rest = path; **rest && place->value;) {
        const char *next = *rest;
        RMV_CLEANUP(rmv_str_free) char *key = take_key(&next);
        const bool is_found =
            (place->value->type == YAML_MAPPING_NODE && find_member(editor, key, place)) ||
            (place->value->type == YAML_SEQUENCE_NODE && find_item(editor, key, place));
        if (!is_found)
            return;
        *rest = next;
    }
}

/* ---- Text for values ------------------------------------------------------------------------- */

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
            rmv_json_format_text(value->map.members[i].key, out);
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

/* The member `rest`, which may be several levels deep, as lines `indent` columns in. */
static void append_member(struct rmv_buf *out, const char *rest, const struct rmv_value *value,
                          size_t indent)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_value_set_map(&map);
    if (rmv_value_set_path(&map, rest, value))
        return;
    rmv_yaml_format(&map, &text);
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

/* ---- Changing -------------------------------------------------------------------------------- */

static void splice(const struct editor *editor, size_t from, size_t to, const struct rmv_buf *with,
                   struct rmv_buf *out)
{
    rmv_buf_append(out, editor->text, from);
    rmv_buf_append(out, with->data, with->size);
    rmv_buf_append(out, editor->text + to, editor->size - to);
}

static void replace_value(struct editor *editor, const yaml_node_t *node,
                          const struct rmv_value *value, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t start = offset_of(editor, node->start_mark);
    const size_t end = end_of(editor, node);

    if (start > 0 && !strchr(" \t\n[{", editor->text[start - 1]))
        rmv_buf_append_string(&text, " ");
    append_inline(&text, value, false);
    splice(editor, start, end < start ? start : end, &text, out);
}

static void insert_member(struct editor *editor, const yaml_node_t *map, const char *rest,
                          const struct rmv_value *value, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value member = {0};
    const bool is_empty = map->data.mapping.pairs.top == map->data.mapping.pairs.start;
    size_t at;

    if (map->data.mapping.style == YAML_FLOW_MAPPING_STYLE) {
        const size_t end = offset_of(editor, map->end_mark);
        rmv_value_set_map(&member);
        if (end == 0 || rmv_value_set_path(&member, rest, value))
            return;
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf braced = {0};
        append_inline(&braced, &member, true);
        for (at = end - 1; at > 0 && is_space(editor->text[at - 1]);)
            at--;
        rmv_buf_append_string(&text, is_empty ? "" : ", ");
        rmv_buf_append(&text, braced.data + 1, braced.size - 2);
    } else {
        at = line_end(editor, end_of(editor, map));
        if (at > 0 && editor->text[at - 1] != '\n')
            rmv_buf_append_string(&text, "\n");
        append_member(&text, rest, value, map->start_mark.column);
    }
    splice(editor, at, at, &text, out);
}

static void edit_set(struct editor *editor, const char *path, const struct rmv_value *value,
                     struct rmv_buf *out)
{
    struct place place;
    const char *rest;

    find_place(editor, path, &place, &rest);
    if (!place.value) { /* an empty document, or one of comments */
        rmv_buf_append(out, editor->text, editor->size);
        if (out->size && out->data[out->size - 1] != '\n')
            rmv_buf_append_string(out, "\n");
        append_member(out, path, value, 0);
    } else if (!*rest) {
        replace_value(editor, place.value, value, out);
    } else if (place.value->type == YAML_MAPPING_NODE) {
        insert_member(editor, place.value, rest, value, out);
    }
}

static void edit_remove(struct editor *editor, const char *path, struct rmv_buf *out)
{
    static const struct rmv_buf nothing = {0};
    struct place place;
    const char *rest;

    find_place(editor, path, &place, &rest);
    if (*rest || !place.key || place.parent->data.mapping.style == YAML_FLOW_MAPPING_STYLE)
        return;
    const size_t key = offset_of(editor, place.key->start_mark);
    const size_t value_end = end_of(editor, place.value);
    const size_t key_end = offset_of(editor, place.key->end_mark);
    const size_t start = line_start(editor, key);
    if (start < key || key == 0 || editor->text[key - 1] == '\n')
        splice(editor, start, line_end(editor, value_end > key_end ? value_end : key_end), &nothing,
               out);
}

/* Takes the text as it was edited if it means `expected`, or else writes that anew. */
static void finish(const char *name, struct rmv_buf *edited, const struct rmv_value *expected,
                   struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value actual = {0};
    if (!edited->size || rmv_yaml_parse(name, edited->data, edited->size, &actual) ||
        !rmv_value_equal(&actual, expected)) {
        rmv_buf_free(edited);
        rmv_yaml_format(expected, edited);
    }
    rmv_buf_swap(new_text, edited);
}

const struct rmv_error *rmv_yaml_set(const char *name, const struct rmv_buf *text, const char *path,
                                     const struct rmv_value *value, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf edited = {0};
    RMV_CLEANUP(editor_free)
    struct editor editor = {.text = text->size ? text->data : "", .size = text->size};

    const struct rmv_error *err = rmv_yaml_parse(name, text->data, text->size, &expected);
    if (!err)
        err = rmv_value_set_path(&expected, path, value);
    if (err)
        return err;
    load(&editor);
    if (editor.is_loaded)
        edit_set(&editor, path, value, &edited);
    finish(name, &edited, &expected, new_text);
    return NULL;
}

const struct rmv_error *rmv_yaml_remove(const char *name, const struct rmv_buf *text,
                                        const char *path, struct rmv_buf *new_text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf edited = {0};
    RMV_CLEANUP(editor_free)
    struct editor editor = {.text = text->size ? text->data : "", .size = text->size};

    const struct rmv_error *err = rmv_yaml_parse(name, text->data, text->size, &expected);
    if (!err)
        err = rmv_value_remove_path(&expected, path);
    if (err)
        return err;
    load(&editor);
    if (editor.is_loaded)
        edit_remove(&editor, path, &edited);
    finish(name, &edited, &expected, new_text);
    return NULL;
}
