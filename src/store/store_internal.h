/* The store's parts, for the files that make up the store. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "rmv/base/sha256.h"
#include "rmv/base/vfs.h"
#include "rmv/store/store.h"
#include "store/base_cache.h"
#include "store/chunk_list.h"
#include "store/chunker.h"
#include "store/damage.h"
#include "store/id_set.h"
#include "store/index.h"
#include "store/object_reader.h"

#define RMV_STORE_LOCK_FILE "lock"

struct rmv_store {
    const struct rmv_vfs *vfs;
    struct rmv_vfs shared_vfs; /* what `vfs` leads to if several users share the store */
    char *root;
    bool sync;
    int compression_level;
    unsigned threads;
    uint64_t pack_size_max; /* RMV_PACK_SIZE_MAX; tests set less */
    size_t stage_size;      /* RMV_STAGING_SIZE; tests set less */
    struct rmv_log *log;
    struct rmv_index index;
    pthread_rwlock_t damage_lock; /* of the next two */
    struct rmv_damage damage;
    struct rmv_vfs_stat damage_stat; /* of the file that it was read from; all-zero for none */
    struct rmv_object_reader reader;
    struct rmv_base_cache bases;
    struct rmv_chunker chunker;
    atomic_uint stream_threads;    /* that read large objects, beside those that called */
    atomic_bool index_was_checked; /* after something was not found or damaged */
};

/* Is the copy at this place not known to be damaged? */
bool rmv_store_is_sound(struct rmv_store *store, const struct rmv_object_id *id,
                        const struct rmv_location *location);

/* The same by the pack's name, which may be rmv_loose_pack. */
bool rmv_store_is_damaged(struct rmv_store *store, const struct rmv_object_id *pack,
                          const struct rmv_object_id *id);

/* Is something in this pack known to be damaged? */
bool rmv_store_has_damage(struct rmv_store *store, const struct rmv_object_id *pack);

/* Reads what is known to be damaged again if another process has checked the store meanwhile. */
void rmv_store_refresh_damage(struct rmv_store *store);

/* Replaces what is known to be damaged, and takes it over, for this process. */
void rmv_store_set_damage(struct rmv_store *store, struct rmv_damage *damage);

/* Adds the objects that rmv_store_accept_loss() was told of. */
void rmv_store_read_lost(struct rmv_store *store, struct rmv_id_set *lost);

/* Shows an object as stored in this representation: whole bytes have been hashed and found right, a
 * chunk list is not checked. Tries every place it is in. Whole bytes also go into `*sum`, if that
 * is not NULL. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_view(struct rmv_store *store, const struct rmv_object_id *id,
                                       enum rmv_representation representation,
                                       struct rmv_sha256_state *sum, struct rmv_object_view *view);

/* Shows what is at one place, hashed and found right like above. Errors: CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_view_at(struct rmv_store *store, const struct rmv_object_id *id,
                                          const struct rmv_location *location,
                                          struct rmv_sha256_state *sum,
                                          struct rmv_object_view *view);

/* Can all of the object be read, and hashes right, from another copy than that in this pack? It may
 * be loose, or a chunk list. */
bool rmv_store_is_elsewhere(struct rmv_store *store, const struct rmv_object_id *id,
                            const struct rmv_object_id *pack);

/* Can all of the object be read from packs, and hashes right? */
bool rmv_store_is_in_packs(struct rmv_store *store, const struct rmv_object_id *id);

/* Is it loose, in either variant, and its hash right? Reads the file. */
bool rmv_store_is_loose(struct rmv_store *store, const struct rmv_object_id *id);

/* Where bytes of an object go. Called from several threads, but never by two at once. */
struct rmv_store_sink {
    const struct rmv_error *(*write)(void *context, const void *bytes, size_t size);
    void *context;
    /* Forgets what was sent, to be sent something else; false if that cannot be done. NULL: never
     * can. */
    bool (*restart)(void *context);
    /* Chunks need not be compared with their ids one by one, which takes nearly as long as hashing
     * the whole: where that turns out wrong, everything is sent again, and compared. Only with
     * `restart`. */
    bool takes_unchecked;
    /* Told where each chunk was found, once it has been hashed, with what
     * rmv_object_view_checksum() says of it; may be NULL. */
    void (*seen)(void *context, const struct rmv_object_id *id, const struct rmv_object_view *view,
                 uint64_t checksum);
};

/* Does an error say that an object is not as it should be, so that another copy is worth a look? */
bool rmv_store_is_damage(const struct rmv_error *err);

/* Sends the bytes of an object to `sink` in order. On an error the sink has seen wrong or too few
 * bytes. Errors: NOT_FOUND, LIMIT (longer than max_bytes; the sink has seen nothing), CORRUPT, IO.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_stream(struct rmv_store *store, const struct rmv_object_id *id,
                                         uint64_t max_bytes, const struct rmv_store_sink *sink);
