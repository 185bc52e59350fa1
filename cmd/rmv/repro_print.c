#include "rmv/repro_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "rmv/base/mem.h"
#include "rmv/base/screen.h"
#include "rmv/base/time.h"
#include "rmv/live.h"
#include "rmv/shared.h"

#define LINE_SIZE_MAX 65536

/* The start of a line that a stage has not ended yet. */
struct cli_repro_line {
    char *stage;
    bool is_error;
    struct rmv_buf text;
};

/* A stage that runs, or has run. */
struct cli_repro_run {
    char *why;
    bool has_begun;           /* its command */
    int64_t start_ns, end_ns; /* of its command, once it has begun; 0: it has not ended well */
};

static void free_run(struct cli_repro_run *run)
{
    if (run)
        rmv_str_free(&run->why);
    free(run);
}

void cli_repro_printer_open(struct cli_repro_printer *printer)
{
    rmv_value_set_list(&printer->stages);
    printer->live = printer->as_json ? NULL : cli_live_open("stage");
}

void cli_repro_printer_finish(struct cli_repro_printer *printer)
{
    cli_live_close(&printer->live);
}

void cli_repro_printer_free(struct cli_repro_printer *printer)
{
    cli_repro_printer_finish(printer);
    rmv_value_free(&printer->stages);
    for (size_t i = 0; i < printer->running.count; i++)
        free_run(printer->running.entries[i].value);
    rmv_map_free(&printer->running);
    for (size_t i = 0; i < printer->lines_count; i++) {
        rmv_str_free(&printer->lines[i].stage);
        rmv_buf_free(&printer->lines[i].text);
    }
    rmv_free(&printer->lines);
}

/* ---- Where it goes --------------------------------------------------------------------------- */

static FILE *stream_of(const struct cli_repro_printer *printer, bool is_error)
{
    return is_error || printer->as_json ? stderr : stdout;
}

static void print(const struct cli_repro_printer *printer, bool is_error,
                  const struct rmv_buf *text)
{
    cli_live_print(printer->live, stream_of(printer, is_error), text->data, text->size);
}

/* Our own words, with what files say among them. */
static void print_words(const struct cli_repro_printer *printer, bool is_error,
                        struct rmv_buf *words)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_screen_append_safe(rmv_buf_string(words), true, &text);
    print(printer, is_error, &text);
}

/* ---- What stages print ----------------------------------------------------------------------- */

static void append_line(const struct rmv_buf *stage, const char *bytes, size_t size,
                        struct rmv_buf *text)
{
    rmv_buf_append(text, stage->data, stage->size);
    rmv_buf_append(text, bytes, size);
    rmv_buf_append(text, "\n", 1);
}

/* What several stages print at once, a line at a time with the stage in front. */
static void print_lines(const struct cli_repro_printer *printer, struct cli_repro_line *line,
                        const char *bytes, size_t size)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf stage = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_buf_append(&stage, "[", 1);
    rmv_screen_append_safe(line->stage, false, &stage);
    rmv_buf_append(&stage, "] ", 2);
    rmv_buf_append(&line->text, bytes, size);
    const char *start = line->text.data, *end = start + line->text.size;
    for (const char *stop; (stop = memchr(start, '\n', (size_t)(end - start))); start = stop + 1)
        append_line(&stage, start, (size_t)(stop - start), &text);
    if (end - start > LINE_SIZE_MAX) {
        append_line(&stage, start, (size_t)(end - start), &text);
        start = end;
    }
    memmove(line->text.data, start, (size_t)(end - start));
    line->text.size = (size_t)(end - start);
    print(printer, line->is_error, &text);
}

static struct cli_repro_line *line_of(struct cli_repro_printer *printer, const char *stage,
                                      bool is_error)
{
    for (size_t i = 0; i < printer->lines_count; i++)
        if (printer->lines[i].is_error == is_error && strcmp(printer->lines[i].stage, stage) == 0)
            return &printer->lines[i];
    printer->lines = rmv_grow(printer->lines, printer->lines_count, &printer->lines_capacity,
                              sizeof(printer->lines[0]));
    struct cli_repro_line *added = &printer->lines[printer->lines_count++];
    *added = (struct cli_repro_line){.stage = rmv_str_copy(stage), .is_error = is_error};
    return added;
}

/* Shows what has no end of line, and forgets the stage. */
static void flush_lines(struct cli_repro_printer *printer, const char *stage)
{
    size_t kept = 0;
    for (size_t i = 0; i < printer->lines_count; i++) {
        struct cli_repro_line *line = &printer->lines[i];
        if (strcmp(line->stage, stage) != 0) {
            printer->lines[kept++] = *line;
            continue;
        }
        if (line->text.size)
            print_lines(printer, line, "\n", 1);
        rmv_buf_free(&line->text);
        rmv_str_free(&line->stage);
    }
    printer->lines_count = kept;
}

