/* Where the values of a YAML document are in its text, as libyaml's nodes have it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct rmv_yaml_editor {
    const char *text;
    size_t size;
    yaml_document_t document;
    bool is_loaded;
};
void rmv_yaml_editor_free(struct rmv_yaml_editor *editor);

/* Loads the text; `is_loaded` says whether it could be. */
void rmv_yaml_editor_load(struct rmv_yaml_editor *editor);

/* The place in the text of a mark, and behind the last character of a node. */
size_t rmv_yaml_offset_of(const struct rmv_yaml_editor *editor, yaml_mark_t mark);
size_t rmv_yaml_end_of(struct rmv_yaml_editor *editor, const yaml_node_t *node);

/* Behind the line of `at`; its start, if nothing but blanks is before it, otherwise `at`. */
size_t rmv_yaml_line_end(const struct rmv_yaml_editor *editor, size_t at);
size_t rmv_yaml_line_start(const struct rmv_yaml_editor *editor, size_t at);
bool rmv_yaml_is_space(char c);

/* A place in the document: `key` and `value` of a member, or the value alone of a list's item. */
struct rmv_yaml_place {
    yaml_node_t *parent, *key, *value;
};

/* Follows `path` as far as it exists; `*rest` is what does not. */
void rmv_yaml_find_place(struct rmv_yaml_editor *editor, const char *path,
                         struct rmv_yaml_place *place, const char **rest);
