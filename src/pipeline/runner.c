#include "pipeline/runner.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/execute.h"
#include "pipeline/runner_inputs.h"
#include "pipeline/runner_marks.h"
#include "pipeline/runner_run.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/dataset/dataset.h"

/* From then on the mark that a command has been started survives a power cut. What is over sooner
 * is recorded before much of what it wrote reaches the disk. */
#define MARK_AFTER_NS ((int64_t)100 * 1000 * 1000)

void rmv_runner_free(struct rmv_runner *runner)
{
    rmv_store_batch_close(&runner->batch);
    rmv_stage_view_free(&runner->view);
    rmv_run_cache_free(&runner->cache);
    rmv_free(&runner->ahead);
    rmv_str_free(&runner->git_commit);
    rmv_str_free(&runner->git_branch);
}

void rmv_runner_report(const struct rmv_runner *runner, enum rmv_repro_event_kind kind,
                       const struct rmv_stage *stage, const char *text)
{
    const struct rmv_repro_options *options = runner->options;
    const struct rmv_repro_event event = {.kind = kind, .stage = stage, .text = text};
    if (options->report)
        options->report(options->context, &event);
}

/* ---- Putting back what is known ------------------------------------------------------------- */

static const struct rmv_error *restore(struct rmv_run *run, const struct rmv_known_outs *known)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_runner *runner = run->runner;
    RMV_CLEANUP(rmv_str_free) char *why = rmv_stage_status_text(&run->status);

    const struct rmv_error *err = rmv_store_batch_open(runner->workspace->store, &batch);
    if (!err)
        err = rmv_runner_protect_outs(runner, run->stage, &known->run.outs);
    if (!err)
        err = rmv_runner_restore_outs(runner, run->stage, &known->run.outs);
    if (!err)
        err = rmv_runner_save_outs(runner, run->stage, batch, &run->entry.outs);
    if (!err)
        err = rmv_store_batch_commit(batch);
    if (err)
        return err;
    run->entry.record = known->run.record;
    struct rmv_publication publication = {.stage = run->stage, .entry = &run->entry};
    err = rmv_runner_publish(runner, &publication, 1);
    if (err)
        return err;
    rmv_runner_unmark_started(runner, run->stage);
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("from %s: %s", known->where, why);
    rmv_runner_report(runner, RMV_REPRO_RESTORED, run->stage, text);
    return NULL;
}

/* ---- Running -------------------------------------------------------------------------------- */

/* Runs the command, once more if it has been before, on a clean slate. */
static const struct rmv_error *start_attempt(struct rmv_run *run)
{
    struct rmv_runner *runner = run->runner;
    const struct rmv_execution_options execution = {.workspace = runner->workspace,
                                                    .stage = run->stage,
                                                    .repro = runner->options,
                                                    .lock = &run->lock,
                                                    .attempt = run->attempt,
                                                    .key = run->key,
                                                    .job = run->job.key ? &run->job : NULL};

    const struct rmv_error *err = NULL;
    if (run->job.key) { /* what is at the outputs is the job's */
        run->is_cleared = true;
        err = rmv_execution_start(&execution, &run->execution);
        rmv_slurm_job_free(&run->job);
        return err;
    }
    if (run->attempt == 1)
        err = rmv_runner_protect_outs(runner, run->stage, NULL);
    if (!err)
        err = rmv_runner_mark_started(runner, run->stage);
    run->mark_ns = rmv_time_monotonic_ns() + MARK_AFTER_NS;
    if (!err)
        err = rmv_runner_remove_outs(runner, run->stage);
    run->is_cleared = !err;
    if (!err)
        err = rmv_execution_start(&execution, &run->execution);
    return err;
}

static const struct rmv_error *start_command(struct rmv_run *run)
{
    RMV_CLEANUP(rmv_str_free) char *why = rmv_stage_status_text(&run->status);

    rmv_runner_report(run->runner, RMV_REPRO_RUNNING, run->stage, why);
    run->record.started_ns = rmv_time_now_ns();
    run->attempt = 1;
    return start_attempt(run);
}

static const struct rmv_error *save(struct rmv_run *run)
{
    rmv_stage_view_forget_all(&run->runner->view);
    const struct rmv_error *err =
        rmv_runner_inputs_check(run->runner, run->stage, &run->entry, &run->changed);
    if (err)
        return err;
    run->record.ended_ns = rmv_time_now_ns();
    rmv_runner_report(run->runner, RMV_REPRO_SAVING, run->stage, "");
    return rmv_run_save(run);
}

