/* The loose objects of a batch. They are staged in tmp/ under names that begin with that of a file
 * which the batch has locked, so that what a dead process has left is told apart; when the batch is
 * committed, one syncfs(2) makes them durable, and then they get their names. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "rmv/base/vfs.h"
#include "rmv/store/store.h"
#include "store/id_set.h"

#define RMV_LOOSE_STAGED "loose-" /* how names of staged files begin */

struct rmv_loose_staged;

struct rmv_loose_writer {
    struct rmv_store *store;
    pthread_mutex_t lock;     /* of everything below */
    struct rmv_vfs_file mark; /* locked; made with the first object */
    struct rmv_loose_staged *items;
    size_t count, capacity;
    struct rmv_id_set known; /* (id, is_executable) of `items` */
    unsigned number;         /* of the next file */
    atomic_bool cannot_clone, cannot_link;
};

void rmv_loose_writer_init(struct rmv_loose_writer *writer, struct rmv_store *store);

/* Drops what was not committed. */
void rmv_loose_writer_free(struct rmv_loose_writer *writer);

/* Makes everything staged durable and gives it its names. Errors: CONFLICT (a file was written to
 * since it was hashed), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_loose_writer_commit(struct rmv_loose_writer *writer);

/* Is this the path of a staged file, and is its owner gone? */
bool rmv_loose_is_abandoned(const struct rmv_vfs *vfs, const char *path);
bool rmv_loose_is_staged(const char *path);
