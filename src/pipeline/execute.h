/* Running the command of a stage: a process group of its own, its output copied to a log and to
 * whoever listens, stopped when the user interrupts. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/lock.h"
#include "rmv/pipeline/repro.h"

struct rmv_execution {
    struct rmv_workspace *workspace;
    const struct rmv_stage *stage;
    const struct rmv_repro_options *options;
    /* Held for the stage. The processes inherit it, so that the stage stays locked until they have
     * ended even if this program is killed. */
    struct rmv_lock *lock;
};

/* Runs all lines of the stage's command. Errors: FAILED (a line failed: how, and the end of the
 * log), INTERRUPTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_execute(const struct rmv_execution *execution);
