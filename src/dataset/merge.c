#include "rmv/dataset/merge.h"

#include <string.h>

#include "dataset/entry.h"
#include "dataset/trees.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define SIDES 3

struct merge {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;
    struct rmv_strings *conflicts;
};

/* One folder on all sides while it is merged. */
struct folder {
    struct rmv_buf texts[SIDES];
    struct rmv_tree_reader readers[SIDES];
    struct rmv_tree_entry next[SIDES];
    bool has_next[SIDES];
    struct rmv_buf text; /* the result */
    struct rmv_tree_total total;
};

static void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < SIDES; i++) {
        rmv_buf_free(&folder->texts[i]);
        rmv_tree_reader_free(&folder->readers[i]);
    }
    rmv_buf_free(&folder->text);
}

static const struct rmv_error *advance(struct folder *folder, size_t side)
{
    return rmv_tree_next(&folder->readers[side], &folder->next[side], &folder->has_next[side]);
}

/* What is no folder on a side is an empty one there. */
static const struct rmv_error *open_folder(const struct merge *merge,
                                           const struct rmv_tree_entry *const entries[SIDES],
                                           struct folder *folder)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < SIDES; i++) {
        if (entries[i] && entries[i]->type == 'd')
            err = rmv_trees_get(merge->workspace, &entries[i]->id, &folder->texts[i]);
        else
            rmv_tree_start(&folder->texts[i]);
        if (!err)
            err = rmv_tree_open(folder->texts[i].data, folder->texts[i].size, &folder->readers[i]);
        if (!err)
            err = advance(folder, i);
    }
    return err;
}

/* The first name that is left on any side, or NULL. */
static char *take_name(const struct folder *folder)
{
    const char *first = NULL;
    for (size_t i = 0; i < SIDES; i++)
        if (folder->has_next[i] && (!first || strcmp(folder->next[i].name, first) < 0))
            first = folder->next[i].name;
    return rmv_str_copy(first);
}

static const struct rmv_error *merge_folders(struct merge *merge, const char *path,
                                             const struct rmv_tree_entry *const entries[SIDES],
                                             struct rmv_tree_entry *merged);

static bool is_folder(const struct rmv_tree_entry *entry)
{
    return entry && entry->type == 'd';
}

/* Sets `*merged`, name aside; type 0 if nothing is left. */
static const struct rmv_error *merge_entries(struct merge *merge, const char *path,
                                             const struct rmv_tree_entry *const entries[SIDES],
                                             struct rmv_tree_entry *merged)
{
    const struct rmv_tree_entry *base = entries[RMV_MERGE_BASE];
    const struct rmv_tree_entry *ours = entries[RMV_MERGE_OURS];
    const struct rmv_tree_entry *theirs = entries[RMV_MERGE_THEIRS];
    const struct rmv_tree_entry none = {0};

    if (rmv_entry_equal(ours, theirs) || rmv_entry_equal(base, theirs)) {
        *merged = ours ? *ours : none;
        return NULL;
    }
    if (rmv_entry_equal(base, ours)) {
        *merged = theirs ? *theirs : none;
        return NULL;
    }
    if (is_folder(ours) && is_folder(theirs))
        return merge_folders(merge, path, entries, merged);
    rmv_strings_add(merge->conflicts, path);
    *merged = ours ? *ours : none;
    return NULL;
}

static const struct rmv_error *merge_name(struct merge *merge, const char *path, const char *name,
                                          struct folder *folder)
{
    const struct rmv_tree_entry *entries[SIDES] = {0};
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(path, name);
    struct rmv_tree_entry merged = {0};
    bool is_on[SIDES] = {0};

    for (size_t i = 0; i < SIDES; i++) {
        is_on[i] = folder->has_next[i] && strcmp(folder->next[i].name, name) == 0;
        entries[i] = is_on[i] ? &folder->next[i] : NULL;
    }
    const struct rmv_error *err = merge_entries(merge, inside, entries, &merged);
    if (err)
        return err;
    merged.name = name;
    if (merged.type) {
        rmv_tree_append(&folder->text, &merged);
        folder->total.size += merged.size;
        folder->total.nfiles += merged.nfiles;
    }
    for (size_t i = 0; !err && i < SIDES; i++)
        if (is_on[i])
            err = advance(folder, i);
    return err;
}

/* Goes as deep as folders do, which a path's length bounds. */
static const struct rmv_error *merge_folders(struct merge *merge, const char *path,
                                             const struct rmv_tree_entry *const entries[SIDES],
                                             struct rmv_tree_entry *merged)
{
    RMV_CLEANUP(folder_free) struct folder folder = {0};

    if (strlen(path) >= RMV_TREE_PATH_SIZE_MAX)
        return rmv_error(RMV_ERR_LIMIT, "'%.200s…' is too deep", path);
    const struct rmv_error *err = open_folder(merge, entries, &folder);
    rmv_tree_start(&folder.text);
    while (!err) {
        RMV_CLEANUP(rmv_str_free) char *name = take_name(&folder);
        if (!name)
            break;
        err = merge_name(merge, path, name, &folder);
    }
    if (err)
        return err;
    *merged = (struct rmv_tree_entry){
        .type = 'd', .size = folder.total.size, .nfiles = folder.total.nfiles};
    return rmv_store_batch_put_lines(merge->batch, folder.text.data, folder.text.size, &merged->id);
}

const struct rmv_error *rmv_dataset_merge(struct rmv_workspace *workspace,
                                          struct rmv_store_batch *batch,
                                          const struct rmv_output *const versions[3],
                                          struct rmv_output *merged, struct rmv_strings *conflicts)
{
    struct merge merge = {.workspace = workspace, .batch = batch, .conflicts = conflicts};
    struct rmv_tree_entry roots[SIDES];
    const struct rmv_tree_entry *entries[SIDES];
    struct rmv_tree_entry result = {0};

    for (size_t i = 0; i < SIDES; i++) {
        roots[i] = rmv_entry_of_output(versions[i]);
        entries[i] = roots[i].type ? &roots[i] : NULL;
    }
    const struct rmv_error *err = merge_entries(&merge, "", entries, &result);
    if (err)
        return err;
    rmv_output_copy(merged, versions[RMV_MERGE_OURS]);
    rmv_entry_to_output(&result, merged);
    /* Nothing is known of how this came to be but by its parts: nobody's record says it. */
    if (!rmv_output_equal(merged, versions[RMV_MERGE_OURS]))
        merged->record = rmv_output_equal(merged, versions[RMV_MERGE_THEIRS])
                             ? versions[RMV_MERGE_THEIRS]->record
                             : (struct rmv_object_id){0};
    return NULL;
}