/* The command has ended well. What it made is of no use if it is not what the stage says; where it
 * can only not be stored, a job need not run again for it. */
static const struct rmv_error *finish_command(struct rmv_run *run)
{
    const struct rmv_error *err = save(run);
    if (!err)
        return NULL;
    if (err->code == RMV_ERR_FAILED) {
        rmv_execution_forget(run->execution);
        return err;
    }
    return rmv_error_context(err, "storing what stage '%s' made", run->stage->address);
}

static void report_retry(const struct rmv_run *run, const char *text)
{
    const struct rmv_repro_options *options = run->runner->options;
    const struct rmv_repro_event event = {.kind = RMV_REPRO_RETRYING,
                                          .stage = run->stage,
                                          .text = text,
                                          .attempt = run->attempt,
                                          .attempts = run->stage->retry.attempts,
                                          .resume_ns = run->resume_ns};
    if (options->report)
        options->report(options->context, &event);
}

/* After a failure: NULL if there will be another attempt. */
static const struct rmv_error *try_again(struct rmv_run *run, const struct rmv_error *err)
{
    const struct rmv_stage_retry *retry = &run->stage->retry;
    double delay_ms = (double)retry->delay_ms;

    if (err->code != RMV_ERR_FAILED || run->attempt >= retry->attempts)
        return err;
    for (unsigned i = 1; i < run->attempt && delay_ms < (double)retry->max_delay_ms; i++)
        delay_ms *= retry->backoff;
    if (delay_ms > (double)retry->max_delay_ms)
        delay_ms = (double)retry->max_delay_ms;
    RMV_CLEANUP(rmv_str_free)
    char *text = rmv_str_format("%s\nattempt %u of %u follows in %g s", err->message,
                                run->attempt + 1, retry->attempts, delay_ms / 1000);
    run->resume_ns = rmv_time_monotonic_ns() + (int64_t)(delay_ms * 1e6);
    run->attempt++;
    report_retry(run, text);
    rmv_execution_close(&run->execution);
    return NULL;
}

int64_t rmv_run_duration_ns(const struct rmv_run *run)
{
    return run->record.ended_ns - run->record.started_ns;
}

void rmv_run_watch(const struct rmv_run *run, struct pollfd watched[RMV_EXECUTION_FDS])
{
    for (size_t i = 0; i < RMV_EXECUTION_FDS; i++)
        watched[i] = (struct pollfd){.fd = -1};
    if (run->execution)
        rmv_execution_watch(run->execution, watched);
}

static const struct rmv_error *wait_for_attempt(struct rmv_run *run)
{
    if (rmv_interrupt_of(run->runner->options->interrupted))
        return rmv_error(RMV_ERR_INTERRUPTED, "interrupted before attempt %u of stage '%s'",
                         run->attempt, run->stage->address);
    return rmv_time_monotonic_ns() < run->resume_ns ? NULL : start_attempt(run);
}

static void sync_mark(struct rmv_run *run)
{
    if (!run->mark_ns || rmv_time_monotonic_ns() < run->mark_ns)
        return;
    run->mark_ns = 0;
    rmv_runner_sync_mark(run->runner, run->stage);
}

const struct rmv_error *rmv_run_step(struct rmv_run *run,
                                     const struct pollfd watched[RMV_EXECUTION_FDS], bool *ended)
{
    const struct rmv_error *err;
    bool has_ended = false;

    if (!run->execution)
        err = wait_for_attempt(run);
    else
        err = rmv_execution_step(run->execution, watched, &has_ended);
    if (!err && !has_ended)
        sync_mark(run);
    if (err)
        err = try_again(run, err);
    else if (has_ended)
        err = finish_command(run);
    *ended = err || (has_ended && run->execution);
    return err;
}

/* ---- One stage ------------------------------------------------------------------------------ */

/* Another process may have run it since we looked. */
static const struct rmv_error *look_again(struct rmv_runner *runner, const struct rmv_stage *stage,
                                          struct rmv_stage_status *status)
{
    bool changed = false;
    const struct rmv_error *err = rmv_stage_view_refresh(&runner->view, stage->file, &changed);
    if (err || !changed)
        return err;
    const bool is_forced = rmv_stage_status_has(status, RMV_STAGE_CHANGE_FORCED);
    rmv_stage_view_forget_all(&runner->view);
    rmv_stage_status_free(status);
    if (is_forced)
        rmv_stage_status_add(status, RMV_STAGE_CHANGE_FORCED, rmv_str_copy("forced"));
    return rmv_stage_status_of(&runner->view, stage, status);
}

