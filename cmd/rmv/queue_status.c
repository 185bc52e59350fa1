#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"
#include "rmv/table.h"

#define NS_PER_S INT64_C(1000000000)

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static void print_json(const struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    rmv_value_set_list(&list);
    for (size_t i = 0; i < tasks->count; i++) {
        struct rmv_value *item = rmv_value_append(&list);
        char created[RMV_TIME_TEXT_SIZE];
        rmv_time_format(tasks->items[i].time * NS_PER_S, false, created);
        cli_set_text(item, "name", tasks->items[i].name);
        cli_set_text(item, "created", created);
        cli_set_text(item, "state", cli_experiment_state_name(tasks->items[i].state));
        cli_set_text(item, "baseline", tasks->items[i].baseline);
        cli_set_text(item, "snapshot", tasks->items[i].snapshot);
        cli_set_text(item, "rev", *tasks->items[i].id ? tasks->items[i].id : NULL);
    }
    cli_print_json(&list);
}

/* Only worth a line where something is left to do. */
static void print_runner(const struct rmv_workspace *workspace,
                         const struct rmv_experiment_tasks *tasks)
{
    const bool has_work = tasks->count && tasks->items[0].queued; /* what has ended is behind */
    if (!has_work || cli_quiet)
        return;
    puts(rmv_experiment_queue_is_run(workspace)
             ? "\nThe queue is being worked on."
             : "\nNobody works on the queue: `rmv queue start` does.");
}

static void print(const struct rmv_workspace *workspace, const struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(cli_table_free) struct cli_table table = {.columns = 4};
    cli_table_add(&table, "Task");
    cli_table_add(&table, "Name");
    cli_table_add(&table, "Created");
    cli_table_add(&table, "Status");
    for (size_t i = 0; i < tasks->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy_n(tasks->items[i].snapshot, 7);
        cli_table_add(&table, id);
        cli_table_add(&table, tasks->items[i].name);
        cli_table_add_time(&table, tasks->items[i].time);
        cli_table_add(&table, cli_experiment_state_name(tasks->items[i].state));
    }
    if (tasks->count)
        cli_table_print(&table, false);
    else if (!cli_quiet)
        puts("Nothing is queued.");
    print_runner(workspace, tasks);
}

static const struct rmv_error *queue_status(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "it takes no argument: '%s'", argv[0]);
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_queue_read(workspace, true, &tasks);
    if (err)
        return err;
    if (option_json)
        print_json(&tasks);
    else
        print(workspace, &tasks);
    return NULL;
}

const struct cli_command rmv_command_queue_status = {
    .name = "queue status",
    .arguments = "",
    .summary = "list the experiments that were queued, and how far they are",
    .help = "Prints what `rmv exp run --queue` queued: what runs, what waits, what failed and what "
            "is\n"
            "done (Success), in this order, the oldest first in each. What has ended is listed "
            "until\n"
            "`rmv queue remove` or `rmv exp remove` takes it off. Task is the start of the id of "
            "the\n"
            "commit that it runs on; the other commands of the queue take it for a name, too. "
            "Created\n"
            "is when it was queued, in UTC.",
    .examples = "rmv queue status\n"
                "rmv queue remove --success --failed   # start a new list\n",
    .options = options,
    .run = queue_status,
};
