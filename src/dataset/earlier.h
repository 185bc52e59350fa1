/* What was at a path before: a large file that has changed is stored as what differs from the file
 * that was there. A hint; whatever is wrong with it costs space, nothing else. Thread-safe. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "dataset/tree.h"
#include "rmv/dataset/workspace.h"

struct rmv_earlier {
    struct rmv_store *store;
    const char *path;            /* relative to the workspace; borrowed */
    struct rmv_tree_entry entry; /* what was there; type 0 for nothing */
    pthread_mutex_t lock;        /* of the folder looked at last: */
    char *folder;                /* relative to `path`; NULL for none */
    struct rmv_buf text;
};

void rmv_earlier_init(struct rmv_earlier *earlier, const struct rmv_workspace *workspace,
                      const char *path, const struct rmv_tree_entry *entry);
void rmv_earlier_free(struct rmv_earlier *earlier);

/* Sets `*id` if there was a file at `path`, which is relative to the workspace. */
bool rmv_earlier_find(struct rmv_earlier *earlier, const char *path, struct rmv_object_id *id);
