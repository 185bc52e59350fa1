/* Running the command of a stage: its output copied to a log and to whoever listens, stopped when
 * the user interrupts or its time is up. It runs here, in a process group of its own, or as a job
 * of Slurm.
 *
 * Several can be on their way in one thread: the caller waits with poll() for what
 * rmv_execution_watch() names, RMV_EXECUTION_LOOK_MS at the longest, and calls rmv_execution_step()
 * for each. */
#pragma once

#include <poll.h>

#include "rmv/base/error.h"
#include "rmv/base/lock.h"
#include "rmv/pipeline/repro.h"

#define RMV_EXECUTION_FDS 3
#define RMV_EXECUTION_LOOK_MS 100 /* how long a signal that came between two looks may wait */

struct rmv_execution;
struct rmv_slurm_job;

struct rmv_execution_options {
    struct rmv_workspace *workspace;
    const struct rmv_stage *stage;
    const struct rmv_repro_options *repro;
    /* Held for the stage. The processes inherit it, so that the stage stays locked until they have
     * ended even if this program is killed. */
    struct rmv_lock *lock;
    unsigned attempt;                /* from 1; the log of the first one starts anew */
    const char *key;                 /* of what is run: command, dependencies, parameters */
    const struct rmv_slurm_job *job; /* it runs already, as this; or NULL */
};

/* Starts the stage's command. On success the caller closes `*execution`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_execution_start(const struct rmv_execution_options *options,
                                            struct rmv_execution **execution);

/* Kills what still runs here, and leaves jobs of Slurm to go on: a later run finds them. */
void rmv_execution_close(struct rmv_execution **execution);

/* It has ended well, and what it made is recorded or will never be: removes what a later run would
 * need to find a job that has ended. */
void rmv_execution_forget(struct rmv_execution *execution);

/* Adds "NAME=value" for every variable that the command gets besides those of rmv itself. */
void rmv_execution_list_env(const struct rmv_execution_options *settings, struct rmv_strings *env);

void rmv_execution_watch(const struct rmv_execution *execution,
                         struct pollfd watched[RMV_EXECUTION_FDS]);

/* Copies what was printed, and goes on to the next line when one has ended. `*ended` once the last
 * one has. Errors: FAILED (a line failed: how, and the end of the log), INTERRUPTED, IO; it has
 * ended then, too. */
RMV_MUST_CHECK
const struct rmv_error *rmv_execution_step(struct rmv_execution *execution,
                                           const struct pollfd watched[RMV_EXECUTION_FDS],
                                           bool *ended);
