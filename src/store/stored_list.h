/* Chunk lists as they are stored. A list has no checksum of its own, and there may be several for
 * an object, in different packs: a copy is right if it leads to bytes whose hash is the object's
 * id. */
#pragma once

#include "store/store_internal.h"

/* Reads the copy at a place; the caller frees `*list`. Errors: CORRUPT, UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stored_list_read(struct rmv_store *store,
                                             const struct rmv_object_id *id,
                                             const struct rmv_location *location,
                                             struct rmv_chunk_list *list);

/* Reads the first copy that is a list; the caller frees `*list`. Errors: NOT_FOUND, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stored_list_find(struct rmv_store *store,
                                             const struct rmv_object_id *id,
                                             struct rmv_chunk_list *list);

/* Sends what a list leads to, which is compared with the id. Errors: as rmv_store_stream(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_stored_list_follow(struct rmv_store *store,
                                               const struct rmv_object_id *id,
                                               const struct rmv_chunk_list *list,
                                               const struct rmv_store_sink *sink);

/* The same, and if that fails, with every other copy in turn that says something else and no more
 * than `max_bytes`, if the sink can start again. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stored_list_follow_any(struct rmv_store *store,
                                                   const struct rmv_object_id *id,
                                                   const struct rmv_chunk_list *list,
                                                   uint64_t max_bytes,
                                                   const struct rmv_store_sink *sink);

/* Does the copy at this place lead to the object? Reads all of it. */
bool rmv_stored_list_is_right(struct rmv_store *store, const struct rmv_object_id *id,
                              const struct rmv_location *location);

/* A sink for those who only want to know whether all can be read. */
extern const struct rmv_store_sink rmv_store_sink_nowhere;
