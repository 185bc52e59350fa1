/* Stores a large object piece by piece: the pieces as objects, and at the end the chunk list that
 * puts them together, under the id of the whole. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/sha256.h"
#include "store/batch.h"
#include "store/chunk_list.h"

struct rmv_list_writer {
    struct rmv_store_batch *batch;
    struct rmv_frame_encoder *encoder; /* of the thread that stores lists */
    struct rmv_delta *delta;           /* an older version, or NULL; freed with the writer */
    struct rmv_sha256_state sha256;    /* of all pieces so far */
    struct rmv_chunk_list chunks;      /* of the part being written */
    struct rmv_chunk_list parts;
    bool was_stored; /* all of it, so far */
};

void rmv_list_writer_init(struct rmv_list_writer *writer, struct rmv_store_batch *batch,
                          struct rmv_frame_encoder *encoder);
void rmv_list_writer_free(struct rmv_list_writer *writer);

/* Stores the next piece, 1 to RMV_SINGLE_MAX bytes: in a frame of its own, or, if `is_lines`
 * (then up to RMV_SMALL_OBJECT_MAX bytes), with other lines. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_list_writer_add(struct rmv_list_writer *writer, const void *bytes,
                                            size_t size, bool is_lines);

/* The same by itself, for callers that store the pieces otherwise: takes the bytes of the next
 * piece into the hash of the whole, and sets `*id` to the piece's, unless that is NULL. */
void rmv_list_writer_hash(struct rmv_list_writer *writer, const void *bytes, size_t size,
                          struct rmv_object_id *id);

/* And: enters the next piece, which is stored, into the list. One thread may do this while another
 * hashes. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_list_writer_name(struct rmv_list_writer *writer,
                                             const struct rmv_object_id *id, size_t size);

/* Stores the list. Errors: IO, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_list_writer_end(struct rmv_list_writer *writer,
                                            struct rmv_store_file *file);
