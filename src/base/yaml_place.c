#include "base/yaml_place.h"

#include <stdlib.h>
#include <string.h>

#include "base/value_path.h"
#include "rmv/base/mem.h"

#define UTF8_MARK "\xef\xbb\xbf"

void rmv_yaml_editor_free(struct rmv_yaml_editor *editor)
{
    if (editor->is_loaded)
        yaml_document_delete(&editor->document);
}

void rmv_yaml_editor_load(struct rmv_yaml_editor *editor)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return;
    yaml_parser_set_input_string(&parser, (const unsigned char *)editor->text, editor->size);
    editor->is_loaded = yaml_parser_load(&parser, &editor->document) != 0;
    yaml_parser_delete(&parser);
}

/* Marks count characters. */
size_t rmv_yaml_offset_of(const struct rmv_yaml_editor *editor, yaml_mark_t mark)
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

bool rmv_yaml_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the last character of a node; what libyaml calls the end of a block is where the next
 * thing starts. NULL nodes and aliases are told by the caller's final comparison. */
size_t rmv_yaml_end_of(struct rmv_yaml_editor *editor, const yaml_node_t *node)
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
    size_t end = rmv_yaml_offset_of(editor, node->end_mark);
    const size_t start = rmv_yaml_offset_of(editor, node->start_mark);
    while (end > start && rmv_yaml_is_space(editor->text[end - 1]))
        end--;
    return end;
}

size_t rmv_yaml_line_end(const struct rmv_yaml_editor *editor, size_t at)
{
    while (at < editor->size && editor->text[at] != '\n')
        at++;
    return at < editor->size ? at + 1 : at;
}

/* The start of the line of `at`, if nothing but blanks is before it; otherwise `at`. */
size_t rmv_yaml_line_start(const struct rmv_yaml_editor *editor, size_t at)
{
    size_t start = at;
    while (start > 0 && (editor->text[start - 1] == ' ' || editor->text[start - 1] == '\t'))
        start--;
    return start == 0 || editor->text[start - 1] == '\n' ? start : at;
}

static bool find_member(struct rmv_yaml_editor *editor, const char *name,
                        struct rmv_yaml_place *place)
{
    yaml_node_t *map = place->value;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top;
         pair++) {
        yaml_node_t *key = yaml_document_get_node(&editor->document, pair->key);
        if (!key || key->type != YAML_SCALAR_NODE ||
            strcmp((const char *)key->data.scalar.value, name) != 0)
            continue;
        *place = (struct rmv_yaml_place){map, key,
                                         yaml_document_get_node(&editor->document, pair->value)};
        return true;
    }
    return false;
}

static bool find_item(struct rmv_yaml_editor *editor, const char *name,
                      struct rmv_yaml_place *place)
{
    yaml_node_t *list = place->value;
    const size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    const size_t index = strtoul(name, NULL, 10);
    if (index >= count)
        return false;
    *place = (struct rmv_yaml_place){
        list, NULL,
        yaml_document_get_node(&editor->document, list->data.sequence.items.start[index])};
    return true;
}

/* Follows `path` as far as it exists; `*rest` is what does not. */
void rmv_yaml_find_place(struct rmv_yaml_editor *editor, const char *path,
                         struct rmv_yaml_place *place, const char **rest)
{
    *place = (struct rmv_yaml_place){.value = yaml_document_get_root_node(&editor->document)};
    for (*rest = path; **rest && place->value;) {
        const char *next = *rest;
        RMV_CLEANUP(rmv_str_free) char *key = rmv_value_path_take(&next);
        const bool is_found =
            (place->value->type == YAML_MAPPING_NODE && find_member(editor, key, place)) ||
            (place->value->type == YAML_SEQUENCE_NODE && find_item(editor, key, place));
        if (!is_found)
            return;
        *rest = next;
    }
}
