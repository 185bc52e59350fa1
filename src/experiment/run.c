#include "rmv/experiment/run.h"

#include <pthread.h>
#include <string.h>

#include "experiment/kill.h"
#include "experiment/log.h"
#include "experiment/snapshot.h"
#include "experiment/task.h"
#include "experiment/tree.h"
#include "rmv/base/fs.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/pool.h"
#include "rmv/base/screen.h"
#include "rmv/experiment/experiment.h"
#include "rmv/pipeline/runs.h"

/* What all experiments of one call share. */
struct running {
    struct rmv_workspace *workspace;
    struct rmv_experiment_tasks *tasks;
    const struct rmv_experiment_run_options *options;
    const char *stop_path; /* where this file is, no further one is started; NULL: none */
    pthread_mutex_t mutex; /* around report(), and what changes in the workspace or references */
    char *ended_by;        /* why no more should be run, from whoever was asked; or NULL */
};

/* One experiment on its way. */
struct one {
    struct running *running;
    struct rmv_experiment_task *task;
    struct rmv_experiment_log log;
    struct rmv_kill_watch watch;              /* of one from the queue */
    const volatile sig_atomic_t *interrupted; /* that of all, or the watch's */
};

static void one_free(struct one *one)
{
    rmv_kill_watch_close(&one->watch);
    rmv_experiment_log_close(&one->log);
}

static bool is_interrupted(const struct running *running)
{
    return running->ended_by || rmv_interrupt_of(running->options->interrupted);
}

/* ---- Saying what happens --------------------------------------------------------------------- */

static void report(struct one *one, struct rmv_experiment_event event)
{
    const struct rmv_experiment_run_options *options = one->running->options;
    event.task = one->task;
    if (!options->report)
        return;
    pthread_mutex_lock(&one->running->mutex);
    options->report(options->context, &event);
    pthread_mutex_unlock(&one->running->mutex);
}

/* Our own words, with what files say among them. */
static void write_words(struct one *one, const char *words)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_screen_append_safe(words, true, &text);
    rmv_experiment_log_write(&one->log, text.data, text.size);
}

static void note(struct one *one, const struct rmv_repro_event *event)
{
    const char *what = event->kind == RMV_REPRO_RUNNING    ? "runs"
                       : event->kind == RMV_REPRO_RAN      ? "is done"
                       : event->kind == RMV_REPRO_RESTORED ? "is restored"
                       : event->kind == RMV_REPRO_FAILED   ? "failed"
                                                           : NULL;
    if (event->kind == RMV_REPRO_COMMAND) {
        RMV_CLEANUP(rmv_str_free) char *line = rmv_str_format("> %s\n", event->text);
        write_words(one, line);
    } else if (what) {
        RMV_CLEANUP(rmv_str_free)
        char *line = rmv_str_format("Stage '%s' %s%s%s\n", event->stage->address, what,
                                    event->kind == RMV_REPRO_RAN || !*event->text ? "" : ": ",
                                    event->kind == RMV_REPRO_RAN ? "" : event->text);
        write_words(one, line);
    }
}

static void stage_reports(void *context, const struct rmv_repro_event *event)
{
    struct one *one = context;
    note(one, event);
    report(one, (struct rmv_experiment_event){.kind = RMV_EXPERIMENT_EVENT_STAGE, .stage = event});
}

static void stage_prints(void *context, const struct rmv_stage *stage, bool is_error,
                         const char *bytes, size_t size)
{
    struct one *one = context;
    const struct rmv_repro_event event = {.stage = stage, .text = ""};
    rmv_experiment_log_write(&one->log, bytes, size);
    report(one, (struct rmv_experiment_event){.kind = RMV_EXPERIMENT_EVENT_OUTPUT,
                                              .stage = &event,
                                              .bytes = bytes,
                                              .size = size,
                                              .is_error = is_error});
}

static const struct rmv_error *ask(void *context, const struct rmv_stage *stage, const char *why,
                                   bool *yes)
{
    struct one *one = context;
    const struct rmv_experiment_run_options *options = one->running->options;
    const struct rmv_error *err = options->confirm(options->context, one->task, stage, why, yes);
    if (err)
        rmv_str_set(&one->running->ended_by, err->message);
    return err;
}

/* ---- One experiment -------------------------------------------------------------------------- */

static const struct rmv_error *run_stages(struct one *one, struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_experiment_task *task = one->task;
    const struct rmv_repro_options repro = {.targets = &task->targets,
                                            .force = task->force,
                                            .single_item = task->single_item,
                                            .downstream = task->downstream,
                                            .whole = task->whole,
                                            .all_pipelines = task->all_pipelines,
                                            .recursive = task->recursive,
                                            .keep_going = task->keep_going,
                                            .no_run_cache = task->no_run_cache,
                                            .force_downstream = task->force_downstream,
                                            .ignore_errors = task->ignore_errors,
                                            .allow_missing = task->allow_missing,
                                            .dry = one->running->options->dry,
                                            .confirm = one->running->options->confirm ? ask : NULL,
                                            .jobs = one->running->options->stage_jobs,
                                            .report = stage_reports,
                                            .output = stage_prints,
                                            .context = one,
                                            .interrupted = one->interrupted};

    const struct rmv_error *err = rmv_pipeline_read(workspace, &pipeline);
    if (err)
        return err;
    if (!pipeline.files.count)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there is no %s in this workspace",
                                        RMV_PIPELINE_FILE_NAME),
                              "`rmv stage add` makes one");
    return rmv_repro(workspace, &pipeline, &repro);
}

