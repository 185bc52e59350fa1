#include "rmv/experiments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "rmv/ask.h"
#include "rmv/base/mem.h"
#include "rmv/base/screen.h"
#include "rmv/interrupts.h"
#include "rmv/live.h"
#include "rmv/repro_print.h"
#include "rmv/shared.h"

#define JOBS_MAX 1024
#define SHORT_ID 7
#define PREFIX_SIZE_MIN 4 /* of what names a snapshot */

const struct rmv_error *cli_open_experiments(struct rmv_workspace **workspace)
{
    static const char *const names[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX",
                                        "GIT_COMMON_DIR"};
    char head[RMV_VCS_ID_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    const struct rmv_error *err = cli_open_workspace(workspace);
    return err ? err : rmv_experiment_head(*workspace, head);
}

const struct rmv_error *cli_check_jobs(const char *option, int64_t jobs)
{
    if (jobs >= 1 && jobs <= JOBS_MAX)
        return NULL;
    return rmv_error(RMV_ERR_USAGE, "--%s is a number from 1 to %d", option, JOBS_MAX);
}

const char *cli_experiment_state_name(enum rmv_experiment_state state)
{
    static const char *const names[] = {"Queued", "Running", "Failed", "Success"};
    return names[state];
}

const struct rmv_experiment_task *cli_experiment_task_find(const struct rmv_experiment_tasks *tasks,
                                                           const char *typed)
{
    const size_t size = strlen(typed);
    for (size_t i = 0; i < tasks->count; i++)
        if (strcmp(tasks->items[i].name, typed) == 0)
            return &tasks->items[i];
    for (size_t i = 0; i < tasks->count; i++)
        if (size >= PREFIX_SIZE_MIN && strncmp(tasks->items[i].snapshot, typed, size) == 0)
            return &tasks->items[i];
    return NULL;
}

/* ---- Saying what happens --------------------------------------------------------------------- */

/* Our own words, with what files say among them. */
static void print_words(const struct cli_experiment_printer *printer, FILE *out,
                        struct rmv_buf *words)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_screen_append_safe(rmv_buf_string(words), true, &text);
    cli_live_print(printer->live, out, text.data, text.size);
}

/* What is worth a line; NULL if nothing. The caller frees it. */
static char *stage_words(const struct rmv_repro_event *event)
{
    const char *name = event->stage->address;
    const char *what = event->kind == RMV_REPRO_RUNNING         ? "Running"
                       : event->kind == RMV_REPRO_WOULD_RESTORE ? "Would restore"
                       : event->kind == RMV_REPRO_RESTORED      ? "Restored"
                       : event->kind == RMV_REPRO_RETRYING      ? "Retrying"
                       : event->kind == RMV_REPRO_WOULD_RUN     ? "Would run"
                                                                : NULL;
    if (event->kind == RMV_REPRO_DECLINED)
        return rmv_str_format("Stage '%s' is not run\n", name);
    if (!what)
        return NULL;
    return rmv_str_format("%s stage '%s'%s%s\n", what, name, *event->text ? ": " : "", event->text);
}

static void print_stage(const struct cli_experiment_printer *printer, FILE *out,
                        const struct rmv_experiment_event *event)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf words = {0};
    RMV_CLEANUP(rmv_str_free) char *line = stage_words(event->stage);
    if (!line)
        return;
    if (printer->many)
        rmv_buf_append_format(&words, "[%s] ", event->task->name);
    rmv_buf_append_string(&words, line);
    print_words(printer, out, &words);
}

/* Of several at once, what they print is in their logs. */
static void print_output(struct cli_experiment_printer *printer, FILE *out,
                         const struct rmv_experiment_event *event)
{
    if (printer->many)
        return;
    cli_live_print(printer->live, event->is_error ? stderr : out, event->bytes, event->size);
    printer->is_bare = event->size && event->bytes[event->size - 1] != '\n';
}

static void print_start(const struct cli_experiment_printer *printer, FILE *out,
                        const struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf words = {0};
    rmv_buf_append_format(
        &words, printer->dry ? "Dry run of experiment %s\n" : "Experiment %s starts\n", task->name);
    print_words(printer, out, &words);
}

static void print_end(const struct cli_experiment_printer *printer, FILE *out,
                      const struct rmv_experiment_event *event)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf words = {0};
    const struct rmv_experiment_task *task = event->task;
    const bool has_failed = event->kind == RMV_EXPERIMENT_EVENT_FAILED;

    if (!has_failed && printer->dry && printer->stages.list.count == 0 && !printer->would_restore)
        rmv_buf_append_string(&words, "Everything is up to date.\n");
    else if (!has_failed && !printer->dry)
        rmv_buf_append_format(&words, "Experiment %s is done: %.*s\n", task->name, SHORT_ID,
                              task->id);
    else if (has_failed && printer->many)
        rmv_buf_append_format(&words, "[%s] failed: %s\n", task->name, task->problem);
    print_words(printer, has_failed ? stderr : out, &words);
}