static const struct rmv_error *frozen_error(const struct rmv_run *run)
{
    RMV_CLEANUP(rmv_str_free) char *why = rmv_stage_status_text(&run->status);
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                    "stage '%s' is frozen, and the store does not have what it "
                                    "made: %s",
                                    run->stage->address, why),
                          "take 'frozen' out of %s to let it run", run->stage->file);
}

/* Is what the stage would run the very run that the lock file has? */
static bool is_recorded(struct rmv_run *run)
{
    struct rmv_lock_file *lock = NULL;
    char key[RMV_OBJECT_ID_HEX_SIZE];
    if (rmv_stage_view_lock_file(&run->runner->view, run->stage->file, &lock))
        return false;
    const struct rmv_lock_stage *locked = rmv_lock_file_find(lock, run->stage->name);
    if (!locked)
        return false;
    rmv_run_cache_key_of(locked, key);
    return strcmp(key, run->key) == 0;
}

/* A job of the cluster that runs the same goes on; one that runs something else would write to the
 * outputs while we do. Of one that has ended the result is taken, unless that was done before. */
static const struct rmv_error *find_job(struct rmv_run *run, bool is_needed)
{
    struct rmv_runner *runner = run->runner;
    rmv_run_cache_key_of(&run->entry, run->key);
    const struct rmv_error *err = rmv_slurm_job_read(runner->workspace, run->stage, &run->job);
    if (err || !run->job.key)
        return err;
    const bool has_ended = rmv_slurm_job_has_ended(runner->workspace, &run->job);
    if (is_needed && strcmp(run->job.key, run->key) == 0 && !(has_ended && is_recorded(run)))
        return NULL;
    if (has_ended) {
        rmv_slurm_job_remove(runner->workspace, run->stage, &run->job);
        rmv_slurm_job_free(&run->job);
        return NULL;
    }
    rmv_runner_report(runner, RMV_REPRO_CLUSTER, run->stage,
                      "has a job from an earlier run, with other inputs; cancelling it");
    err = rmv_slurm_job_cancel(runner->workspace, run->stage, &run->job,
                               runner->options->interrupted);
    if (!err)
        rmv_slurm_job_free(&run->job);
    return err;
}

static const struct rmv_error *bring_up_to_date(struct rmv_run *run)
{
    RMV_CLEANUP(rmv_known_outs_free) struct rmv_known_outs known = {0};

    const struct rmv_error *err =
        run->stage->frozen
            ? rmv_runner_locked_entry_of(run->runner, run->stage, &run->entry)
            : rmv_runner_entry_of(run->runner, run->stage, &run->status.params, &run->entry);
    if (!err)
        err = rmv_runner_find_known(run->runner, run->stage, &run->status, &run->entry, &known);
    if (!err)
        err = find_job(run, !known.run.name && !run->stage->frozen);
    if (err)
        return err;
    if (known.run.name)
        return restore(run, &known);
    return run->stage->frozen ? frozen_error(run) : start_command(run);
}

void rmv_run_close(struct rmv_run **run)
{
    struct rmv_run *closed = *run;
    *run = NULL;
    if (!closed)
        return;
    rmv_execution_close(&closed->execution);
    if (closed->is_cleared)
        rmv_runner_mark_failed(closed->runner, closed->stage);
    rmv_stage_status_free(&closed->status);
    rmv_lock_stage_free(&closed->entry);
    rmv_record_free(&closed->record);
    rmv_slurm_job_free(&closed->job);
    rmv_runner_inputs_free(&closed->changed);
    rmv_runner_unlock_stage(&closed->lock);
    free(closed);
}

const struct rmv_error *rmv_runner_begin(struct rmv_runner *runner, const struct rmv_stage *stage,
                                         struct rmv_stage_status *status, bool wait,
                                         struct rmv_run **run)
{
    RMV_CLEANUP(rmv_run_close) struct rmv_run *begun = rmv_calloc(1, sizeof(*begun));
    *begun = (struct rmv_run){.runner = runner, .stage = stage, .lock = RMV_LOCK_EMPTY};

    const struct rmv_error *err = rmv_runner_lock_stage(runner, stage, wait, &begun->lock);
    if (!err)
        err = look_again(runner, stage, status);
    if (err)
        return err;
    begun->status = *status;
    *status = (struct rmv_stage_status){0};
    if (!begun->status.count) {
        rmv_runner_report(runner, RMV_REPRO_UP_TO_DATE, stage, "");
        return NULL;
    }
    err = bring_up_to_date(begun);
    if (!err && begun->execution) {
        *run = begun;
        begun = NULL;
    }
    return err;
}
