/* Bringing stages up to date: runs those that changed, in order, and records each run.
 *
 * Nothing of the workspace is locked while a command runs, except that stage against a second run
 * of itself. What a run made is published in this order: outputs and record durable in the store,
 * then rmv.lock replaced, then .gitignore; a kill at any point leaves the last published run. Runs
 * that end within 100 ms are published together, before a stage starts that needs one of them. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/graph.h"
#include "rmv/pipeline/pipeline.h"

enum rmv_repro_event_kind {
    RMV_REPRO_UP_TO_DATE,
    RMV_REPRO_FROZEN,   /* left alone */
    RMV_REPRO_STORED,   /* an added path had changed and was added again; `text` is the path */
    RMV_REPRO_WAITING,  /* another process runs this stage */
    RMV_REPRO_ASKING,   /* a server has not answered for a second; `text` is the URL */
    RMV_REPRO_RUNNING,  /* its command starts now */
    RMV_REPRO_COMMAND,  /* one line of it; `text` is the line */
    RMV_REPRO_CLUSTER,  /* what became of its job; `text` says it */
    RMV_REPRO_JOB,      /* what its job does now, in a few words, changed or not: `text` */
    RMV_REPRO_RETRYING, /* its command failed and will be tried again; `text` says how and when */
    RMV_REPRO_STOPPING, /* its command was asked to end: an interrupt, or its time is over */
    RMV_REPRO_SAVING,   /* its command has ended well; what it made is stored now */
    RMV_REPRO_RAN,      /* done and recorded */
    RMV_REPRO_RESTORED, /* outputs put back, no command run; `text` says from where */
    RMV_REPRO_WOULD_RUN,
    RMV_REPRO_WOULD_RESTORE, /* `text` as of RESTORED */
    RMV_REPRO_FAILED,   /* `text` is the message, which is returned too unless keep_going is set */
    RMV_REPRO_BLOCKED,  /* not run, because one it needs failed or was declined */
    RMV_REPRO_DECLINED, /* not run, because confirm() said so; `text` is why it would have run */
    RMV_REPRO_STOPPED,  /* an interrupt ended it, or came before it; `text` is the message */
};

struct rmv_repro_event {
    enum rmv_repro_event_kind kind;
    const struct rmv_stage *stage;
    const char *text; /* the reason, or as above */
    /* For RETRYING: which attempt follows, of how many, and when on rmv_time_monotonic_ns(). */
    unsigned attempt, attempts;
    int64_t resume_ns;
};

struct rmv_repro_options {
    /* As typed; none: the stages of the rmv.yaml in the folder where the program was started, or,
     * if that has none, all. */
    const struct rmv_strings *targets;
    bool all_pipelines;    /* without targets: the stages of all files */
    bool recursive;        /* targets are folders: the stages of all files in and below them */
    bool whole;            /* all that is connected with the targets, whatever needs what */
    bool force;            /* run what is up to date too */
    bool single_item;      /* the targets alone */
    bool downstream;       /* the targets and what needs them, not what they need */
    bool force_downstream; /* run all that needs a stage that runs, changed or not */
    bool dry;              /* say what would run, change nothing */
    bool keep_going;       /* run what does not depend on what failed */
    bool ignore_errors;    /* run what depends on it too, and return no error in the end */
    bool allow_missing;    /* data that is not here counts as what is known of it */
    bool no_commit;        /* record hashes, but do not store the outputs */
    unsigned jobs;         /* stages that run at once; 0 for one */
    bool no_run_cache;     /* do not look for, or remember, earlier runs */
    enum rmv_executor_kind executor; /* in place of what stages say, unless NONE */
    /* Told once, before all events, how many stages will be looked at. May be NULL. */
    void (*expect)(void *context, size_t stages_count);
    void (*report)(void *context, const struct rmv_repro_event *event);
    /* Asked before anything is done about a stage that changed; `why` says how. May be NULL, which
     * is yes to all. An error ends it all. */
    const struct rmv_error *(*confirm)(void *context, const struct rmv_stage *stage,
                                       const char *why, bool *yes);
    /* What commands print, as it comes; it goes to the stage's log as well. May be NULL. */
    void (*output)(void *context, const struct rmv_stage *stage, bool is_error, const char *bytes,
                   size_t size);
    void *context;
    const volatile sig_atomic_t *interrupted; /* as rmv_interrupt_of() reads it; may be NULL */
};

/* Errors: FAILED (a stage failed; the message says which, how, and the end of its log), NOT_FOUND
 * (a dependency, parameter or target), CONFLICT (an output's place is taken by data that nobody
 * saved), INTERRUPTED, and those of the pipeline's graph. */
RMV_MUST_CHECK
const struct rmv_error *rmv_repro(struct rmv_workspace *workspace,
                                  const struct rmv_pipeline *pipeline,
                                  const struct rmv_repro_options *options);

/* Takes the outputs of `stage` as they are now: stores them and updates the lock file. `as_run`:
 * command, dependencies and parameters too, as if the stage had just run; otherwise what it was run
 * with stays, and a stage that never ran is left alone. `*changed` says whether the lock file did.
 * For `rmv commit`. Errors: NOT_FOUND (dependency or parameter), FAILED (an output is missing), and
 * those of saving. */
RMV_MUST_CHECK
const struct rmv_error *rmv_repro_commit(struct rmv_workspace *workspace,
                                         const struct rmv_stage *stage, bool as_run, bool *changed);

/* The log of the last run of a stage, relative to the workspace; the caller frees it. */
char *rmv_repro_log_path_of(const struct rmv_stage *stage);
