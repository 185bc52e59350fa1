/* Logs: lines with a time (UTC) and a level, appended to a file or handed to a function.
 *
 * Two forms: "2025-01-01 10:30:45,123 - INFO - message", and with a stage name
 * "2025-01-01 10:30:45,123 - ingestion - INFO - message". Lines are written whole, so several
 * threads and processes may share a file; line breaks and other control characters in a message are
 * written as "\n" or "\x1b", so that one message is one line. A log that cannot be written to, a
 * full disk say, stops nobody from working. All functions accept NULL for a log that goes nowhere.
 */
#pragma once

#include "rmv/base/error.h"

enum rmv_log_level { RMV_LOG_DEBUG, RMV_LOG_INFO, RMV_LOG_WARNING, RMV_LOG_ERROR };

struct rmv_log;

/* Appends to the file at `path`, which is created with its folders. `stage` may be NULL.
 * Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_log_open(const char *path, const char *stage, struct rmv_log **log);

/* Hands each message to `sink` instead, without time or level: how a program's main() gets the
 * warnings of the library. */
void rmv_log_open_sink(void (*sink)(void *context, enum rmv_log_level level, const char *message),
                       void *context, struct rmv_log **log);
void rmv_log_close(struct rmv_log **log);

/* Messages below `level` are dropped; the default is INFO. */
void rmv_log_set_level(struct rmv_log *log, enum rmv_log_level level);

void rmv_log_write(struct rmv_log *log, enum rmv_log_level level, const char *format, ...)
    RMV_PRINTF(3, 4);
