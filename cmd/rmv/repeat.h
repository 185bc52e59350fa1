/* Doing the rest of a command over and over, each time in a process of its own. */
#pragma once

#include <stdio.h>

#include "rmv/base/error.h"

/* Returns NULL in a process that is to do it once now; never more than one at a time. In the one
 * that called it, it returns only with an error: USAGE (see rmv_timetable_parse; no workspace),
 * INTERRUPTED, which is how it ends, after the one that was at work has. cli_watch_interrupts() was
 * called. When the next time comes is told to `out`. */
RMV_MUST_CHECK
const struct rmv_error *cli_repeat(const char *every, const char *at, FILE *out);
