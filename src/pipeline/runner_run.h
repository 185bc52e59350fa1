/* One stage on its way, from the first look at its outputs to its entry in the lock file. */
#pragma once

#include "pipeline/runner.h"
#include "pipeline/runner_inputs.h"
#include "pipeline/slurm_job.h"

struct rmv_run {
    struct rmv_runner *runner;
    const struct rmv_stage *stage;
    struct rmv_stage_status status;
    struct rmv_lock lock;        /* against a second run of the stage */
    struct rmv_lock_stage entry; /* what the lock file will say */
    struct rmv_record record;    /* of its times so far */
    struct rmv_execution *execution;
    bool is_cleared;   /* what is at the outputs, if anything, was made by this run */
    int64_t mark_ns;   /* when the mark of its start is to be durable; 0: it is, or there is none */
    unsigned attempt;  /* from 1 */
    int64_t resume_ns; /* no command runs: when the next attempt starts */
    char key[RMV_OBJECT_ID_HEX_SIZE]; /* of what it runs */
    struct rmv_slurm_job job;         /* what an earlier call left running, if anything */
    struct rmv_runner_inputs changed; /* while the command ran */
    bool is_remembered;               /* by the run cache, as object `remembered_id` */
    struct rmv_object_id remembered_id;
};

/* Puts what the command made, and the record of the run, into the batch of the runner, which is
 * opened if it is not. Errors: FAILED (an output is missing), and those of saving. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_save(struct rmv_run *run);
