/* Changing one path of a folder that need not be in the workspace: the trees on the way to it. */
#include <stdlib.h>
#include <string.h>

#include "dataset/entry.h"
#include "dataset/examine.h"
#include "dataset/placed.h"
#include "dataset/tree_edit.h"
#include "dataset/trees.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

struct update {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;
    struct rmv_strings names; /* the components of the path inside the folder */
    struct rmv_buf *trees;    /* trees[i] is the folder that names.items[i] is in */
};

static void update_free(struct update *update)
{
    for (size_t i = 0; update->trees && i < update->names.count; i++)
        rmv_buf_free(&update->trees[i]);
    free(update->trees);
    rmv_strings_free(&update->names);
}

static void split(struct update *update, const char *inside)
{
    while (*inside) {
        const size_t size = strcspn(inside, "/");
        rmv_strings_take(&update->names, rmv_str_copy_n(inside, size));
        inside += size + (inside[size] == '/');
    }
    update->trees = rmv_calloc(update->names.count + 1, sizeof(*update->trees));
}

/* Reads the trees on the way down, and what is there now. A missing folder is an empty one. */
static const struct rmv_error *read_trees(struct update *update, const struct rmv_tree_entry *start,
                                          struct rmv_tree_entry *old)
{
    *old = *start;
    for (size_t i = 0; i < update->names.count; i++) {
        const struct rmv_error *err = NULL;
        if (old->type == 'd')
            err = rmv_trees_get(update->workspace, &old->id, &update->trees[i]);
        else
            rmv_tree_start(&update->trees[i]);
        if (!err)
            err = rmv_tree_find(&update->trees[i], update->names.items[i], old);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *put_tree(struct update *update, struct rmv_buf *text,
                                        struct rmv_object_id *id)
{
    if (update->batch)
        return rmv_store_batch_put(update->batch, text->data, text->size, id);
    *id = rmv_object_id_of(text->data, text->size);
    if (!rmv_trees_is_stored(update->workspace, id))
        rmv_trees_remember(update->workspace, id, text);
    return NULL;
}

/* Writes the trees on the way up; `*entry` is what the last name is to be, and becomes the folder.
 */
static const struct rmv_error *write_trees(struct update *update, struct rmv_tree_entry *entry)
{
    for (size_t i = update->names.count; i-- > 0;) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        struct rmv_tree_total total;

        entry->name = update->names.items[i];
        const struct rmv_error *err = rmv_tree_replace(&update->trees[i], entry, &text, &total);
        if (err)
            return err;
        *entry = (struct rmv_tree_entry){.type = 'd', .size = total.size, .nfiles = total.nfiles};
        err = put_tree(update, &text, &entry->id);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *check_found(const struct update *update, const char *path,
                                           const struct rmv_tree_entry *old,
                                           const struct rmv_tree_entry *now)
{
    (void)update;
    if (old->type || now->type)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    return rmv_error(RMV_ERR_NOT_FOUND, "'%s' does not exist, and is not tracked either", quoted);
}

const struct rmv_error *rmv_dataset_update(struct rmv_workspace *workspace,
                                           struct rmv_store_batch *batch,
                                           const struct rmv_output *whole, const char *path,
                                           struct rmv_output *updated)
{
    RMV_CLEANUP(update_free) struct update update = {.workspace = workspace, .batch = batch};
    const struct rmv_examine_request request = {
        .workspace = workspace,
        .path = path,
        .batch = batch,
    };
    const struct rmv_tree_entry start = rmv_entry_of_output(whole);
    struct rmv_tree_entry old;
    struct rmv_tree_entry entry;

    split(&update, path + strlen(whole->path) + 1);
    const struct rmv_error *err = rmv_examine(&request, &entry);
    if (!err)
        err = read_trees(&update, &start, &old);
    if (!err)
        err = check_found(&update, path, &old, &entry);
    if (!err)
        err = write_trees(&update, &entry);
    if (err)
        return err;
    rmv_output_copy(updated, whole);
    rmv_entry_to_output(&entry, updated);
    if (batch)
        rmv_placed_set(rmv_placed_of(workspace), whole->path, &entry);
    return NULL;
}

const struct rmv_error *rmv_dataset_find(struct rmv_workspace *workspace,
                                         const struct rmv_output *output, const char *path,
                                         struct rmv_output *found)
{
    const struct rmv_tree_entry start = rmv_entry_of_output(output);
    const size_t size = strlen(output->path);
    struct rmv_tree_entry entry;

    const char *inside = strcmp(path, output->path) == 0 ? "" : path + size + 1;
    const struct rmv_error *err = rmv_tree_find_path(workspace, &start, inside, &entry);
    if (err)
        return err;
    if (!entry.type) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s' in '%s'", quoted, output->path);
    }
    rmv_output_free(found);
    found->path = rmv_str_copy(path);
    rmv_entry_to_output(&entry, found);
    return NULL;
}
