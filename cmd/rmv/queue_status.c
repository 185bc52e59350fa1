#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"
#include "rmv/table.h"

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
        cli_set_text(item, "name", tasks->items[i].name);
        cli_set_text(item, "state", cli_experiment_state_name(tasks->items[i].state));
        cli_set_text(item, "baseline", tasks->items[i].baseline);
        cli_set_text(item, "snapshot", tasks->items[i].snapshot);
    }
    cli_print_json(&list);
}

static void print(const struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(cli_table_free) struct cli_table table = {.columns = 3};
    cli_table_add(&table, "Task");
    cli_table_add(&table, "Name");
    cli_table_add(&table, "Status");
    for (size_t i = 0; i < tasks->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy_n(tasks->items[i].snapshot, 7);
        cli_table_add(&table, id);
        cli_table_add(&table, tasks->items[i].name);
        cli_table_add(&table, cli_experiment_state_name(tasks->items[i].state));
    }
    if (tasks->count)
        cli_table_print(&table, false);
    else if (!cli_quiet)
        puts("Nothing is queued.");
}

static const struct rmv_error *queue_status(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "it takes no argument: '%s'", argv[0]);
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = rmv_experiment_queue_read(workspace, &tasks);
    if (err)
        return err;
    if (option_json)
        print_json(&tasks);
    else
        print(&tasks);
    return NULL;
}

const struct cli_command rmv_command_queue_status = {
    .name = "queue status",
    .arguments = "",
    .summary = "list the experiments that wait, run or failed",
    .help = "Prints what `rmv exp run --queue` queued and is not done yet, oldest first. Those "
            "that are\n"
            "done are experiments: `rmv exp list`.",
    .examples = "rmv queue status\n",
    .options = options,
    .run = queue_status,
};
