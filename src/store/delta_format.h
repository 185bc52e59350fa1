/* What a frame in a pack of deltas starts with: a skippable frame that names the bases, the objects
 * whose bytes, one behind the other, are the prefix for decompressing the zstd frame that follows.
 * docs/FORMATS.md, section "Packs of deltas". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/store/object_id.h"
#include "store/pack_format.h"

#define RMV_DELTA_BASES_MAX 4

/* How many frames may have to be decompressed for one object if none is met twice: a writer keeps
 * to the first number, a reader gives up at the second. */
#define RMV_DELTA_COST_MAX 512
#define RMV_DELTA_COST_READ_MAX 1024

struct rmv_delta_head {
    uint32_t skippable_magic;
    uint32_t skippable_size;
    char magic[4];
    uint32_t bases_count;
};

struct rmv_delta_base {
    struct rmv_object_id id;
    uint32_t size; /* bytes */
    uint32_t reserved;
};

_Static_assert(sizeof(struct rmv_delta_head) == 16, "layout of a delta's head");
_Static_assert(sizeof(struct rmv_delta_base) == 40, "layout of a delta's base");

#define RMV_DELTA_HEAD_MAX                                                                         \
    (sizeof(struct rmv_delta_head) + RMV_DELTA_BASES_MAX * sizeof(struct rmv_delta_base))

/* The bases of one delta, in order. */
struct rmv_delta_bases {
    struct rmv_delta_base items[RMV_DELTA_BASES_MAX];
    size_t count;
};

/* Appends the bytes. */
void rmv_delta_format(const struct rmv_delta_bases *bases, struct rmv_buf *out);

/* Reads them at the start of `bytes`; what comes behind starts at `*end`. Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_delta_parse(const void *bytes, size_t size,
                                        struct rmv_delta_bases *bases, size_t *end);