/* From the queue to where it ended. An earlier one of that name may have ended in the other way; it
 * is not listed any more, since the log is that of the last. */
static void move_task(const struct rmv_experiment_task *task, bool has_failed,
                      struct rmv_strings *commands)
{
    static const char *const ends[] = {RMV_EXPERIMENT_DONE_REFERENCES,
                                       RMV_EXPERIMENT_FAILED_REFERENCES};
    rmv_strings_take(commands, rmv_str_format("delete " RMV_EXPERIMENT_QUEUE_REFERENCES "%s %s",
                                              task->name, task->snapshot));
    rmv_strings_take(commands, rmv_str_format("delete %s%s", ends[!has_failed], task->name));
    rmv_strings_take(
        commands, rmv_str_format("update %s%s %s", ends[has_failed], task->name, task->snapshot));
}

/* Makes the reference, and takes the task off the queue, in one step. */
static const struct rmv_error *publish(struct one *one, const char *id)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};
    const struct rmv_experiment_task *task = one->task;
    RMV_CLEANUP(rmv_str_free)
    char *reference = rmv_experiment_reference_of(task->baseline, task->name);

    rmv_strings_take(
        &commands, rmv_str_format("%s %s %s", task->replace ? "update" : "create", reference, id));
    if (task->queued)
        move_task(task, false, &commands);
    pthread_mutex_lock(&one->running->mutex);
    const struct rmv_error *err =
        rmv_experiment_update_references(one->running->workspace, &commands);
    pthread_mutex_unlock(&one->running->mutex);
    return err;
}

static const struct rmv_error *record(struct one *one, struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_snapshot_close) struct rmv_snapshot snapshot = {0};
    RMV_CLEANUP(rmv_str_free) char *message = rmv_experiment_task_message(one->task);
    char id[RMV_VCS_ID_SIZE];

    rmv_workspace_remember(workspace);
    const struct rmv_error *err = rmv_snapshot_open(workspace, NULL, NULL, &snapshot);
    if (!err)
        err = rmv_snapshot_commit(&snapshot, NULL, one->task->baseline, message, id);
    if (!err && rmv_interrupt_of(one->interrupted))
        err = rmv_error(RMV_ERR_INTERRUPTED, "interrupted");
    if (!err)
        err = publish(one, id);
    if (!err)
        memcpy(one->task->id, id, sizeof(id));
    return err;
}

/* Runs that were made are worth keeping, whether the experiment came to its end or not. */
static void share_runs(struct one *one, struct rmv_workspace *workspace)
{
    struct rmv_error *pending = rmv_error_take(rmv_error_last());
    pthread_mutex_lock(&one->running->mutex);
    const struct rmv_error *err = rmv_runs_share(workspace, one->running->workspace);
    if (err)
        rmv_log_write(one->running->workspace->log, RMV_LOG_WARNING, "%s", err->message);
    pthread_mutex_unlock(&one->running->mutex);
    rmv_error_raise(&pending);
}

static const struct rmv_error *run_in_tree(struct one *one)
{
    RMV_CLEANUP(rmv_experiment_tree_close)
    struct rmv_experiment_tree tree = {.lock = RMV_LOCK_EMPTY};

    const struct rmv_error *err =
        rmv_experiment_tree_open(one->running->workspace, one->task, &one->running->mutex, &tree);
    if (!err && rmv_interrupt_of(one->interrupted))
        err = rmv_error(RMV_ERR_INTERRUPTED, "interrupted");
    if (err)
        return err;
    err = run_stages(one, tree.workspace);
    if (one->running->options->dry)
        return err;
    share_runs(one, tree.workspace);
    return err ? err : record(one, tree.workspace);
}

/* Nobody kills a dry run, and it leaves no log. */
static const struct rmv_error *start(struct one *one)
{
    const struct rmv_workspace *workspace = one->running->workspace;
    one->interrupted = one->running->options->interrupted;
    if (one->running->options->dry)
        return NULL;
    rmv_experiment_log_open(workspace, one->task->name, &one->log);
    if (!one->task->queued)
        return NULL;
    const struct rmv_error *err =
        rmv_kill_watch_open(workspace, one->task->name, one->interrupted, &one->watch);
    if (!err)
        one->interrupted = &one->watch.how;
    return err;
}

