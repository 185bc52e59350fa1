/* Changing some paths of a folder that need not be in the workspace: only the trees on the way to
 * them are written anew. */
#include <stdlib.h>
#include <string.h>

#include "dataset/entry.h"
#include "dataset/examine.h"
#include "dataset/placed.h"
#include "dataset/tree_find.h"
#include "dataset/trees.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

struct update {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;
    struct rmv_strings paths; /* in the order of their components */
};

static void update_free(struct update *update)
{
    rmv_strings_free(&update->paths);
}

/* Some of the paths: those inside one folder. */
struct range {
    size_t first, end;
    size_t offset; /* of what comes behind the folder in each of them */
};

/* A slash sorts before everything else, so that what is in one folder stays together and folders
 * come in the order of their names. */
static int compare_components(const void *a, const void *b)
{
    const unsigned char *left = *(unsigned char *const *)a;
    const unsigned char *right = *(unsigned char *const *)b;
    while (*left && *left == *right) {
        left++;
        right++;
    }
    const int left_rank = *left == '/' ? 1 : *left == '\0' ? 0 : *left + 1;
    const int right_rank = *right == '/' ? 1 : *right == '\0' ? 0 : *right + 1;
    return left_rank - right_rank;
}

/* The name at the front of the range, and the paths that go on with it. */
static char *take_name(const struct update *update, struct range *range, struct range *inside)
{
    const char *first = update->paths.items[range->first] + range->offset;
    const size_t size = strcspn(first, "/");

    *inside = (struct range){.first = range->first, .offset = range->offset + size + 1};
    while (range->first < range->end) {
        const char *rest = update->paths.items[range->first] + range->offset;
        if (strncmp(rest, first, size) != 0 || (rest[size] != '/' && rest[size] != '\0'))
            break;
        range->first++;
    }
    inside->end = range->first;
    return rmv_str_copy_n(first, size);
}

static const struct rmv_error *put_tree(struct update *update, struct rmv_buf *text,
                                        struct rmv_object_id *id)
{
    if (update->batch)
        return rmv_store_batch_put_lines(update->batch, text->data, text->size, id);
    *id = rmv_object_id_of(text->data, text->size);
    if (!rmv_trees_is_stored(update->workspace, id))
        rmv_trees_remember(update->workspace, id, text);
    return NULL;
}

/* What is at a path now, if it is there or was. */
static const struct rmv_error *take_path(struct update *update, const char *path,
                                         const struct rmv_tree_entry *old,
                                         struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_earlier_free) struct rmv_earlier earlier;
    rmv_earlier_init(&earlier, update->workspace, path, old);
    const struct rmv_examine_request request = {
        .workspace = update->workspace,
        .path = path,
        .batch = update->batch,
        .earlier = &earlier,
    };
    const struct rmv_error *err = rmv_examine(&request, entry);
    if (err || entry->type || old->type)
        return err;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    return rmv_error(RMV_ERR_NOT_FOUND, "'%s' does not exist, and is not tracked either", quoted);
}

static const struct rmv_error *update_folder(struct update *update, struct range range,
                                             const struct rmv_tree_entry *old,
                                             struct rmv_tree_entry *entry);

/* One name of a folder in which something is to be taken from the workspace. */
static const struct rmv_error *update_name(struct update *update, const struct range *inside,
                                           const struct rmv_tree_entry *old,
                                           struct rmv_tree_entry *entry)
{
    const char *path = update->paths.items[inside->first];
    if (strlen(path) < inside->offset)
        return take_path(update, path, old, entry);
    return update_folder(update, *inside, old, entry);
}

/* The folder while it is written anew. */
struct rewriting {
    struct rmv_tree_reader reader;
    struct rmv_tree_entry next; /* of the old entries */
    bool has_next;
    struct rmv_buf text;
    struct rmv_tree_total total;
};

static void rewriting_free(struct rewriting *rewriting)
{
    rmv_tree_reader_free(&rewriting->reader);
    rmv_buf_free(&rewriting->text);
}

static void append(struct rewriting *rewriting, const struct rmv_tree_entry *entry)
{
    if (!entry->type)
        return;
    rmv_tree_append(&rewriting->text, entry);
    rewriting->total.size += entry->size;
    rewriting->total.nfiles += entry->nfiles;
}

/* Copies the old entries before `name` (NULL: all that are left), and finds the old one of that
 * name. */
static const struct rmv_error *copy_until(struct rewriting *rewriting, const char *name,
                                          struct rmv_tree_entry *old)
{
    const struct rmv_error *err = NULL;
    *old = (struct rmv_tree_entry){0};
    while (!err && rewriting->has_next && !old->type) {
        const int order = name ? strcmp(rewriting->next.name, name) : -1;
        if (order > 0)
            return NULL;
        if (order == 0)
            *old = rewriting->next;
        else
            append(rewriting, &rewriting->next);
        err = rmv_tree_next(&rewriting->reader, &rewriting->next, &rewriting->has_next);
    }
    return err;
}

static const struct rmv_error *rewrite(struct update *update, struct range range,
                                       struct rewriting *rewriting)
{
    struct rmv_tree_entry old;
    const struct rmv_error *err =
        rmv_tree_next(&rewriting->reader, &rewriting->next, &rewriting->has_next);

    rmv_tree_start(&rewriting->text);
    while (!err && range.first < range.end) {
        struct range inside;
        struct rmv_tree_entry entry = {0};
        RMV_CLEANUP(rmv_str_free) char *name = take_name(update, &range, &inside);
        err = copy_until(rewriting, name, &old);
        if (!err)
            err = update_name(update, &inside, &old, &entry);
        entry.name = name;
        if (!err)
            append(rewriting, &entry);
    }
    return err ? err : copy_until(rewriting, NULL, &old);
}

/* A missing folder is an empty one; so is a file where the workspace now has a folder. */
static const struct rmv_error *update_folder(struct update *update, struct range range,
                                             const struct rmv_tree_entry *old,
                                             struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf tree = {0};
    RMV_CLEANUP(rewriting_free) struct rewriting rewriting = {0};
    const struct rmv_error *err = NULL;

    if (old->type == 'd')
        err = rmv_trees_get(update->workspace, &old->id, &tree);
    else
        rmv_tree_start(&tree);
    if (!err)
        err = rmv_tree_open(tree.data, tree.size, &rewriting.reader);
    if (!err)
        err = rewrite(update, range, &rewriting);
    if (err)
        return err;
    *entry = (struct rmv_tree_entry){
        .type = 'd',
        .size = rewriting.total.size,
        .nfiles = rewriting.total.nfiles,
    };
    return put_tree(update, &rewriting.text, &entry->id);
}

const struct rmv_error *rmv_dataset_update(struct rmv_workspace *workspace,
                                           struct rmv_store_batch *batch,
                                           const struct rmv_output *whole,
                                           const struct rmv_strings *paths,
                                           struct rmv_output *updated)
{
    RMV_CLEANUP(update_free) struct update update = {.workspace = workspace, .batch = batch};
    const struct range all = {.end = paths->count, .offset = strlen(whole->path) + 1};
    const struct rmv_tree_entry start = rmv_entry_of_output(whole);
    struct rmv_tree_entry entry;

    for (size_t i = 0; i < paths->count; i++)
        rmv_strings_add(&update.paths, paths->items[i]);
    if (paths->count > 0)
        qsort(update.paths.items, update.paths.count, sizeof(char *), compare_components);
    const struct rmv_error *err = update_folder(&update, all, &start, &entry);
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
