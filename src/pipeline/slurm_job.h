/* What is on disk of a job that runs a stage on a cluster, so that a later run finds it again:
 * `.rmstore/jobs/STAGE.job` says which it is, and beside it lie, under the job's own name, its
 * script, the ticket for its one start, what it printed, and its exit status. docs/FORMATS.md has
 * the bytes. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/pipeline.h"

struct rmv_slurm_job {
    char *key;   /* of what it runs: command, dependencies, parameters; NULL: there is no job */
    char *name;  /* nobody else's; known before it is submitted */
    uint64_t id; /* Slurm's; 0 as long as it is not known */
};
void rmv_slurm_job_free(struct rmv_slurm_job *job);

/* A new one with a name of its own. */
void rmv_slurm_job_init(const struct rmv_stage *stage, const char *key, struct rmv_slurm_job *job);

/* Errors: CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_slurm_job_read(const struct rmv_workspace *workspace,
                                           const struct rmv_stage *stage,
                                           struct rmv_slurm_job *job);

/* Durable before it is submitted. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_slurm_job_write(const struct rmv_workspace *workspace,
                                            const struct rmv_stage *stage,
                                            const struct rmv_slurm_job *job);

/* Writes its script, and the ticket: once, however often it has to be submitted. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_slurm_job_write_script(const struct rmv_workspace *workspace,
                                                   const struct rmv_stage *stage,
                                                   const struct rmv_slurm_job *job);

/* Has its script been started, and has it been so once more, when it refused to run? */
bool rmv_slurm_job_has_begun(const struct rmv_workspace *workspace,
                             const struct rmv_slurm_job *job);
bool rmv_slurm_job_has_begun_again(const struct rmv_workspace *workspace,
                                   const struct rmv_slurm_job *job);

/* Has its script come to its end, well or not? */
bool rmv_slurm_job_has_ended(const struct rmv_workspace *workspace,
                             const struct rmv_slurm_job *job);

/* The status that its script left, as of waitpid(2); false if there is none. */
bool rmv_slurm_job_read_status(const struct rmv_workspace *workspace,
                               const struct rmv_slurm_job *job, int *status);

/* It has ended, and nobody needs its files any more. */
void rmv_slurm_job_remove(const struct rmv_workspace *workspace, const struct rmv_stage *stage,
                          const struct rmv_slurm_job *job);

/* Cancels it and waits until it has ended, then removes its files. Errors: FAILED (Slurm does not
 * answer, or does not end it), NOT_FOUND (its programs), INTERRUPTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_slurm_job_cancel(const struct rmv_workspace *workspace,
                                             const struct rmv_stage *stage,
                                             const struct rmv_slurm_job *job,
                                             const volatile sig_atomic_t *interrupted);

/* A file of its own relative to the workspace, `suffix` being ".sh", ".ticket", ".again", ".out",
 * ".err" or ".exit", or "" for what they have in common; the caller frees it. */
char *rmv_slurm_job_path_of(const struct rmv_slurm_job *job, const char *suffix);
