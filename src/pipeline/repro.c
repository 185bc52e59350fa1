#include "rmv/pipeline/repro.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "pipeline/asking.h"
#include "pipeline/limits.h"
#include "pipeline/outside.h"
#include "pipeline/repro_result.h"
#include "pipeline/runner.h"
#include "pipeline/runner_marks.h"
#include "pipeline/schedule.h"
#include "pipeline/sources.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/dataset/dataset.h"

/* Runs that end within this time of one another are recorded together, so many at most. One that
 * took longer than a second is not kept waiting: it would be a loss. */
#define RECORD_AFTER_NS ((int64_t)100 * 1000 * 1000)
#define RECORD_COUNT_MAX 64
#define NS_PER_MS ((int64_t)1000000)
#define QUICK_NS ((int64_t)1000 * 1000 * 1000)

/* One call of rmv_repro(). */
struct repro {
    struct rmv_runner runner;
    struct rmv_graph graph;
    bool *chosen;               /* per stage: to be looked at */
    bool *unrecorded;           /* per stage: in `ended` */
    bool *pending;              /* per stage: failed or blocked; in a dry run, would run */
    bool *returning;            /* per stage: in a dry run, would be restored */
    bool has_checked;           /* pointers against outputs */
    struct rmv_tracked tracked; /* once that is done */
    struct rmv_tracked known;   /* of data that is not here, if that is allowed */
    size_t *forced_by;          /* per stage: 1 + the stage that ran and forces it to run; or 0 */
    struct rmv_repro_result result;
    struct rmv_schedule schedule;
    struct rmv_limits limits;
    struct rmv_askings asking; /* stages that wait for servers */
    struct rmv_runs running;
    struct rmv_runs ended;   /* and are not recorded yet */
    int64_t record_ns;       /* when they are at the latest, if there are any */
    struct rmv_error *error; /* why nothing new is started, or NULL */
};

static void repro_free(struct repro *repro)
{
    rmv_askings_free(&repro->asking);
    rmv_runs_free(&repro->running);
    rmv_runs_free(&repro->ended);
    rmv_runner_free(&repro->runner);
    rmv_graph_free(&repro->graph);
    rmv_tracked_free(&repro->tracked);
    rmv_tracked_free(&repro->known);
    rmv_free(&repro->chosen);
    rmv_free(&repro->pending);
    rmv_free(&repro->returning);
    rmv_free(&repro->unrecorded);
    rmv_free(&repro->forced_by);
    rmv_repro_result_free(&repro->result);
    rmv_schedule_free(&repro->schedule);
    rmv_error_free(&repro->error);
}

/* ---- One stage ------------------------------------------------------------------------------ */

/* Looks for pointers in the whole workspace, so only when something is about to change. */
static const struct rmv_error *check_pointers(struct repro *repro)
{
    if (repro->has_checked)
        return NULL;
    repro->has_checked = true;
    return rmv_runner_read_sources(&repro->runner, &repro->tracked);
}

/* The addresses of the stages it needs that are pending; the caller frees it, NULL for none. */
static char *pending_needs_of(const struct repro *repro, size_t at)
{
    struct rmv_buf names = {0};
    const struct rmv_graph_node *node = &repro->graph.nodes[at];
    const struct rmv_stage *stages = repro->runner.pipeline->stages;
    for (size_t i = 0; i < node->needs_count; i++) {
        const size_t need = node->needs[i];
        if (repro->pending[need] ||
            (repro->returning[need] && !rmv_runner_reads_whole(&stages[at], &stages[need])))
            rmv_buf_append_format(&names, "%s'%s'", names.size ? ", " : "", stages[need].address);
    }
    return names.size ? rmv_buf_take(&names) : NULL;
}