void cli_repro_print_output(struct cli_repro_printer *printer, const struct rmv_stage *stage,
                            bool is_error, const char *bytes, size_t size)
{
    if (printer->many)
        print_lines(printer, line_of(printer, stage->address, is_error), bytes, size);
    else
        cli_live_print(printer->live, stream_of(printer, is_error), bytes, size);
}

/* ---- What becomes of them -------------------------------------------------------------------- */

static const char *state_name(enum rmv_repro_event_kind kind)
{
    switch (kind) {
    case RMV_REPRO_UP_TO_DATE:
        return "up to date";
    case RMV_REPRO_FROZEN:
        return "frozen";
    case RMV_REPRO_RAN:
        return "ran";
    case RMV_REPRO_RESTORED:
        return "restored";
    case RMV_REPRO_WOULD_RUN:
        return "would run";
    case RMV_REPRO_WOULD_RESTORE:
        return "would be restored";
    case RMV_REPRO_FAILED:
        return "failed";
    case RMV_REPRO_BLOCKED:
        return "blocked";
    case RMV_REPRO_DECLINED:
        return "declined";
    default:
        return NULL;
    }
}

static void note_run(struct cli_repro_printer *printer, const struct rmv_repro_event *event)
{
    struct cli_repro_run *run = rmv_calloc(1, sizeof(*run));
    *run = (struct cli_repro_run){.why = rmv_str_copy(event->text),
                                  .start_ns = rmv_time_monotonic_ns()};
    free_run(rmv_map_set(&printer->running, event->stage->address, run));
}

/* When its command began, in the first attempt, and when it had ended well: what comes before and
 * after, waiting to be recorded say, is no part of its time. */
static void note_command(struct cli_repro_printer *printer, const struct rmv_repro_event *event)
{
    struct cli_repro_run *run = rmv_map_find(&printer->running, event->stage->address);
    if (run && event->kind == RMV_REPRO_COMMAND && !run->has_begun) {
        run->has_begun = true;
        run->start_ns = rmv_time_monotonic_ns();
    }
    if (run && event->kind == RMV_REPRO_SAVING)
        run->end_ns = rmv_time_monotonic_ns();
}

/* Of a stage that ran: why, for how long, and where its log is. */
static void add_run(const struct cli_repro_printer *printer, const struct rmv_repro_event *event,
                    struct rmv_value *stage)
{
    const struct cli_repro_run *run = rmv_map_find(&printer->running, event->stage->address);
    if (!run || (event->kind != RMV_REPRO_RAN && event->kind != RMV_REPRO_FAILED))
        return;
    RMV_CLEANUP(rmv_str_free) char *log = rmv_repro_log_path_of(event->stage);
    const int64_t end_ns = run->end_ns ? run->end_ns : rmv_time_monotonic_ns();
    const int64_t ms = (end_ns - run->start_ns) / 1000000;
    cli_set_text(stage, "why", run->why);
    rmv_value_set_double(rmv_value_add(stage, "duration"), (double)ms / 1000);
    cli_set_path(stage, "log", log);
}

static void add_to_list(struct cli_repro_printer *printer, const struct rmv_repro_event *event,
                        const char *state)
{
    struct rmv_value *stage = rmv_value_append(&printer->stages);
    rmv_value_set_map(stage);
    cli_set_text(stage, "stage", event->stage->address);
    cli_set_text(stage, "state", state);
    if (*event->text)
        cli_set_text(stage, "reason", event->text);
    add_run(printer, event, stage);
}

static bool is_for_stderr(enum rmv_repro_event_kind kind)
{
    return kind == RMV_REPRO_WAITING || kind == RMV_REPRO_ASKING || kind == RMV_REPRO_RETRYING ||
           kind == RMV_REPRO_FAILED;
}

/* Nothing for what only a live display shows. */
static void append_command(const struct cli_repro_printer *printer,
                           const struct rmv_repro_event *event, struct rmv_buf *words)
{
    if (printer->many)
        rmv_buf_append_format(words, "[%s] ", event->stage->address);
    rmv_buf_append_format(words, "> %s\n", event->text);
}

