/* The store's parts, for the files that make up the store. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "rmv/base/sha256.h"
#include "rmv/store/store.h"
#include "store/chunk_list.h"
#include "store/chunker.h"
#include "store/damage.h"
#include "store/index.h"
#include "store/object_reader.h"

#define RMV_STORE_LOCK_FILE "lock"

struct rmv_store {
    const struct rmv_vfs *vfs;
    char *root;
    bool sync;
    int compression_level;
    unsigned threads;
    uint64_t pack_size_max; /* RMV_PACK_SIZE_MAX; tests set less */
    size_t stage_size;      /* RMV_STAGING_SIZE; tests set less */
    struct rmv_log *log;
    struct rmv_index index;
    struct rmv_damage
        damage; /* when the store was opened or last checked; else it does not change */
    struct rmv_object_reader reader;
    struct rmv_chunker chunker;
    atomic_uint stream_threads;    /* that read large objects, beside those that called */
    atomic_bool index_was_checked; /* after something was not found or damaged */
};

/* Is the copy at this place not known to be damaged? */
static inline bool rmv_store_is_sound(const struct rmv_store *store, const struct rmv_object_id *id,
                                      const struct rmv_location *location)
{
    return !rmv_damage_has(&store->damage, &location->pack->name, id);
}

/* Shows an object as stored in this representation: whole bytes have been hashed and found right, a
 * chunk list is not checked. Tries every place it is in. Whole bytes also go into `*sum`, if that
 * is not NULL. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_view(struct rmv_store *store, const struct rmv_object_id *id,
                                       enum rmv_representation representation,
                                       struct rmv_sha256_state *sum, struct rmv_object_view *view);

/* Can the whole bytes be read, and hash right, outside this pack? As a loose object, too. */
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
};

/* Sends the bytes of an object to `sink` in order. On an error the sink has seen wrong or too few
 * bytes. Errors: NOT_FOUND, LIMIT (longer than max_bytes; the sink has seen nothing), CORRUPT, IO.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_stream(struct rmv_store *store, const struct rmv_object_id *id,
                                         uint64_t max_bytes, const struct rmv_store_sink *sink);
