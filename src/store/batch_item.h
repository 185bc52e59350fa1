/* An object that a batch is to store. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/delta.h"
#include "store/pack_format.h"

struct rmv_batch_item {
    struct rmv_pack_record record; /* id, size and representation */
    const char *bytes;
    struct rmv_delta *delta; /* an older version of the file that it is a chunk of, or NULL */
    uint64_t offset;         /* in the file; only where there is an older version */
    bool is_lines;           /* text, which shares a frame with other text */
};
