#include <stdlib.h>
#include <string.h>

#include "dataset/entry.h"
#include "dataset/tree_join.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

enum { OLD, NEW };

struct comparison {
    const char *start;          /* path of the output */
    struct rmv_object_id empty; /* id of the folder with nothing in it */
    struct rmv_changes *changes;
};

static void change_free(struct rmv_change *change)
{
    rmv_str_free(&change->path);
    rmv_str_free(&change->old_path);
}

void rmv_changes_free(struct rmv_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        change_free(&changes->items[i]);
    free(changes->items);
    *changes = (struct rmv_changes){0};
}

void rmv_changes_count(const struct rmv_changes *changes, enum rmv_change_kind kind, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < changes->count; i++)
        *count += changes->items[i].kind == kind;
}

static struct rmv_change *add_change(const struct comparison *comparison, const char *inside,
                                     enum rmv_change_kind kind)
{
    struct rmv_changes *changes = comparison->changes;
    changes->items =
        rmv_grow(changes->items, changes->count, &changes->capacity, sizeof(*changes->items));
    struct rmv_change *change = &changes->items[changes->count++];
    *change = (struct rmv_change){.kind = kind};
    change->path =
        *inside ? rmv_path_join(comparison->start, inside) : rmv_str_copy(comparison->start);
    return change;
}

/* One side of a file or link that differs, or of a folder with nothing in it. */
static void add_side(const struct comparison *comparison, const struct rmv_tree_visit *visit,
                     const struct rmv_tree_entry *old_entry, const struct rmv_tree_entry *new_entry)
{
    const enum rmv_change_kind kind = !old_entry   ? RMV_CHANGE_ADDED
                                      : !new_entry ? RMV_CHANGE_DELETED
                                                   : RMV_CHANGE_MODIFIED;
    struct rmv_change *change = add_change(comparison, visit->path, kind);
    if (old_entry) {
        change->old_size = old_entry->size;
        change->old_id = old_entry->id;
    }
    if (new_entry) {
        change->new_size = new_entry->size;
        change->new_id = new_entry->id;
    }
}

/* An empty folder has nothing inside that would show it. */
static bool is_shown(const struct rmv_tree_entry *entry, const struct rmv_object_id *empty)
{
    return entry && (entry->type != 'd' || rmv_object_id_equal(&entry->id, empty));
}

static const struct rmv_error *compare(void *context, struct rmv_tree_visit *visit)
{
    const struct comparison *comparison = context;
    const struct rmv_tree_entry *old_entry = visit->entries[OLD];
    const struct rmv_tree_entry *new_entry = visit->entries[NEW];

    if (visit->is_leaving)
        return NULL;
    if (rmv_entry_equal(old_entry, new_entry)) {
        visit->descend = false;
        return NULL;
    }
    /* A folder that is or was empty, and something else in it now, is no change of the folder. */
    const bool both_folders =
        old_entry && new_entry && old_entry->type == 'd' && new_entry->type == 'd';
    const bool old_shown = !both_folders && is_shown(old_entry, &comparison->empty);
    const bool new_shown = !both_folders && is_shown(new_entry, &comparison->empty);
    if (old_shown && new_shown && old_entry->type != 'd' && new_entry->type != 'd') {
        add_side(comparison, visit, old_entry, new_entry);
        return NULL;
    }
    if (old_shown)
        add_side(comparison, visit, old_entry, NULL);
    if (new_shown)
        add_side(comparison, visit, NULL, new_entry);
    return NULL;
}

/* ---- Renames ----------------------------------------------------------------------------------
 */

static const struct rmv_object_id *content_of(const struct rmv_change *change)
{
    return change->kind == RMV_CHANGE_DELETED ? &change->old_id : &change->new_id;
}

/* By content, then deletions before additions, then by path. */
static int compare_contents(const void *a, const void *b)
{
    const struct rmv_change *left = *(struct rmv_change *const *)a;
    const struct rmv_change *right = *(struct rmv_change *const *)b;
    const int order = rmv_object_id_compare(content_of(left), content_of(right));
    if (order != 0)
        return order;
    if (left->kind != right->kind)
        return left->kind == RMV_CHANGE_DELETED ? -1 : 1;
    return strcmp(left->path, right->path);
}

/* Sorted by path; what is marked as gone comes last. */
static int compare_paths(const void *a, const void *b)
{
    const struct rmv_change *left = a;
    const struct rmv_change *right = b;
    if (!left->path || !right->path)
        return !left->path - !right->path;
    const int order = strcmp(left->path, right->path);
    return order ? order : (int)left->kind - (int)right->kind;
}

/* The additions and deletions of something; nothing is said about where empty files went. */
static size_t list_candidates(const struct rmv_changes *changes, size_t first,
                              struct rmv_change **candidates)
{
    size_t count = 0;
    for (size_t i = first; i < changes->count; i++) {
        struct rmv_change *change = &changes->items[i];
        const bool is_candidate = (change->kind == RMV_CHANGE_ADDED && change->new_size > 0) ||
                                  (change->kind == RMV_CHANGE_DELETED && change->old_size > 0);
        if (is_candidate)
            candidates[count++] = change;
    }
    return count;
}

static void make_rename(struct rmv_change *deleted, struct rmv_change *added)
{
    added->kind = RMV_CHANGE_RENAMED;
    added->old_path = deleted->path;
    added->old_size = deleted->old_size;
    added->old_id = deleted->old_id;
    deleted->path = NULL;
}

/* Pairs the deletions of one content with its additions, in order of their paths. */
static size_t pair_up(struct rmv_change **run, size_t count)
{
    size_t deletions = 0;
    while (deletions < count && run[deletions]->kind == RMV_CHANGE_DELETED)
        deletions++;
    const size_t additions = count - deletions;
    const size_t pairs = deletions < additions ? deletions : additions;
    for (size_t i = 0; i < pairs; i++)
        make_rename(run[i], run[deletions + i]);
    return pairs;
}

static void find_renames_from(struct rmv_changes *changes, size_t first)
{
    struct rmv_change **candidates = rmv_calloc(changes->count + 1, sizeof(void *));
    const size_t count = list_candidates(changes, first, candidates);
    size_t pairs = 0;

    qsort(candidates, count, sizeof(void *), compare_contents);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count &&
               rmv_object_id_equal(content_of(candidates[i]), content_of(candidates[end])))
            end++;
        pairs += pair_up(candidates + i, end - i);
        i = end;
    }
    free(candidates);
    if (changes->count > 0)
        qsort(changes->items, changes->count, sizeof(*changes->items), compare_paths);
    changes->count -= pairs;
}

void rmv_changes_find_renames(struct rmv_changes *changes)
{
    find_renames_from(changes, 0);
}

const struct rmv_error *rmv_dataset_compare(struct rmv_workspace *workspace,
                                            const struct rmv_output *old_state,
                                            const struct rmv_output *new_state,
                                            struct rmv_changes *changes)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf empty = {0};
    rmv_tree_start(&empty);
    struct comparison comparison = {
        .empty = rmv_object_id_of(empty.data, empty.size),
        .start = new_state->path ? new_state->path : old_state->path,
        .changes = changes,
    };
    const struct rmv_tree_join join = {
        .workspace = workspace,
        .sides_count = 2,
        .roots = {rmv_entry_of_output(old_state), rmv_entry_of_output(new_state)},
        .visit = compare,
        .context = &comparison,
    };
    const size_t first = changes->count;
    const struct rmv_error *err = rmv_tree_join(&join);
    if (!err)
        find_renames_from(changes, first);
    return err;
}
