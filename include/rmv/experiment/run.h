/* Running experiments. Each runs in a work tree of its own, a linked one of the repository in
 * `.rmstore/exps/trees/NAME` with the same store; the user's workspace is not touched. What is done
 * comes to be in this order: data durable in the store, the commit, its reference; then the work
 * tree goes. Whatever ends it before the reference leaves nothing but a work tree that the next
 * call removes. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/override.h"
#include "rmv/pipeline/repro.h"
#include "rmv/vcs/vcs.h"

enum rmv_experiment_state {
    RMV_EXPERIMENT_QUEUED,
    RMV_EXPERIMENT_RUNNING,
    RMV_EXPERIMENT_FAILED,
    RMV_EXPERIMENT_DONE,
};

/* What is to be run, and on what. */
struct rmv_experiment_task {
    char *name;
    char *message; /* for the commit; NULL for a plain one */
    char *prefix;  /* the folder it is run from, relative to the workspace */
    char baseline[RMV_VCS_ID_SIZE];
    char snapshot[RMV_VCS_ID_SIZE]; /* the commit that it runs on */
    struct rmv_strings targets;     /* as for rmv_repro() */
    struct rmv_strings copied;      /* paths copied from the workspace, untracked ones */
    bool force, single_item, downstream, whole, all_pipelines, recursive, keep_going, no_run_cache;
    bool force_downstream, ignore_errors, allow_missing;
    bool replace; /* an experiment of that name */
    bool queued;  /* it has a reference in the queue */
    int64_t time; /* of when it was queued, in seconds since 1970; 0 where it was not */
    enum rmv_experiment_state state;
    char id[RMV_VCS_ID_SIZE]; /* of its commit, once it is done; "" if that was removed */
    char *problem;            /* why it failed, or NULL */
};

struct rmv_experiment_tasks {
    struct rmv_experiment_task *items;
    size_t count, capacity;
};
void rmv_experiment_task_free(struct rmv_experiment_task *task);
void rmv_experiment_tasks_free(struct rmv_experiment_tasks *tasks);

/* Adds one task for each set of overrides: like `wanted`, on the workspace as it is now with these
 * parameters. Names are invented where `wanted` has none, and numbered where there are several.
 * Errors: CONFLICT (the name is taken, and `replace` not set), and those of overrides and git. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_plan(struct rmv_workspace *workspace,
                                            const struct rmv_experiment_task *wanted,
                                            const struct rmv_override_sets *sets,
                                            struct rmv_experiment_tasks *tasks);

/* ---- Running --------------------------------------------------------------------------------- */

enum rmv_experiment_event_kind {
    RMV_EXPERIMENT_EVENT_STARTED,
    RMV_EXPERIMENT_EVENT_STAGE,  /* `stage` says what happened */
    RMV_EXPERIMENT_EVENT_OUTPUT, /* what a stage printed */
    RMV_EXPERIMENT_EVENT_DONE,   /* task->id is its commit */
    RMV_EXPERIMENT_EVENT_FAILED, /* task->problem says why */
};

struct rmv_experiment_event {
    enum rmv_experiment_event_kind kind;
    const struct rmv_experiment_task *task;
    const struct rmv_repro_event *stage;
    const char *bytes; /* of an output */
    size_t size;
    bool is_error;
};

struct rmv_experiment_run_options {
    unsigned jobs;       /* experiments at once; 0 for one */
    unsigned stage_jobs; /* stages at once, in each */
    /* Called by one thread at a time; may be NULL. */
    void (*report)(void *context, const struct rmv_experiment_event *event);
    /* As for rmv_repro(); may be NULL. An error ends all experiments, like an interrupt. */
    const struct rmv_error *(*confirm)(void *context, const struct rmv_experiment_task *task,
                                       const struct rmv_stage *stage, const char *why, bool *yes);
    void *context;
    bool dry;                                 /* report what would run, and record nothing */
    const volatile sig_atomic_t *interrupted; /* as for rmv_repro(); may be NULL */
};

/* Runs them all; `state`, `id` and `problem` of each say how it went. What the stages print is kept
 * in `.rmstore/exps/logs/NAME.log`. Errors: FAILED (at least one failed), INTERRUPTED; LOCKED
 * (somebody else runs one of them). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_run(struct rmv_workspace *workspace,
                                           struct rmv_experiment_tasks *tasks,
                                           const struct rmv_experiment_run_options *options);

/* The log of a task, as an absolute path; the caller frees it. */
char *rmv_experiment_log_path_of(const struct rmv_workspace *workspace, const char *name);

/* Reads it piece by piece: what there is and, with `follow`, what comes while the experiment runs,
 * until it has ended. Errors: NOT_FOUND (no log), IO, those of `print`. */
struct rmv_experiment_log_options {
    bool follow;
    const struct rmv_error *(*print)(void *context, const char *bytes, size_t size);
    void *context;
};
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_log_read(const struct rmv_workspace *workspace,
                                                const char *name,
                                                const struct rmv_experiment_log_options *options);

/* The workspace as it is, as an experiment: `task` has name, message, `copied` (further untracked
 * paths) and `targets` (paths of added data, of which changes are saved; none: of all). Sets its id
 * and, if it has none, its name. Nothing is run. Errors: as for planning. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_save(struct rmv_workspace *workspace,
                                            struct rmv_experiment_task *task);

/* ---- The queue ------------------------------------------------------------------------------- */

/* Lets tasks wait: their references are made, all or none. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_enqueue(struct rmv_workspace *workspace,
                                               struct rmv_experiment_tasks *tasks);

/* Adds what runs, waits, failed and, if asked, is done, in this order, the oldest first in each. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_queue_read(struct rmv_workspace *workspace, bool with_done,
                                                  struct rmv_experiment_tasks *tasks);

/* Does somebody work on the queue now? */
bool rmv_experiment_queue_is_run(const struct rmv_workspace *workspace);

/* Takes a task off the queue, or off the list of what has ended, with its log. The experiment that
 * came out of it stays. Errors: LOCKED (it runs). */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_dequeue(struct rmv_workspace *workspace,
                                               const struct rmv_experiment_task *task);

/* Asks whoever runs these to stop them, at once or so that their commands have a few seconds to
 * end, and waits until they have. `state` of each becomes FAILED; DONE where it had come to its end
 * before, QUEUED where what ran it was killed itself. Errors: FAILED (one goes on after a minute;
 * the request stays), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_queue_kill(struct rmv_workspace *workspace,
                                                  struct rmv_experiment_tasks *tasks, bool at_once);

/* Removes the logs of experiments that are done, or with `all` every log that nobody writes, and
 * adds the names to `removed`. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_logs_remove(struct rmv_workspace *workspace, bool all,
                                                   struct rmv_strings *removed);

/* Runs what waits until nothing does, or somebody asks to stop. Errors: as for running, LOCKED
 * (somebody else works on the queue). `*count` is how many were run. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_queue_run(struct rmv_workspace *workspace,
                                                 const struct rmv_experiment_run_options *options,
                                                 size_t *count);

/* Asks whoever works on the queue to start no further experiment and, with `kill`, to stop those
 * that run; these wait again. `*is_running` is false if there is nobody. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_queue_stop(struct rmv_workspace *workspace, bool kill_now,
                                                  bool *is_running);
