#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/choice.h"
#include "rmv/commands.h"
#include "rmv/experiment/override.h"
#include "rmv/experiments.h"
#include "rmv/live.h"
#include "rmv/shared.h"

static struct rmv_strings option_set_param, option_copy_paths;
static const char *option_name, *option_message;
static struct cli_choice choice;
static bool option_queue, option_run_all, option_temp, option_json;
static bool option_dry, option_no_commit;
static int64_t option_jobs = 1, option_stage_jobs = 1;

static const struct cli_option options[] = {
    {.name = "set-param",
     .letter = 'S',
     .list = &option_set_param,
     .argument = "[FILE:]KEY=VALUE",
     .help = "a parameter to run with; several values, separated by commas, are as many "
             "experiments"},
    {.name = "name", .letter = 'n', .text = &option_name, .argument = "NAME", .help = "its name"},
    {.name = "message",
     .letter = 'm',
     .text = &option_message,
     .argument = "TEXT",
     .help = "what its commit says"},
    {.name = "queue", .flag = &option_queue, .help = "let it wait for --run-all; run nothing now"},
    {.name = "run-all", .flag = &option_run_all, .help = "run what waits in the queue"},
    {.name = "jobs",
     .letter = 'j',
     .number = &option_jobs,
     .argument = "N",
     .help = "run up to N experiments at once"},
    {.name = "stage-jobs",
     .number = &option_stage_jobs,
     .argument = "N",
     .help = "run up to N stages at once in each experiment"},
    {.name = "copy-paths",
     .letter = 'C',
     .list = &option_copy_paths,
     .argument = "PATH",
     .help = "a path that Git does not track and the experiment needs all the same"},
    {.name = "temp",
     .flag = &option_temp,
     .help = "run in a work tree of its own, which is done anyway"},
    {.name = "force",
     .letter = 'f',
     .flag = &choice.force,
     .help = "run what is up to date too, and replace an experiment of the same name"},
    CLI_OPTIONS_WHICH_STAGES(choice),
    CLI_OPTIONS_HOW_TO_RUN(choice),
    {.name = "ignore-errors",
     .flag = &choice.ignore_errors,
     .help = "run what depends on a stage that failed too, and keep what comes out"},
    {.name = "dry", .flag = &option_dry, .help = "say what would run, and why; make no experiment"},
    {.name = "no-commit",
     .flag = &option_no_commit,
     .help = "has no effect: what an experiment made is always stored"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document at the end"},
    {0},
};

/* What happens now excludes what happens later, and asking excludes doing several things at once.
 */
static const struct rmv_error *check_manner(void)
{
    const char *now = option_dry ? "dry" : choice.interactive ? "interactive" : NULL;
    const char *later = option_queue ? "queue" : option_run_all ? "run-all" : NULL;

    if (now && later)
        return rmv_error(RMV_ERR_USAGE, "--%s and --%s exclude each other", now, later);
    if (choice.interactive && (option_jobs != 1 || option_stage_jobs != 1))
        return rmv_error(RMV_ERR_USAGE, "--interactive and --%s exclude each other",
                         option_jobs != 1 ? "jobs" : "stage-jobs");
    return NULL;
}

static const struct rmv_error *check_options(int argc, char **argv)
{
    const bool is_new = argc > 0 || option_set_param.count || option_name || option_queue ||
                        option_copy_paths.count || option_message;
    if (option_run_all && is_new)
        return rmv_error(RMV_ERR_USAGE,
                         "--run-all runs what is queued, and takes no target, name or parameter");
    const struct rmv_error *err = cli_choice_check(&choice, argc, argv);
    if (!err)
        err = cli_check_jobs("jobs", option_jobs);
    if (!err)
        err = cli_check_jobs("stage-jobs", option_stage_jobs);
    return err ? err : check_manner();
}

static const struct rmv_error *make_task(const struct rmv_workspace *workspace, int argc,
                                         char **argv, struct rmv_experiment_task *task)
{
    for (int i = 0; i < argc; i++)
        rmv_strings_add(&task->targets, argv[i]);
    task->name = rmv_str_copy(option_name);
    task->message = rmv_str_copy(option_message);
    task->force = task->replace = choice.force;
    task->single_item = choice.single_item;
    task->downstream = choice.downstream;
    task->whole = choice.whole;
    task->all_pipelines = choice.all_pipelines;
    task->recursive = choice.recursive;
    task->keep_going = choice.keep_going;
    task->no_run_cache = choice.no_run_cache;
    task->force_downstream = choice.force_downstream;
    task->ignore_errors = choice.ignore_errors;
    task->allow_missing = choice.allow_missing;
    return cli_paths(workspace, (int)option_copy_paths.count, option_copy_paths.items,
                     &task->copied);
}

static const struct rmv_error *plan(struct rmv_workspace *workspace, int argc, char **argv,
                                    struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_override_sets_free) struct rmv_override_sets sets = {0};
    RMV_CLEANUP(rmv_experiment_task_free) struct rmv_experiment_task wanted = {0};

    const struct rmv_error *err = rmv_override_parse(&option_set_param, &sets);
    if (!err)
        err = make_task(workspace, argc, argv, &wanted);
    return err ? err : rmv_experiment_plan(workspace, &wanted, &sets, tasks);
}