/* A task that failed waits no longer, but is kept with what it ran on. */
static void move_failed(struct one *one)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};
    const struct rmv_experiment_task *task = one->task;

    if (!task->queued)
        return;
    move_task(task, true, &commands);
    pthread_mutex_lock(&one->running->mutex);
    const struct rmv_error *err =
        rmv_experiment_update_references(one->running->workspace, &commands);
    if (err)
        rmv_log_write(one->running->workspace->log, RMV_LOG_WARNING, "%s", err->message);
    pthread_mutex_unlock(&one->running->mutex);
}

static void fail(struct one *one, const struct rmv_error *err)
{
    const bool is_killed = err->code == RMV_ERR_INTERRUPTED;
    one->task->state = RMV_EXPERIMENT_FAILED;
    one->task->problem = rmv_str_copy(is_killed ? "it was killed" : err->message);
    write_words(one, one->task->problem);
    write_words(one, "\n");
    move_failed(one);
    report(one, (struct rmv_experiment_event){.kind = RMV_EXPERIMENT_EVENT_FAILED});
}

/* Others may have ended the work, and whoever waited may have been taken off the queue. */
static const struct rmv_error *is_wanted(struct running *running,
                                         const struct rmv_experiment_task *task, bool *wanted)
{
    *wanted =
        !is_interrupted(running) && !(running->stop_path && rmv_fs_exists(running->stop_path));
    if (!*wanted || !task->queued)
        return NULL;
    pthread_mutex_lock(&running->mutex);
    const struct rmv_error *err = rmv_experiment_is_queued(running->workspace, task, wanted);
    pthread_mutex_unlock(&running->mutex);
    return err;
}

static const struct rmv_error *run_one(void *context, size_t i)
{
    struct running *running = context;
    RMV_CLEANUP(one_free)
    struct one one = {.running = running, .task = &running->tasks->items[i], .log = {.fd = -1}};

    bool wanted;

    const struct rmv_error *err = is_wanted(running, one.task, &wanted);
    if (err || !wanted)
        return err;
    one.task->state = RMV_EXPERIMENT_RUNNING;
    err = start(&one);
    report(&one, (struct rmv_experiment_event){.kind = RMV_EXPERIMENT_EVENT_STARTED});
    if (!err)
        err = run_in_tree(&one);
    if (!err) {
        one.task->state = RMV_EXPERIMENT_DONE;
        report(&one, (struct rmv_experiment_event){.kind = RMV_EXPERIMENT_EVENT_DONE});
    } else if (is_interrupted(running)) {
        one.task->state = RMV_EXPERIMENT_QUEUED;
    } else {
        fail(&one, err);
    }
    return NULL;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static const struct rmv_error *outcome(const struct running *running)
{
    const struct rmv_experiment_tasks *tasks = running->tasks;
    const struct rmv_experiment_task *first = NULL;
    size_t failed = 0, done = 0;

    for (size_t i = 0; i < tasks->count; i++) {
        const bool has_failed = tasks->items[i].state == RMV_EXPERIMENT_FAILED;
        failed += has_failed;
        done += tasks->items[i].state == RMV_EXPERIMENT_DONE;
        first = has_failed && !first ? &tasks->items[i] : first;
    }
    if (is_interrupted(running))
        return rmv_error(RMV_ERR_INTERRUPTED,
                         "%s; %zu of %zu experiments done, of the others nothing is recorded",
                         running->ended_by ? running->ended_by : "interrupted", done, tasks->count);
    if (failed == 0)
        return NULL;
    if (tasks->count == 1)
        return rmv_error(RMV_ERR_FAILED, "experiment '%s' failed: %s", first->name, first->problem);
    return rmv_error(RMV_ERR_FAILED, "%zu of %zu experiments failed; the first, '%s': %s", failed,
                     tasks->count, first->name, first->problem);
}

const struct rmv_error *rmv_experiment_run_until(struct rmv_workspace *workspace,
                                                 struct rmv_experiment_tasks *tasks,
                                                 const struct rmv_experiment_run_options *options,
                                                 const char *stop_path)
{
    struct running running = {.workspace = workspace,
                              .tasks = tasks,
                              .options = options,
                              .stop_path = stop_path,
                              .mutex = PTHREAD_MUTEX_INITIALIZER};
    RMV_CLEANUP(rmv_pool_close) struct rmv_pool *pool = NULL;
    const struct rmv_error *err = NULL;

    rmv_experiment_trees_clear(workspace);
    if (options->jobs > 1 && tasks->count > 1) {
        rmv_pool_open(options->jobs, &pool);
        err = rmv_pool_run(pool, tasks->count, run_one, &running);
    } else {
        for (size_t i = 0; !err && i < tasks->count; i++)
            err = run_one(&running, i);
    }
    err = err ? err : outcome(&running);
    rmv_str_free(&running.ended_by);
    return err;
}

const struct rmv_error *rmv_experiment_run(struct rmv_workspace *workspace,
                                           struct rmv_experiment_tasks *tasks,
                                           const struct rmv_experiment_run_options *options)
{
    return rmv_experiment_run_until(workspace, tasks, options, NULL);
}
