/* Walking through up to three states of one folder at once, in order of the paths: what is there on
 * each side? Comparing, restoring and looking inside are all this walk. Folders are read only where
 * the visitor wants to see what is in them; nesting costs heap, not stack. */
#pragma once

#include "dataset/tree.h"
#include "rmv/dataset/workspace.h"

#define RMV_TREE_SIDES_MAX 3

/* No folder that people keep has more; a hostile one that refers to itself over and over would. */
#define RMV_TREE_VISITS_MAX 200000000

struct rmv_tree_visit {
    const char *path;                                         /* "" where the walk starts */
    const struct rmv_tree_entry *entries[RMV_TREE_SIDES_MAX]; /* NULL: nothing there */
    bool is_leaving; /* a folder again, after everything in it */
    bool descend;    /* to be cleared by the visitor: leave out what is inside, and the leaving */
};

struct rmv_tree_join {
    struct rmv_workspace *workspace;
    size_t sides_count;
    struct rmv_tree_entry roots[RMV_TREE_SIDES_MAX]; /* names aside; type 0: nothing there */
    const struct rmv_error *(*visit)(void *context, struct rmv_tree_visit *visit);
    /* A tree cannot be read. Returns an error that ends the walk, or NULL to go on without that
     * folder: on this side only, or on all sides if `*skip` is set. May be NULL. */
    const struct rmv_error *(*unreadable)(void *context, const char *path, size_t side,
                                          const struct rmv_error *err, bool *skip);
    void *context;
};

/* Errors: of the visitor, NOT_FOUND and CORRUPT (trees), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_tree_join(const struct rmv_tree_join *join);
