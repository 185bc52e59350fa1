/* Writes packs: frames are appended to a temporary file, which gets its footer, its name and its
 * place when it is finished. Not thread-safe; the batch has the lock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "store/frame.h"
#include "store/pack_format.h"
#include "store/staging.h"

struct rmv_store;

/* What the names of temporary files start with, by the kind of pack. */
#define RMV_PACK_TEMPORARY "pack"
#define RMV_DELTA_TEMPORARY "delta"

struct rmv_pack_writer {
    const struct rmv_store *store;
    bool has_journal;           /* may what was written be taken up when the process dies? */
    uint32_t kind;              /* of the packs; may be set before the first frame */
    struct rmv_staging staging; /* what is not in the file yet */
    struct rmv_vfs_file file;   /* the empty state until the first frame */
    uint64_t size;              /* bytes of the pack so far */
    struct rmv_pack_footer footer;
    size_t frames_capacity;
    size_t records_capacity;
    struct rmv_vfs_file journal; /* the empty state while the pack is small */
    uint64_t journal_size;       /* bytes written */
    uint64_t journaled_size;     /* of the pack, and what the journal knows of it: */
    size_t journaled_frames_count;
    size_t journaled_records_count;
};

/* The store lives longer. */
void rmv_pack_writer_init(struct rmv_pack_writer *writer, const struct rmv_store *store,
                          bool has_journal);

/* Frees the writer; what was not finished is dropped. */
void rmv_pack_writer_discard(struct rmv_pack_writer *writer);

/* Appends a frame, whose bytes are copied, and the records of what is in it (whose `frame` is set
 * here). Errors: IO; the writer is then good for nothing but to be discarded. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pack_writer_append(struct rmv_pack_writer *writer,
                                               const struct rmv_pack_frame *frame,
                                               const struct rmv_frame_parts *parts,
                                               const struct rmv_pack_record *records,
                                               size_t records_count);

/* Is it time to finish this pack, of which frames may fill `size_max` bytes, and start the next? */
bool rmv_pack_writer_is_full(const struct rmv_pack_writer *writer, uint64_t size_max);

/* Makes the pack durable and visible and starts a new one. What it holds goes to `*footer`, which
 * the caller frees, and which is empty (no frames) if nothing was written. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pack_writer_finish(struct rmv_pack_writer *writer,
                                               struct rmv_pack_footer *footer);