/* Each has a line, which says what the stage does that last had news. */
static void show_live(const struct cli_experiment_printer *printer,
                      const struct rmv_experiment_event *event, bool has_ended)
{
    const char *name = event->task->name;
    if (event->kind == RMV_EXPERIMENT_EVENT_STARTED) {
        rmv_live_start(printer->live, name, "preparing");
    } else if (event->kind == RMV_EXPERIMENT_EVENT_STAGE) {
        RMV_CLEANUP(rmv_str_free) char *doing = cli_repro_doing_of(event->stage);
        RMV_CLEANUP(rmv_str_free)
        char *text = rmv_str_format("%s: %s", event->stage->stage->address, doing ? doing : "");
        if (doing)
            rmv_live_show(printer->live, name, text, event->stage->resume_ns);
    } else if (has_ended) {
        rmv_live_end(printer->live, name);
        rmv_live_count(printer->live);
    }
}

static void add_to_list(const struct cli_experiment_printer *printer,
                        const struct rmv_experiment_task *task)
{
    const bool would_run = printer->dry && task->state == RMV_EXPERIMENT_DONE;
    struct rmv_value *item = rmv_value_append(printer->list);
    rmv_value_set_map(item);
    cli_set_text(item, "name", task->name);
    cli_set_text(item, "state", would_run ? "Dry run" : cli_experiment_state_name(task->state));
    if (printer->dry)
        rmv_value_copy(rmv_value_add(item, "stages"), &printer->stages);
    cli_set_text(item, "baseline", task->baseline);
    cli_set_text(item, "rev", *task->id ? task->id : NULL);
    if (task->problem)
        cli_set_text(item, "error", task->problem);
}

static void note_dry(struct cli_experiment_printer *printer,
                     const struct rmv_experiment_event *event)
{
    if (event->kind == RMV_EXPERIMENT_EVENT_STARTED) {
        rmv_value_free(&printer->stages);
        rmv_value_set_list(&printer->stages);
        printer->would_restore = false;
    } else if (event->kind == RMV_EXPERIMENT_EVENT_STAGE &&
               event->stage->kind == RMV_REPRO_WOULD_RESTORE) {
        printer->would_restore = true;
    } else if (event->kind == RMV_EXPERIMENT_EVENT_STAGE &&
               event->stage->kind == RMV_REPRO_WOULD_RUN) {
        struct rmv_value *stage = rmv_value_append(&printer->stages);
        cli_set_text(stage, "stage", event->stage->stage->address);
        cli_set_text(stage, "reason", event->stage->text);
    }
}

static void report(void *context, const struct rmv_experiment_event *event)
{
    struct cli_experiment_printer *printer = context;
    FILE *out = printer->list ? stderr : stdout;
    const bool has_ended =
        event->kind == RMV_EXPERIMENT_EVENT_DONE || event->kind == RMV_EXPERIMENT_EVENT_FAILED;

    note_dry(printer, event);
    if (has_ended && printer->list)
        add_to_list(printer, event->task);
    if (cli_quiet)
        return;
    show_live(printer, event, has_ended);
    if (event->kind != RMV_EXPERIMENT_EVENT_OUTPUT && printer->is_bare) {
        cli_live_print(printer->live, out, "\n", 1);
        printer->is_bare = false;
    }
    if (event->kind == RMV_EXPERIMENT_EVENT_STARTED)
        print_start(printer, out, event->task);
    else if (event->kind == RMV_EXPERIMENT_EVENT_STAGE)
        print_stage(printer, out, event);
    else if (event->kind == RMV_EXPERIMENT_EVENT_OUTPUT)
        print_output(printer, out, event);
    else
        print_end(printer, out, event);
}

void cli_experiment_printer_close(struct cli_experiment_printer *printer)
{
    cli_live_close(&printer->live);
    rmv_value_free(&printer->stages);
}

const struct rmv_error *cli_experiment_ask(void *context, const struct rmv_experiment_task *task,
                                           const struct rmv_stage *stage, const char *why,
                                           bool *yes)
{
    struct cli_experiment_printer *printer = context;
    (void)task;
    return cli_ask_stage(printer->live, stage, why, yes);
}

struct rmv_experiment_run_options cli_experiment_run_options(struct cli_experiment_printer *printer,
                                                             int64_t jobs, int64_t stage_jobs)
{
    cli_watch_interrupts();
    printer->live = printer->list || printer->dry ? NULL : cli_live_open("experiment");
    return (struct rmv_experiment_run_options){.jobs = printer->dry ? 1 : (unsigned)jobs,
                                               .dry = printer->dry,
                                               .stage_jobs = (unsigned)stage_jobs,
                                               .report = report,
                                               .context = printer,
                                               .interrupted = &cli_interrupted};
}

const struct rmv_error *cli_run_queue(struct rmv_workspace *workspace, int64_t jobs, bool as_json)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    struct cli_experiment_printer printer = {.list = as_json ? &list : NULL, .many = jobs > 1};
    size_t count = 0;

    rmv_value_set_list(&list);
    const struct rmv_experiment_run_options options = cli_experiment_run_options(&printer, jobs, 1);
    const struct rmv_error *err = rmv_experiment_queue_run(workspace, &options, &count);
    cli_experiment_printer_close(&printer);
    if (as_json)
        cli_print_json(&list);
    else if (!err && count == 0 && !cli_quiet)
        puts("Nothing is queued.");
    return err;
}
