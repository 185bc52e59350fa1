/* Lines of the history of runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/pipeline/run_history.h"

#define RMV_RUN_HISTORY_HEAD "rmv-history 1\n"

/* Appends the line of a run, its end included. */
void rmv_run_history_format(const struct rmv_run_entry *entry, struct rmv_buf *text);

/* Fills in `entry`, which the caller frees in any case; false if the line is torn or damaged. */
bool rmv_run_history_parse(const char *line, size_t size, struct rmv_run_entry *entry);

/* Is it a history that this version writes to? Errors: UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_history_check_head(const char *text, size_t size, const char *path);
