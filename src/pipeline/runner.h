/* Running one stage. Everything here works for one call of rmv_repro().
 *
 * A run ends in two steps: what its command made is saved into a batch of the store, then it is
 * recorded, that is, the batch is made durable and the lock file says so. Several runs that end
 * shortly after one another are recorded together, at the cost of one. */
#pragma once

#include "pipeline/execute.h"
#include "pipeline/run_cache.h"
#include "rmv/base/lock.h"
#include "rmv/pipeline/repro.h"
#include "rmv/pipeline/status.h"
#include "rmv/record/record.h"

struct rmv_runner {
    struct rmv_workspace *workspace;
    const struct rmv_pipeline *pipeline; /* may be NULL: then old lock entries are left alone */
    const struct rmv_repro_options *options;
    struct rmv_stage_view view;
    struct rmv_run_cache cache;
    struct rmv_store_batch
        *batch; /* with what `saved_count` runs made, not recorded yet; or NULL */
    size_t saved_count;
    int64_t batch_until_ns; /* from then on it is closed once nothing is in it */
    bool *ahead;            /* per stage of the pipeline: it may run yet; owned, NULL: none will */
    bool knows_git;         /* the three below were asked for */
    bool git_dirty;
    char *git_commit, *git_branch;
};
void rmv_runner_free(struct rmv_runner *runner);

/* Sets chosen[i], which is all false, of the stages that the options name, and of what has to be
 * looked at with them. Errors: NOT_FOUND. runner_choose.c. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_choose(const struct rmv_runner *runner,
                                          const struct rmv_graph *graph, bool *chosen);

/* Brings a stage up to date that `status`, which is taken over, says is not: puts its outputs back
 * if the store has them, otherwise starts its command; then `*run` is set, and the caller waits for
 * what rmv_run_watch() names, steps it, and closes it. Another process may be running the stage:
 * then it waits, or, without `wait`, returns LOCKED. */
struct rmv_run;
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_begin(struct rmv_runner *runner, const struct rmv_stage *stage,
                                         struct rmv_stage_status *status, bool wait,
                                         struct rmv_run **run);
void rmv_run_watch(const struct rmv_run *run, struct pollfd watched[RMV_EXECUTION_FDS]);

/* `*ended` once the command has ended and what it made is saved, and with every error. Without one
 * the run is to be recorded before it is closed. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_step(struct rmv_run *run,
                                     const struct pollfd watched[RMV_EXECUTION_FDS], bool *ended);

/* How long it took, once it has ended. */
int64_t rmv_run_duration_ns(const struct rmv_run *run);

/* What is at the outputs of a run that is not recorded was left by one that failed. */
void rmv_run_close(struct rmv_run **run);

/* ---- What is known already: runner_known.c -------------------------------------------------- */

/* A run whose outputs fit a stage as it is now; `run.name` is NULL if there is none. */
struct rmv_known_outs {
    struct rmv_lock_stage run;
    const char *where; /* it was found: static */
};
void rmv_known_outs_free(struct rmv_known_outs *known);

/* Looks for one in the lock file, if only the outputs have changed, and in the run cache. `entry`
 * is that of rmv_runner_entry_of(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_find_known(struct rmv_runner *runner,
                                              const struct rmv_stage *stage,
                                              const struct rmv_stage_status *status,
                                              const struct rmv_lock_stage *entry,
                                              struct rmv_known_outs *known);

/* For dry runs: reports whether the stage would be restored or run. If restored, `*restores` is
 * set, and from now on the outputs are taken to be there. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_dry_run(struct rmv_runner *runner, const struct rmv_stage *stage,
                                           const struct rmv_stage_status *status, bool *restores);

/* Does the stage read outputs of `maker` as a whole, if any, not parts of them or what they are
 * part of? */
bool rmv_runner_reads_whole(const struct rmv_stage *stage, const struct rmv_stage *maker);

/* Deals with a stage that is frozen, and never runs: missing outputs come back; edited ones stand,
 * and are recorded. `status` as above. Errors: NOT_FOUND (they cannot come back). */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_keep_frozen(struct rmv_runner *runner,
                                               const struct rmv_stage *stage,
                                               struct rmv_stage_status *status);

