/* The run cache: which outputs a command made of which inputs, so that going back to an old
 * parameter, or losing rmv.lock, runs nothing.
 *
 * A run is a JSON object in the store; `.rmstore/runs/index` finds it by the SHA-256 of the
 * command, the dependencies, the parameters and the names of the outputs. docs/FORMATS.md has both
 * layouts. Losing the index costs time, never correctness. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/map.h"
#include "rmv/dataset/lock_file.h"
#include "rmv/dataset/workspace.h"

struct rmv_run_cache {
    struct rmv_workspace *workspace; /* borrowed */
    bool is_read;
    bool is_foreign;        /* a newer version wrote the index: left alone */
    bool ends_in_line;      /* the index ends where a line ends */
    struct rmv_map entries; /* hex key → hex id of the newest run, owned */
};
void rmv_run_cache_free(struct rmv_run_cache *cache);

/* What tells a run from others: the SHA-256, in hex, of what the index finds it by. */
void rmv_run_cache_key_of(const struct rmv_lock_stage *run, char hex[RMV_OBJECT_ID_HEX_SIZE]);

/* Looks for a run of `wanted`: its cmd, extra.wdir, deps, params and the paths of its outs. Sets
 * `*found` to it, outs complete and in the store; name NULL if there is none. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_cache_find(struct rmv_run_cache *cache,
                                           const struct rmv_lock_stage *wanted,
                                           struct rmv_lock_stage *found);

/* Calls visit() for the newest run of each key that can still be read. `cache->is_foreign` is set
 * where a newer version wrote the index: none is known then. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *
rmv_run_cache_visit(struct rmv_run_cache *cache,
                    const struct rmv_error *(*visit)(void *context, const struct rmv_object_id *id,
                                                     const struct rmv_lock_stage *run),
                    void *context);

/* Puts a run into `batch` and sets `*id`; rmv_run_cache_publish() makes it findable after the
 * batch's commit. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_cache_put(const struct rmv_lock_stage *run,
                                          struct rmv_store_batch *batch, struct rmv_object_id *id);
RMV_MUST_CHECK
const struct rmv_error *rmv_run_cache_publish(struct rmv_run_cache *cache,
                                              const struct rmv_lock_stage *run,
                                              const struct rmv_object_id *id);