static void append_words(const struct cli_repro_printer *printer,
                         const struct rmv_repro_event *event, struct rmv_buf *words)
{
    const char *name = event->stage->address, *text = event->text;
    switch (event->kind) {
    case RMV_REPRO_UP_TO_DATE:
        rmv_buf_append_format(words, "Stage '%s' is up to date\n", name);
        break;
    case RMV_REPRO_FROZEN:
        rmv_buf_append_format(words, "Stage '%s' is frozen%s%s\n", name, *text ? ": " : "", text);
        break;
    case RMV_REPRO_STORED:
        rmv_buf_append_format(words, "Stored '%s', which changed since it was added\n", text);
        break;
    case RMV_REPRO_WAITING:
        rmv_buf_append_format(words, "Waiting for stage '%s': %s\n", name, text);
        break;
    case RMV_REPRO_ASKING:
        rmv_buf_append_format(words, "Stage '%s' waits for the server of '%s'\n", name, text);
        break;
    case RMV_REPRO_RUNNING:
    case RMV_REPRO_WOULD_RUN:
        rmv_buf_append_format(words, "%s stage '%s': %s\n",
                              event->kind == RMV_REPRO_RUNNING ? "Running" : "Would run", name,
                              text);
        break;
    case RMV_REPRO_COMMAND:
        append_command(printer, event, words);
        break;
    case RMV_REPRO_CLUSTER:
        rmv_buf_append_format(words, "Stage '%s' %s\n", name, text);
        break;
    case RMV_REPRO_RAN:
        if (printer->many)
            rmv_buf_append_format(words, "Stage '%s' has run\n", name);
        break;
    case RMV_REPRO_RESTORED:
    case RMV_REPRO_WOULD_RESTORE:
        rmv_buf_append_format(words, "%s stage '%s' %s\n",
                              event->kind == RMV_REPRO_RESTORED ? "Restored" : "Would restore",
                              name, text);
        break;
    case RMV_REPRO_RETRYING:
    case RMV_REPRO_FAILED:
        if (event->kind == RMV_REPRO_RETRYING || printer->with_failures)
            rmv_buf_append_format(words, "%s\n", text);
        break;
    case RMV_REPRO_BLOCKED:
        rmv_buf_append_format(words, "Stage '%s' is not run: it needs %s\n", name, text);
        break;
    case RMV_REPRO_DECLINED:
        rmv_buf_append_format(words, "Stage '%s' is not run\n", name);
        break;
    case RMV_REPRO_JOB:
    case RMV_REPRO_STOPPING:
    case RMV_REPRO_SAVING:
    case RMV_REPRO_STOPPED:
        break;
    }
}

char *cli_repro_doing_of(const struct rmv_repro_event *event)
{
    switch (event->kind) {
    case RMV_REPRO_WAITING:
        return rmv_str_copy("waiting for another process");
    case RMV_REPRO_ASKING:
        return rmv_str_copy("waiting for a server");
    case RMV_REPRO_RUNNING:
        return rmv_str_copy("running");
    case RMV_REPRO_JOB:
        return rmv_str_copy(event->text);
    case RMV_REPRO_RETRYING:
        return rmv_str_format("attempt %u of %u", event->attempt, event->attempts);
    case RMV_REPRO_STOPPING:
        return rmv_str_copy("stopping");
    case RMV_REPRO_SAVING:
        return rmv_str_copy("storing what it made");
    default:
        return NULL;
    }
}

static void show_live(struct cli_repro_printer *printer, const struct rmv_repro_event *event,
                      bool has_ended)
{
    const char *name = event->stage->address;
    RMV_CLEANUP(rmv_str_free) char *doing = cli_repro_doing_of(event);

    if (event->kind == RMV_REPRO_RUNNING)
        rmv_live_start(printer->live, name, doing);
    else if (doing)
        rmv_live_show(printer->live, name, doing, event->resume_ns);
    if (has_ended || event->kind == RMV_REPRO_STOPPED)
        rmv_live_end(printer->live, name);
    if (has_ended)
        rmv_live_count(printer->live);
}

void cli_repro_print_event(struct cli_repro_printer *printer, const struct rmv_repro_event *event)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf words = {0};
    const char *state = state_name(event->kind);

    if (event->kind == RMV_REPRO_RUNNING)
        note_run(printer, event);
    note_command(printer, event);
    if (state)
        add_to_list(printer, event, state);
    if (state && event->kind != RMV_REPRO_UP_TO_DATE && event->kind != RMV_REPRO_FROZEN)
        printer->changes++;
    if (state || event->kind == RMV_REPRO_RETRYING)
        flush_lines(printer, event->stage->address);
    show_live(printer, event, state != NULL);
    if (cli_quiet && event->kind != RMV_REPRO_FAILED)
        return;
    append_words(printer, event, &words);
    print_words(printer, is_for_stderr(event->kind), &words);
}
