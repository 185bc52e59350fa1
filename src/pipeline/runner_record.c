#include <stdlib.h>

#include "pipeline/runner_marks.h"
#include "pipeline/runner_run.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/dataset/links.h"

/* How long a batch may be used for one recording after another. */
#define BATCH_NS ((int64_t)100 * 1000 * 1000)

void rmv_runs_add(struct rmv_runs *runs, size_t stage, struct rmv_run *run_taken)
{
    runs->items = rmv_grow(runs->items, runs->count, &runs->items_capacity, sizeof(void *));
    runs->stages = rmv_grow(runs->stages, runs->count, &runs->stages_capacity, sizeof(size_t));
    runs->items[runs->count] = run_taken;
    runs->stages[runs->count++] = stage;
}

void rmv_runs_free(struct rmv_runs *runs)
{
    for (size_t i = 0; i < runs->count; i++)
        rmv_run_close(&runs->items[i]);
    rmv_free(&runs->items);
    rmv_free(&runs->stages);
    *runs = (struct rmv_runs){0};
}

static const struct rmv_error *open_batch(struct rmv_runner *runner)
{
    if (runner->batch)
        return NULL;
    runner->batch_until_ns = rmv_time_monotonic_ns() + BATCH_NS;
    return rmv_store_batch_open(runner->workspace->store, &runner->batch);
}

void rmv_runner_let_go(struct rmv_runner *runner)
{
    if (runner->saved_count == 0)
        rmv_store_batch_close(&runner->batch);
}

void rmv_runner_rest(struct rmv_runner *runner)
{
    if (runner->batch && rmv_time_monotonic_ns() >= runner->batch_until_ns)
        rmv_runner_let_go(runner);
}

const struct rmv_error *rmv_run_save(struct rmv_run *run)
{
    struct rmv_runner *runner = run->runner;
    const struct rmv_repro_options *options = runner->options;

    run->is_remembered = !options->no_run_cache && !options->no_commit &&
                         !run->stage->always_changed && !run->changed.deps.count &&
                         !run->changed.params.count;
    const struct rmv_error *err = open_batch(runner);
    if (!err)
        err = rmv_runner_save_outs(runner, run->stage, runner->batch, &run->entry.outs);
    if (!err)
        err = rmv_runner_put_record(runner, run->stage, &run->record, runner->batch, &run->entry);
    if (!err && run->is_remembered)
        err = rmv_run_cache_put(&run->entry, runner->batch, &run->remembered_id);
    if (err && runner->saved_count == 0)
        rmv_store_batch_close(&runner->batch);
    runner->saved_count += !err;
    return err;
}

static const struct rmv_error *remember(const struct rmv_runs *runs)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < runs->count; i++)
        if (runs->items[i]->is_remembered)
            err = rmv_run_cache_publish(&runs->items[i]->runner->cache, &runs->items[i]->entry,
                                        &runs->items[i]->remembered_id);
    return err;
}

static const struct rmv_error *publish(struct rmv_runner *runner, const struct rmv_runs *runs)
{
    RMV_CLEANUP(rmv_free)
    struct rmv_publication *publications = rmv_calloc(runs->count, sizeof(*publications));
    for (size_t i = 0; i < runs->count; i++) {
        struct rmv_run *run = runs->items[i];
        rmv_runner_inputs_forget(&run->changed, &run->entry);
        publications[i] = (struct rmv_publication){.stage = run->stage, .entry = &run->entry};
    }
    return rmv_runner_publish(runner, publications, runs->count);
}

const struct rmv_error *rmv_runner_record(struct rmv_runner *runner, const struct rmv_runs *runs)
{
    const struct rmv_error *err = rmv_store_batch_commit(runner->batch);
    if (!err)
        err = remember(runs);
    if (!err)
        err = publish(runner, runs);
    runner->saved_count = 0;
    if (err) {
        rmv_store_batch_close(&runner->batch);
        return err;
    }
    rmv_runner_rest(runner);
    for (size_t i = 0; i < runs->count; i++) {
        rmv_execution_forget(runs->items[i]->execution);
        rmv_runner_unmark_started(runner, runs->items[i]->stage);
        runs->items[i]->is_cleared = false;
    }
    rmv_links_place(runner->workspace);
    for (size_t i = 0; i < runs->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *why = rmv_stage_status_text(&runs->items[i]->status);
        rmv_runner_report(runner, RMV_REPRO_RAN, runs->items[i]->stage, why);
    }
    return NULL;
}

const struct rmv_error *rmv_runner_record_again(struct rmv_runner *runner, struct rmv_run *run)
{
    struct rmv_runs alone = {.items = &run, .count = 1};
    const struct rmv_error *err = rmv_run_save(run);
    return err ? err : rmv_runner_record(runner, &alone);
}
