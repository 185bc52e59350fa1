#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/commands.h"
#include "rmv/pipeline/run_history.h"
#include "rmv/shared.h"
#include "rmv/table.h"

#define NS_PER_MS INT64_C(1000000)
#define MS_PER_SECOND 1000
#define COUNT_DEFAULT 20
#define TIME_TEXT_SIZE 32

static bool option_json, option_csv, option_markdown;
static int64_t option_count = COUNT_DEFAULT;

static const struct cli_option options[] = {
    {.name = "count",
     .letter = 'n',
     .number = &option_count,
     .argument = "N",
     .help = "the last N runs, 20 if not given; 0: all that are known"},
    {.name = "csv", .flag = &option_csv, .help = "print CSV"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {.name = "md", .flag = &option_markdown, .help = "print a Markdown table"},
    {0},
};

/* Of one that goes on: until now. -1: nobody knows. */
static int64_t duration_ms_of(const struct rmv_run_entry *entry)
{
    if (entry->state == RMV_RUN_RUNNING)
        return rmv_time_now_ns() / NS_PER_MS - entry->start_ms;
    return entry->end_ms ? entry->end_ms - entry->start_ms : -1;
}

static char *format_duration(const struct rmv_run_entry *entry)
{
    const int64_t ms = duration_ms_of(entry), seconds = ms / MS_PER_SECOND;
    if (ms < 0)
        return rmv_str_copy("");
    if (seconds < 1)
        return rmv_str_format("%d ms", (int)ms);
    if (seconds < 60)
        return rmv_str_format("%.1f s", (double)ms / MS_PER_SECOND);
    if (seconds < 3600)
        return rmv_str_format("%d min %d s", (int)(seconds / 60), (int)(seconds % 60));
    return rmv_str_format("%lld h %d min", (long long)(seconds / 3600), (int)(seconds / 60 % 60));
}

static char *format_start(const struct rmv_run_entry *entry)
{
    char text[TIME_TEXT_SIZE] = "";
    const time_t time = (time_t)(entry->start_ms / MS_PER_SECOND);
    struct tm local = {0};
    if (!localtime_r(&time, &local) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
        return rmv_str_copy("");
    return rmv_str_copy(text);
}

/* "2 ran, 1 failed" */
static char *format_stages(const struct rmv_run_entry *entry)
{
    struct rmv_buf text = {0};
    rmv_buf_append_string(&text, "");
    for (size_t i = 0; i < RMV_RUN_COUNTS; i++) {
        const char *name = i == RMV_RUN_COUNT_UP_TO_DATE ? "up to date" : rmv_run_count_name(i);
        if (entry->counts[i])
            rmv_buf_append_format(&text, "%s%zu %s", text.size ? ", " : "", entry->counts[i], name);
    }
    return rmv_buf_take(&text);
}

static void add_row(struct cli_table *table, const struct rmv_run_entry *entry)
{
    RMV_CLEANUP(rmv_str_free) char *start = format_start(entry);
    RMV_CLEANUP(rmv_str_free) char *duration = format_duration(entry);
    RMV_CLEANUP(rmv_str_free) char *stages = format_stages(entry);
    const char *const cells[] = {entry->id, rmv_run_state_name(entry->state),    start, duration,
                                 stages,    entry->failure ? entry->failure : ""};
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        cli_table_add(table, cells[i]);
}

static void print(const struct rmv_run_entries *entries, size_t count)
{
    static const char *const headings[] = {"Run",      "State",  "Start",
                                           "Duration", "Stages", "Failure"};
    RMV_CLEANUP(cli_table_free) struct cli_table table = {.columns = 6};
    for (size_t i = 0; i < table.columns; i++)
        cli_table_add(&table, headings[i]);
    for (size_t i = 0; i < count; i++)
        add_row(&table, &entries->items[entries->count - 1 - i]);
    if (option_csv)
        cli_table_print_csv(&table);
    else if (count || option_markdown)
        cli_table_print(&table, option_markdown);
    else if (!cli_quiet)
        puts("Nothing was run yet.");
}

static void set_time(struct rmv_value *map, const char *key, int64_t time_ms)
{
    char text[RMV_TIME_TEXT_SIZE];
    rmv_time_format(time_ms * NS_PER_MS, true, text);
    cli_set_text(map, key, text);
}

static void set_run(const struct rmv_run_entry *entry, struct rmv_value *map)
{
    rmv_value_set_map(map);
    cli_set_text(map, "id", entry->id);
    cli_set_text(map, "state", rmv_run_state_name(entry->state));
    set_time(map, "start", entry->start_ms);
    if (entry->end_ms)
        set_time(map, "end", entry->end_ms);
    if (duration_ms_of(entry) >= 0)
        rmv_value_set_double(rmv_value_add(map, "duration"),
                             (double)duration_ms_of(entry) / MS_PER_SECOND);
    struct rmv_value *stages = rmv_value_add(map, "stages");
    rmv_value_set_map(stages);
    for (size_t i = 0; i < RMV_RUN_COUNTS; i++)
        cli_set_int(stages, rmv_run_count_name(i), entry->counts[i]);
    if (entry->failure)
        cli_set_text(map, "failure", entry->failure);
    cli_set_paths(map, "arguments", &entry->arguments);
}

static void print_json(const struct rmv_run_entries *entries, size_t count)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    rmv_value_set_list(&list);
    for (size_t i = 0; i < count; i++)
        set_run(&entries->items[entries->count - 1 - i], rmv_value_append(&list));
    cli_print_json(&list);
}

static const struct rmv_error *runs(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_run_entries_free) struct rmv_run_entries entries = {0};

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "it takes no argument: '%s'", argv[0]);
    if (option_json + option_csv + option_markdown > 1)
        return rmv_error(RMV_ERR_USAGE, "--json, --csv and --md exclude each other");
    if (option_count < 0)
        return rmv_error(RMV_ERR_USAGE, "-n is a number of runs, 0 for all");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_run_history_read(workspace, &entries);
    if (err)
        return err;
    const size_t count =
        option_count && (size_t)option_count < entries.count ? (size_t)option_count : entries.count;
    if (option_json)
        print_json(&entries, count);
    else
        print(&entries, count);
    return NULL;
}

const struct cli_command rmv_command_runs = {
    .name = "runs",
    .arguments = "",
    .summary = "list what became of the last runs of `rmv repro`",
    .help =
        "Prints a line for each time that `rmv repro` ran in this workspace, by hand or with\n"
        "--every, the newest first: its id, its state, when it began, in local time, how long\n"
        "it took, how many stages it ran, restored, and so on, and the first failure.\n"
        "\n"
        "The state is running, success, failed (a stage failed, or it could not begin),\n"
        "interrupted, or killed: its process has gone and never said how it ended. A run shows\n"
        "up when it has something to do, one that finds nothing to do at its end. Those with\n"
        "--dry, and those of experiments, are not listed. The last 1,000 are kept, in\n"
        ".rmstore/runs/history.",
    .examples = "rmv runs                 # the last 20\n"
                "rmv runs -n 1 --json     # the last one, for a program\n",
    .options = options,
    .run = runs,
};
