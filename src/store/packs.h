/* The packs of a store by name, and their open files: at most so many at once, the least recently
 * used is closed. A pack that is known stays known until the store is closed, so pointers to it
 * stay good. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "rmv/store/object_id.h"

#define RMV_PACK_FOLDER "packs"

struct rmv_pack {
    struct rmv_object_id name;
    char *path;
    bool is_present;                  /* when the folder was last listed */
    bool is_covered;                  /* by a segment of the index */
    atomic_uint_least64_t touched_by; /* the batch that relied on it last, see batch.c */
    bool is_damaged;                  /* its footer cannot be read; somebody has been warned */
    atomic_int ending;                /* see rmv_packs_is_whole() */
    struct rmv_vfs_file file;
    unsigned users;
    uint64_t used_at; /* in ticks of `clock` */
};

struct rmv_packs {
    const struct rmv_vfs *vfs;
    char *folder;
    struct rmv_pack **items; /* sorted by name */
    size_t count;
    size_t capacity;
    pthread_mutex_t lock; /* of the open files only; the list is guarded by the index */
    size_t open_count;
    uint64_t clock;
};

void rmv_packs_init(struct rmv_packs *packs, const struct rmv_vfs *vfs, const char *root);
void rmv_packs_free(struct rmv_packs *packs);
struct rmv_pack *rmv_packs_find(const struct rmv_packs *packs, const struct rmv_object_id *name);

/* The pack of this name, added if it is new. */
struct rmv_pack *rmv_packs_add(struct rmv_packs *packs, const struct rmv_object_id *name);

/* Reads bytes of a pack, opening it if need be. Thread-safe. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_packs_read(struct rmv_packs *packs, struct rmv_pack *pack,
                                       uint64_t offset, void *bytes, size_t size);

/* Does the file end as the pack of this name has to? One that was cut short, or is another's, does
 * not, however much the index knows of it. Looked at once; what cannot be looked at passes. */
bool rmv_packs_is_whole(struct rmv_packs *packs, struct rmv_pack *pack);