static const struct rmv_error *queue(struct rmv_workspace *workspace,
                                     struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    const struct rmv_error *err = rmv_experiment_enqueue(workspace, tasks);
    if (err)
        return err;
    rmv_value_set_list(&list);
    for (size_t i = 0; i < tasks->count; i++) {
        struct rmv_value *item = rmv_value_append(&list);
        cli_set_text(item, "name", tasks->items[i].name);
        cli_set_text(item, "state", "Queued");
        if (!option_json && !cli_quiet)
            printf("Queued experiment %s\n", tasks->items[i].name);
    }
    if (option_json)
        cli_print_json(&list);
    return NULL;
}

static const struct rmv_error *run(struct rmv_workspace *workspace,
                                   struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    struct cli_experiment_printer printer = {.list = option_json ? &list : NULL,
                                             .many =
                                                 !option_dry && option_jobs > 1 && tasks->count > 1,
                                             .dry = option_dry};

    rmv_value_set_list(&list);
    struct rmv_experiment_run_options settings =
        cli_experiment_run_options(&printer, option_jobs, option_stage_jobs);
    if (choice.interactive)
        settings.confirm = cli_experiment_ask;
    rmv_live_expect(printer.live, tasks->count);
    const struct rmv_error *err = rmv_experiment_run(workspace, tasks, &settings);
    cli_experiment_printer_close(&printer);
    if (option_json)
        cli_print_json(&list);
    else if (!err && !option_dry && !cli_quiet)
        puts("`rmv exp show` compares them; `rmv exp apply NAME` brings one into the workspace");
    return err;
}

static const struct rmv_error *exp_run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks tasks = {0};

    const struct rmv_error *err = check_options(argc, argv);
    if (!err)
        err = cli_open_experiments(&workspace);
    if (err)
        return err;
    if (option_run_all)
        return cli_run_queue(workspace, option_jobs, option_json);
    err = plan(workspace, argc, argv, &tasks);
    if (err)
        return err;
    return option_queue ? queue(workspace, &tasks) : run(workspace, &tasks);
}

const struct cli_command rmv_command_exp_run = {
    .name = "exp run",
    .arguments = "[TARGET...]",
    .summary = "run a variation of the pipeline and keep it as an experiment",
    .help =
        "Runs the stages of rmv.yaml like `rmv repro`, in a work tree of its own, and keeps what "
        "comes\n"
        "out as an experiment: a commit on top of HEAD that no branch has, under refs/exps/. The\n"
        "workspace is not touched. What is part of it: the files that Git tracks as they are "
        "now,\n"
        "committed or not; pipelines, lock files and pointers; added data as it is now. Other "
        "files\n"
        "that Git does not track are not, unless --copy-paths names them.\n"
        "\n"
        "-S sets a parameter in params.yaml, or in FILE: YAML, JSON, TOML, Python or INI, of\n"
        "which all else stays as it is. The value is YAML. KEY=VALUE changes a parameter,\n"
        "+KEY=VALUE adds one, ++KEY=VALUE does either, ~KEY takes one out. Several values are\n"
        "several experiments, one for each combination: KEY=1,2,3, KEY=choice(a, b),\n"
        "KEY=range(start, stop, step).\n"
        "\n"
        "With --queue they wait until --run-all, or `rmv queue start`, runs them; what they run "
        "on\n"
        "is what is here when they are queued. With -j N, N experiments run at once; what they\n"
        "print is then only in their logs (`rmv queue logs NAME`).\n"
        "\n"
        "--dry says what would run, for each experiment, and keeps nothing; it prepares the work\n"
        "tree all the same, since that decides. --interactive reads its answers from the\n"
        "standard input; an experiment of which a stage is declined fails.\n"
        "\n"
        "An experiment that fails, or is interrupted, leaves nothing but its log, and stages "
        "that\n"
        "had come to their end are found again in the run cache.\n"
        "\n"
        "The exit status is 1 if one failed, 3 if a parameter does not exist, 4 if the name is\n"
        "taken, and 130 after an interrupt.",
    .examples = "rmv exp run -S train.rank=20             # one parameter changed\n"
                "rmv exp run -S train.rank=10,20,50 -j 3  # three experiments at once\n"
                "rmv exp run --queue -S 'rate=range(0.1, 0.5, 0.1)'\n"
                "rmv exp run --run-all -j 2               # what was queued\n"
                "rmv exp run --dry -S train.rank=20       # what would run, and why\n",
    .options = options,
    .run = exp_run,
};