static const struct rmv_error *status_of(struct repro *repro, const struct rmv_stage *stage,
                                         struct rmv_stage_status *status)
{
    const struct rmv_stage *stages = repro->runner.pipeline->stages;
    const size_t forced_by = repro->forced_by[stage - stages];
    if (repro->runner.options->force && !stage->frozen)
        rmv_stage_status_add(status, RMV_STAGE_CHANGE_FORCED, rmv_str_copy("forced"));
    else if (forced_by && !stage->frozen)
        rmv_stage_status_add(status, RMV_STAGE_CHANGE_FORCED,
                             rmv_str_format("forced by stage '%s'", stages[forced_by - 1].address));
    return rmv_stage_status_of(&repro->runner.view, stage, status);
}

/* The stage runs, or something else than before was put in its place: so do those below it. */
static void force_feeds(struct repro *repro, size_t at)
{
    const struct rmv_graph_node *node = &repro->graph.nodes[at];
    if (!repro->runner.options->force_downstream)
        return;
    for (size_t i = 0; i < node->feeds_count; i++)
        repro->forced_by[node->feeds[i]] = at + 1;
}

/* What is known already, although what the stage needs would be made first. */
static const struct rmv_error *dry_run_after(struct repro *repro, size_t at, const char *needs)
{
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    RMV_CLEANUP(rmv_stage_status_free) struct rmv_stage_status status = {0};
    RMV_CLEANUP(rmv_str_free) char *why = NULL;

    const struct rmv_error *err = status_of(repro, stage, &status);
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return err;
    if (status.count)
        why = rmv_stage_status_text(&status);
    RMV_CLEANUP(rmv_str_free)
    char *text = why ? rmv_str_format("%s; after %s", why, needs)
                     : rmv_str_format("if %s makes something new", needs);
    repro->pending[at] = true;
    force_feeds(repro, at);
    rmv_runner_report(&repro->runner, RMV_REPRO_WOULD_RUN, stage, text);
    return NULL;
}

static const struct rmv_error *dry_run(struct repro *repro, size_t at,
                                       const struct rmv_stage_status *status)
{
    const struct rmv_error *err = rmv_runner_dry_run(
        &repro->runner, &repro->runner.pipeline->stages[at], status, &repro->returning[at]);
    repro->pending[at] = !err && !repro->returning[at];
    return err;
}

/* Sets `*yes` if nobody wants to be asked. */
static const struct rmv_error *confirm(struct repro *repro, size_t at,
                                       const struct rmv_stage_status *status, bool *yes)
{
    const struct rmv_repro_options *options = repro->runner.options;
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    RMV_CLEANUP(rmv_str_free) char *why = rmv_stage_status_text(status);

    *yes = true;
    if (!options->confirm)
        return NULL;
    rmv_runner_let_go(&repro->runner);
    const struct rmv_error *err = options->confirm(options->context, stage, why, yes);
    if (err || *yes)
        return err;
    repro->pending[at] = true;
    rmv_strings_add(&repro->result.declined, stage->address);
    rmv_runner_report(&repro->runner, RMV_REPRO_DECLINED, stage, why);
    return NULL;
}

static const struct rmv_error *handle(struct repro *repro, size_t at, struct rmv_run **run)
{
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    const struct rmv_repro_options *options = repro->runner.options;
    RMV_CLEANUP(rmv_stage_status_free) struct rmv_stage_status status = {0};
    RMV_CLEANUP(rmv_str_free) char *needs = pending_needs_of(repro, at);

    if (needs && options->dry && !stage->frozen)
        return dry_run_after(repro, at, needs);
    const struct rmv_error *err = status_of(repro, stage, &status);
    if (err)
        return err;
    if (status.count || stage->frozen)
        err = status.count ? check_pointers(repro) : NULL;
    if (err)
        return err;
    if (stage->frozen)
        return rmv_runner_keep_frozen(&repro->runner, stage, &status);
    if (!status.count) {
        rmv_runner_report(&repro->runner, RMV_REPRO_UP_TO_DATE, stage, "");
        return NULL;
    }
    if (!status.outs_only)
        force_feeds(repro, at);
    if (options->dry)
        return dry_run(repro, at, &status);
    bool yes = false;
    err = confirm(repro, at, &status, &yes);
    if (err || !yes)
        return err;
    err = rmv_runner_save_sources(&repro->runner, stage, &repro->tracked);
    const bool wait = repro->running.count == 0 && repro->ended.count == 0;
    return err ? err : rmv_runner_begin(&repro->runner, stage, &status, wait, run);
}

