/* What the ways of running a command have in common; private to execute*.c. */
#pragma once

#include "pipeline/execute.h"
#include "pipeline/stage_log.h"

struct rmv_local_run;
struct rmv_slurm_run;

struct rmv_execution {
    struct rmv_execution_options options;
    const struct rmv_execution_kind *kind;
    struct rmv_stage_log log;
    int64_t started_ns; /* when its time began to run; 0 while it waits for a machine */
    int64_t stop_ns;    /* when it was asked to stop; 0 if it was not */
    bool is_killed;
    int status;    /* once it has ended: as from waitpid(2) */
    char *problem; /* what else ended it, a time limit of the cluster say, or NULL */
    struct rmv_local_run *local;
    struct rmv_slurm_run *slurm;
};

/* One of the places where a command can run. */
struct rmv_execution_kind {
    const struct rmv_error *(*start)(struct rmv_execution *execution);
    void (*watch)(const struct rmv_execution *execution, struct pollfd watched[RMV_EXECUTION_FDS]);
    void (*signal)(struct rmv_execution *execution, int number);
    /* `*ended` once all lines of the command have run or one has failed, with `status`. */
    const struct rmv_error *(*step)(struct rmv_execution *execution,
                                    const struct pollfd watched[RMV_EXECUTION_FDS], bool *ended);
    void (*forget)(struct rmv_execution *execution); /* or NULL */
    void (*close)(struct rmv_execution *execution);
};

extern const struct rmv_execution_kind rmv_execution_local, rmv_execution_slurm;

/* The lines of the stage's command; NULL behind the last. */
const char *rmv_execution_line(const struct rmv_execution *execution, size_t line);

void rmv_execution_print(struct rmv_execution *execution, bool is_error, const char *bytes,
                         size_t size);
bool rmv_execution_is_interrupted(const struct rmv_execution *execution);
void rmv_execution_report(const struct rmv_execution *execution, enum rmv_repro_event_kind kind,
                          const char *text);
