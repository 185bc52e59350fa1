/* Talking to Slurm through its own programs, which all versions of it and all sites have: sbatch,
 * scontrol, squeue and scancel. Each is started and its answer collected without waiting for it, as
 * a controller that is down makes them take many seconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/pipeline/pipeline.h"

/* One program on its way. */
struct rmv_slurm_query {
    pid_t pid; /* 0: none */
    int fd;    /* readable when it says something, or ends */
    struct rmv_buf answer;
};
#define RMV_SLURM_QUERY_EMPTY ((struct rmv_slurm_query){.fd = -1})

/* `env` is NULL-terminated and added to ours, or NULL. Errors: NOT_FOUND (the program), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_slurm_query_start(const struct rmv_strings *arguments,
                                              const char *const *env,
                                              struct rmv_slurm_query *query);

/* Reads what there is. Once it has ended `*ended`, `*ok` says whether well, and `query->answer` is
 * all it printed, errors included. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_slurm_query_step(struct rmv_slurm_query *query, bool *ended, bool *ok);
void rmv_slurm_query_close(struct rmv_slurm_query *query); /* kills it */

/* What `scontrol show job` says. */
struct rmv_slurm_state {
    char name[32];   /* "RUNNING" */
    char reason[64]; /* why it waits, or ended */
    bool has_started, has_ended;
    int exit_code, exit_signal;
};

/* False if the answer is not about a job. */
bool rmv_slurm_parse_state(const char *answer, struct rmv_slurm_state *state);

/* The status as of waitpid(2) for what a shell or Slurm says: 0 to 255, above 128 for signals. */
int rmv_slurm_status_of(int code);

/* The number that sbatch or squeue prints; 0 if there is none. */
uint64_t rmv_slurm_parse_id(const char *answer);

/* Whether a program failed because the controller did not answer: the same may work later. */
bool rmv_slurm_is_unreachable(const char *answer);

/* Whether it said that there is no such job. */
bool rmv_slurm_is_unknown(const char *answer);

struct rmv_slurm_submission {
    const struct rmv_stage_executor *executor;
    const char *name, *folder, *script, *out, *err; /* paths are absolute */
};

/* The arguments of sbatch, its name first. */
void rmv_slurm_submit_arguments(const struct rmv_slurm_submission *submission,
                                struct rmv_strings *arguments);

/* The script that runs `cmd` up to the first line that fails, and then leaves the exit status in
 * the file `job_path`.exit, whole or not at all. It runs nothing unless it is the one to remove
 * `job_path`.ticket: a controller that comes back from a state older than the job's start starts
 * it again, whatever --no-requeue says. A start without a ticket leaves `job_path`.again, as long
 * as there is `job_path`.sh, the script itself. */
void rmv_slurm_format_script(const struct rmv_value *cmd, const char *job_path,
                             struct rmv_buf *script);