/* ---- All of them ---------------------------------------------------------------------------- */

static bool is_interrupted(const struct repro *repro)
{
    return rmv_interrupt_of(repro->runner.options->interrupted);
}

/* With keep_going or ignore_errors, a failure is noted and the rest goes on. */
static const struct rmv_error *note_failure(struct repro *repro, size_t at,
                                            const struct rmv_error *err)
{
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    if (err->code == RMV_ERR_INTERRUPTED) {
        rmv_runner_report(&repro->runner, RMV_REPRO_STOPPED, stage, err->message);
        return err;
    }
    rmv_runner_report(&repro->runner, RMV_REPRO_FAILED, stage, err->message);
    if (!repro->runner.options->keep_going && !repro->runner.options->ignore_errors)
        return err;
    repro->pending[at] = !repro->runner.options->ignore_errors;
    rmv_strings_add(&repro->result.failed, stage->address);
    rmv_stage_view_forget_all(&repro->runner.view);
    return NULL;
}

/* Deals with a stage; `*run` is set if that takes its command, which runs now. */
static const struct rmv_error *visit(struct repro *repro, size_t at, struct rmv_run **run)
{
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    if (!repro->runner.options->dry && !stage->frozen) {
        RMV_CLEANUP(rmv_str_free) char *needs = pending_needs_of(repro, at);
        if (needs) {
            repro->pending[at] = true;
            rmv_strings_add(&repro->result.blocked, stage->address);
            rmv_runner_report(&repro->runner, RMV_REPRO_BLOCKED, stage, needs);
            return NULL;
        }
    }
    if (is_interrupted(repro))
        return rmv_error(RMV_ERR_INTERRUPTED, "interrupted before stage '%s'", stage->address);
    return handle(repro, at, run);
}

/* With an error nothing new is started, unless the failure is noted. What still runs comes to its
 * end. */
static void note_result(struct repro *repro, size_t at, const struct rmv_error *err)
{
    if (err)
        err = note_failure(repro, at, err);
    if (!err || (repro->error && err->code != RMV_ERR_INTERRUPTED))
        return;
    rmv_error_free(&repro->error);
    repro->error = rmv_error_take(err);
}

static void take_result(struct repro *repro, size_t at, const struct rmv_error *err)
{
    note_result(repro, at, err);
    rmv_schedule_done(&repro->schedule, at);
}

/* Records what has ended: together, and where that fails, one by one. */
static void record_ended(struct repro *repro)
{
    struct rmv_runs *ended = &repro->ended;
    if (ended->count == 0)
        return;
    const struct rmv_error *err = rmv_runner_record(&repro->runner, ended);
    const bool is_failed = err, is_shared = err && ended->count > 1;
    for (size_t i = 0; i < ended->count; i++) {
        const size_t at = ended->stages[i];
        repro->unrecorded[at] = false;
        if (is_shared)
            err = rmv_runner_record_again(&repro->runner, ended->items[i]);
        if (err)
            err = rmv_error_context(err, "recording stage '%s'",
                                    repro->runner.pipeline->stages[at].address);
        if (is_failed)
            note_result(repro, at, err);
    }
    rmv_runs_free(ended);
}

/* A stage starts once what it needs is recorded: its command may ask rmv about that, and if we are
 * killed it may outlive us, while what is not recorded would be made again. What others see is
 * complete also before a question is asked, of the user or of a server, and before a stage is dealt
 * with that does not run. */
static bool needs_record(const struct repro *repro, size_t at)
{
    const struct rmv_graph_node *node = &repro->graph.nodes[at];
    if (repro->ended.count == 0)
        return false;
    for (size_t i = 0; i < node->needs_count; i++)
        if (repro->unrecorded[node->needs[i]])
            return true;
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    return repro->runner.options->confirm || stage->frozen || rmv_outside_has_urls(stage);
}

