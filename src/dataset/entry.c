#include "dataset/entry.h"

struct rmv_tree_entry rmv_entry_of_output(const struct rmv_output *output)
{
    struct rmv_tree_entry entry = {.size = output->size, .nfiles = 1, .id = output->id};
    switch (output->kind) {
    case RMV_OUTPUT_BLOB:
        entry.type = output->is_executable ? 'x' : 'f';
        return entry;
    case RMV_OUTPUT_TREE:
        entry.type = 'd';
        entry.nfiles = output->nfiles;
        return entry;
    default:
        return (struct rmv_tree_entry){0};
    }
}

void rmv_entry_to_output(const struct rmv_tree_entry *entry, struct rmv_output *output)
{
    output->kind = !entry->type         ? RMV_OUTPUT_MISSING
                   : entry->type == 'd' ? RMV_OUTPUT_TREE
                                        : RMV_OUTPUT_BLOB;
    output->id = entry->id;
    output->size = entry->size;
    output->nfiles = entry->nfiles;
    output->is_executable = entry->type == 'x';
}

bool rmv_entry_equal(const struct rmv_tree_entry *a, const struct rmv_tree_entry *b)
{
    if (!a || !b)
        return a == b;
    return a->type == b->type && rmv_object_id_equal(&a->id, &b->id);
}
