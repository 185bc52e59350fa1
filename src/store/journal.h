/* Beside a large pack that is being written lies a journal of the frames and records in it so far,
 * so that they can be taken up if the writer dies. Nothing in it is believed without checking the
 * pack.
 *
 * It is a sequence of blocks: a head, frames, records, as in a pack's footer. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "store/pack_format.h"

#define RMV_JOURNAL_SUFFIX ".journal"

struct rmv_journal_head {
    char magic[8];
    uint32_t frames_count;
    uint32_t records_count;
    uint64_t checksum; /* XXH64 of frames and records */
};

_Static_assert(sizeof(struct rmv_journal_head) == 24, "layout of a journal's block");

/* Writes a block at `*offset`, which moves on. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_journal_append(const struct rmv_vfs_file *file, uint64_t *offset,
                                           const struct rmv_pack_footer *part);

/* Reads the blocks up to the first that is cut short or damaged. The caller frees `*footer`, in
 * which only frames and records are set. Errors: LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_journal_read(const struct rmv_vfs_file *file,
                                         struct rmv_pack_footer *footer);