void rmv_runner_report(const struct rmv_runner *runner, enum rmv_repro_event_kind kind,
                       const struct rmv_stage *stage, const char *text);

/* ---- Recording: runner_record.c ------------------------------------------------------------- */

/* All-zero is the empty list. */
struct rmv_runs {
    struct rmv_run **items;
    size_t *stages; /* of each: its place in the pipeline */
    size_t count, items_capacity, stages_capacity;
};
void rmv_runs_add(struct rmv_runs *runs, size_t stage, struct rmv_run *run_taken);

/* Closes them. */
void rmv_runs_free(struct rmv_runs *runs);

/* Records runs that have ended, all that were saved since the last call: they are acknowledged and
 * reported when it returns. With an error some may be in a lock file, and none counts as done. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_record(struct rmv_runner *runner, const struct rmv_runs *runs);

/* Saves and records one of several that could not be recorded together: what is wrong with the
 * outputs of one is no fault of the others. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_record_again(struct rmv_runner *runner, struct rmv_run *run);

/* Lets go of the store if nothing is to be recorded and it was held for a while, so that gc gets
 * its turn: the batch stays open for a moment, since opening one looks through all packs. To be
 * called now and then. */
void rmv_runner_rest(struct rmv_runner *runner);

/* The same at once: before a wait whose end nobody knows. */
void rmv_runner_let_go(struct rmv_runner *runner);

/* ---- What a run is: runner_entry.c ---------------------------------------------------------- */

/* Sets `*entry` to what the lock file will say of the stage, with outputs of kind MISSING. The
 * caller frees it. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_entry_of(struct rmv_runner *runner,
                                            const struct rmv_stage *stage,
                                            const struct rmv_value *params,
                                            struct rmv_lock_stage *entry);

/* The same for a stage that is not run: what it was run with stays. `entry->name` is NULL if it
 * never was. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_locked_entry_of(struct rmv_runner *runner,
                                                   const struct rmv_stage *stage,
                                                   struct rmv_lock_stage *entry);

/* Puts the record of a run into `batch`; `record` has its times, and gets all else. Sets
 * `entry->record`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_put_record(struct rmv_runner *runner,
                                              const struct rmv_stage *stage,
                                              struct rmv_record *record,
                                              struct rmv_store_batch *batch,
                                              struct rmv_lock_stage *entry);

/* ---- Outputs: runner_outs.c ----------------------------------------------------------------- */

/* Makes sure that the outputs can be replaced by `wanted` (NULL: by nothing) without losing what
 * nobody has saved: an edited output of a stage that ran before is kept in the store, with a
 * warning, and so is what a killed run may have left; data that rmv has never seen is refused
 * (CONFLICT). What a failed run left just goes. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_protect_outs(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                const struct rmv_outputs *wanted);

/* Removes all outputs but persistent ones. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_remove_outs(struct rmv_runner *runner,
                                               const struct rmv_stage *stage);
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_restore_outs(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                const struct rmv_outputs *wanted);

/* Sets `outs` to the outputs as they are, saved into `batch` if they belong into the store. Errors:
 * FAILED (an output is missing), and those of saving. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_save_outs(struct rmv_runner *runner,
                                             const struct rmv_stage *stage,
                                             struct rmv_store_batch *batch,
                                             struct rmv_outputs *outs);

/* ---- The lock file: runner_publish.c -------------------------------------------------------- */

struct rmv_publication {
    const struct rmv_stage *stage;
    const struct rmv_lock_stage *entry;
    bool is_new; /* set if the lock file did not say the same already */
};

/* Replaces the stages' entries in their lock files; other entries stay as whoever wrote them last
 * left them. Then .gitignore. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_publish(struct rmv_runner *runner,
                                           struct rmv_publication *publications, size_t count);

/* Excludes a second run of the stage; waits for the end of one, or returns LOCKED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_lock_stage(struct rmv_runner *runner,
                                              const struct rmv_stage *stage, bool wait,
                                              struct rmv_lock *lock);
void rmv_runner_unlock_stage(struct rmv_lock *lock);

/* A file of the stage's own: `.rmstore/FOLDER/NAME.SUFFIX`; the caller frees it. */
char *rmv_runner_path_of(const struct rmv_stage *stage, const char *folder, const char *suffix);
