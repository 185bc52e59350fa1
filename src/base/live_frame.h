/* What a live display (rmv/base/live.h) shows, as text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"

struct rmv_live_row {
    char *name, *doing; /* safe to show */
    int64_t started_ns, resume_ns;
};

struct rmv_live_state {
    const char *thing;
    struct rmv_live_row *rows; /* those that began first are first */
    size_t rows_count, rows_capacity;
    size_t done, expected;
};

/* Appends the lines, without an end behind the last. None takes more than `columns`, and there are
 * no more than `lines`, which is at least 1: where not all rows fit, those that began first are
 * shown. */
void rmv_live_frame(const struct rmv_live_state *state, size_t columns, size_t lines,
                    int64_t now_ns, struct rmv_buf *out);