static bool has_place(const struct repro *repro)
{
    const size_t jobs = repro->runner.options->jobs, most = rmv_limits_files();
    const size_t busy = repro->running.count + repro->asking.count;
    return busy < (jobs ? jobs < most ? jobs : most : 1);
}

static bool is_due(const struct repro *repro)
{
    const size_t count = repro->ended.count;
    return count >= RECORD_COUNT_MAX || (count && rmv_time_monotonic_ns() >= repro->record_ns);
}

/* Starts to ask servers what has to be known of the stage. */
static bool ask_servers(struct repro *repro, size_t at)
{
    const struct rmv_stage *stage = &repro->runner.pipeline->stages[at];
    if (!rmv_outside_has_urls(stage) || stage->frozen || is_interrupted(repro))
        return false;
    if (!repro->runner.options->dry) {
        RMV_CLEANUP(rmv_str_free) char *needs = pending_needs_of(repro, at);
        if (needs)
            return false;
    }
    return rmv_askings_start(&repro->asking, &repro->runner.view.params, stage, at);
}

/* Stages that have their answers are looked at again. */
static void take_answers(struct repro *repro)
{
    const char *url;
    size_t at;
    if (is_interrupted(repro) || repro->error)
        rmv_askings_stop(&repro->asking);
    while (rmv_askings_next(&repro->asking, &repro->runner.view.params, &at))
        rmv_schedule_return(&repro->schedule, at);
    while (rmv_askings_find_slow(&repro->asking, &at, &url))
        rmv_runner_report(&repro->runner, RMV_REPRO_ASKING, &repro->runner.pipeline->stages[at],
                          url);
}

static void start_more(struct repro *repro)
{
    const struct rmv_pipeline *pipeline = repro->runner.pipeline;
    size_t at;

    while (!repro->error && has_place(repro) && !is_due(repro) &&
           rmv_schedule_next(&repro->schedule, &at)) {
        struct rmv_run *run = NULL;
        if (needs_record(repro, at) || !rmv_limits_fit(&repro->limits, &pipeline->stages[at])) {
            rmv_schedule_return(&repro->schedule, at);
            return;
        }
        if (ask_servers(repro, at))
            continue;
        repro->runner.ahead[at] = false;
        const struct rmv_error *err = visit(repro, at, &run);
        if (err && err->code == RMV_ERR_LOCKED && repro->running.count + repro->ended.count > 0) {
            rmv_schedule_return(&repro->schedule, at);
            return; /* another process runs it: it is looked at again after what runs here */
        }
        if (!run) {
            take_result(repro, at, err);
            continue;
        }
        rmv_runs_add(&repro->running, at, run);
        rmv_limits_take(&repro->limits, &pipeline->stages[at]);
    }
}

/* Unless more runs may end soon. Where a place is free, what could start may wait for this. */
static bool must_record(const struct repro *repro)
{
    return repro->ended.count > 0 && (has_place(repro) || repro->error || is_due(repro));
}

static void take_ended(struct repro *repro, size_t at, struct rmv_run *run)
{
    const bool is_quick = rmv_run_duration_ns(run) < QUICK_NS;
    const int64_t record_ns = rmv_time_monotonic_ns() + (is_quick ? RECORD_AFTER_NS : 0);
    if (repro->ended.count == 0 || record_ns < repro->record_ns)
        repro->record_ns = record_ns;
    rmv_runs_add(&repro->ended, at, run);
    repro->unrecorded[at] = true;
    rmv_schedule_done(&repro->schedule, at);
}

static int wait_ms(const struct repro *repro)
{
    const int64_t left_ns = repro->record_ns - rmv_time_monotonic_ns();
    if (repro->ended.count == 0 || left_ns / NS_PER_MS >= RMV_EXECUTION_LOOK_MS)
        return RMV_EXECUTION_LOOK_MS;
    return left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
}

