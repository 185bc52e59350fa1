/* The log of a stage, `.rmstore/logs/STAGE.log`: what its command printed and what became of it, a
 * line each: "2025-01-01 10:30:45,123 - train - INFO - message". What the command wrote to its
 * standard error is a WARNING. A log that cannot be written to stops no stage. */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/pipeline.h"

struct rmv_stage_log {
    char *path; /* relative to the workspace */
    const char *stage;
    int fd;
    struct rmv_buf begun[2]; /* of standard output and error: a line that has not ended yet */
};

#define RMV_STAGE_LOG_EMPTY ((struct rmv_stage_log){.fd = -1})

/* Starts anew unless `append`. `stage` lives as long as the log. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_stage_log_open(const struct rmv_workspace *workspace,
                                           const struct rmv_stage *stage, bool append,
                                           struct rmv_stage_log *log);
void rmv_stage_log_close(struct rmv_stage_log *log);

/* What the command printed, as it comes. */
void rmv_stage_log_print(struct rmv_stage_log *log, bool is_error, const char *bytes, size_t size);

/* Ends lines that have begun: the command has ended. */
void rmv_stage_log_flush(struct rmv_stage_log *log);

/* One message of ours; its line breaks make it several lines. */
void rmv_stage_log_note(struct rmv_stage_log *log, enum rmv_log_level level, const char *message);

/* Appends the last lines the command printed, indented, for a message; nothing if there are none.
 */
void rmv_stage_log_append_tail(const struct rmv_stage_log *log, struct rmv_buf *message);
