#include "dataset/tree_find.h"

#include <string.h>

#include "dataset/trees.h"
#include "rmv/base/mem.h"

const struct rmv_error *rmv_tree_find(const struct rmv_buf *text, const char *name,
                                      struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_tree_reader_free) struct rmv_tree_reader reader = {0};
    struct rmv_tree_entry next;
    bool found = true;

    *entry = (struct rmv_tree_entry){0};
    const struct rmv_error *err = rmv_tree_open(text->data, text->size, &reader);
    while (!err && found && !entry->type) {
        err = rmv_tree_next(&reader, &next, &found);
        if (!err && found && strcmp(next.name, name) == 0)
            *entry = next;
    }
    entry->name = NULL;
    return err;
}

const struct rmv_error *rmv_tree_find_path(struct rmv_workspace *workspace,
                                           const struct rmv_tree_entry *start, const char *path,
                                           struct rmv_tree_entry *entry)
{
    struct rmv_tree_entry at = *start;
    while (*path && at.type) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        const size_t size = strcspn(path, "/");
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(path, size);
        const struct rmv_error *err = NULL;

        if (at.type == 'd')
            err = rmv_trees_get(workspace, &at.id, &text);
        if (!err && at.type == 'd')
            err = rmv_tree_find(&text, name, &at);
        else
            at = (struct rmv_tree_entry){0};
        if (err)
            return err;
        path += size + (path[size] == '/');
    }
    *entry = at;
    return NULL;
}