static const struct rmv_error *wait_for_running(struct repro *repro)
{
    struct rmv_runs *running = &repro->running;
    const size_t count = running->count;
    const size_t watched_count = count * RMV_EXECUTION_FDS + repro->asking.count;
    RMV_CLEANUP(rmv_free)
    struct pollfd *watched = rmv_calloc(watched_count, sizeof(*watched));

    for (size_t i = 0; i < count; i++)
        rmv_run_watch(running->items[i], &watched[i * RMV_EXECUTION_FDS]);
    rmv_askings_watch(&repro->asking, &watched[count * RMV_EXECUTION_FDS]);
    if (poll(watched, watched_count, wait_ms(repro)) < 0 && errno != EINTR)
        return rmv_error_errno("cannot wait for a command");
    take_answers(repro);
    rmv_runner_rest(&repro->runner);
    running->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct rmv_run *run = running->items[i];
        const size_t at = running->stages[i];
        bool ended = false;
        if (is_due(repro)) /* storing what the next one made may take long, or fail */
            record_ended(repro);
        const struct rmv_error *err = rmv_run_step(run, &watched[i * RMV_EXECUTION_FDS], &ended);
        if (!ended) {
            rmv_runs_add(running, at, run);
            continue;
        }
        rmv_limits_return(&repro->limits, &repro->runner.pipeline->stages[at]);
        if (!err) {
            take_ended(repro, at, run);
            continue;
        }
        take_result(repro, at, err);
        rmv_run_close(&run);
        record_ended(repro); /* storing may have failed: the batch is of no use to others then */
    }
    return NULL;
}

static const struct rmv_error *run_all(struct repro *repro)
{
    for (;;) {
        start_more(repro);
        if (must_record(repro)) {
            record_ended(repro);
            continue;
        }
        if (repro->running.count == 0 && repro->asking.count == 0)
            return repro->error ? rmv_error_raise(&repro->error)
                                : rmv_repro_result_error(&repro->result,
                                                         repro->runner.options->ignore_errors);
        const struct rmv_error *err = wait_for_running(repro);
        if (err) {
            struct rmv_error *taken = rmv_error_take(err);
            record_ended(repro);
            return rmv_error_raise(&taken);
        }
    }
}

const struct rmv_error *rmv_repro(struct rmv_workspace *workspace,
                                  const struct rmv_pipeline *pipeline,
                                  const struct rmv_repro_options *options)
{
    RMV_CLEANUP(repro_free)
    struct repro repro = {.runner = {.workspace = workspace,
                                     .pipeline = pipeline,
                                     .options = options,
                                     .view = {.workspace = workspace},
                                     .cache = {.workspace = workspace}},
                          .limits = {.pipeline = pipeline, .executor = options->executor}};

    const struct rmv_error *err = rmv_graph_build(pipeline, &repro.graph);
    if (err)
        return err;
    repro.chosen = rmv_calloc(pipeline->count + 1, sizeof(bool));
    repro.runner.ahead = rmv_calloc(pipeline->count + 1, sizeof(bool));
    repro.pending = rmv_calloc(pipeline->count + 1, sizeof(bool));
    repro.returning = rmv_calloc(pipeline->count + 1, sizeof(bool));
    repro.unrecorded = rmv_calloc(pipeline->count + 1, sizeof(bool));
    repro.forced_by = rmv_calloc(pipeline->count + 1, sizeof(size_t));
    if (options->allow_missing) {
        err = rmv_tracked_read(workspace, NULL, &repro.known);
        repro.runner.view.known = &repro.known;
        repro.runner.view.params.takes_missing = true;
    }
    if (!err)
        err = rmv_runner_choose(&repro.runner, &repro.graph, repro.chosen);
    if (!err)
        err = rmv_limits_check(&repro.limits, repro.chosen);
    if (err)
        return err;
    memcpy(repro.runner.ahead, repro.chosen, pipeline->count * sizeof(bool));
    rmv_schedule_init(&repro.schedule, &repro.graph, repro.chosen);
    if (options->expect)
        options->expect(options->context, repro.schedule.count);
    return run_all(&repro);
}
