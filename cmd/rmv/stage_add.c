#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/commands.h"
#include "rmv/dataset/work_file.h"
#include "rmv/pipeline/graph.h"
#include "rmv/shared.h"

static struct rmv_strings option_deps, option_params, option_outs, option_outs_no_cache;
static struct rmv_strings option_outs_persist, option_outs_persist_no_cache;
static struct rmv_strings option_metrics, option_metrics_no_cache;
static struct rmv_strings option_plots, option_plots_no_cache, option_commands;
static const char *option_name, *option_wdir, *option_desc;
static bool option_always_changed, option_frozen, option_force, option_run;

static const struct cli_option options[] = {
    {.name = "name",
     .letter = 'n',
     .text = &option_name,
     .argument = "NAME",
     .help = "its name, in place of the argument"},
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "replace a stage that has the name"},
    {.name = "deps",
     .letter = 'd',
     .list = &option_deps,
     .argument = "PATH",
     .help = "a file, folder or URL that it reads, inside the workspace or not"},
    {.name = "outs",
     .letter = 'o',
     .list = &option_outs,
     .argument = "PATH",
     .help = "a file or folder that it makes"},
    {.name = "outs-no-cache",
     .letter = 'O',
     .list = &option_outs_no_cache,
     .argument = "PATH",
     .help = "the same, kept in Git and not in the store"},
    {.name = "outs-persist",
     .list = &option_outs_persist,
     .argument = "PATH",
     .help = "the same, not removed before it runs"},
    {.name = "outs-persist-no-cache",
     .list = &option_outs_persist_no_cache,
     .argument = "PATH",
     .help = "kept in Git and not in the store, and not removed before it runs"},
    {.name = "params",
     .letter = 'p',
     .list = &option_params,
     .argument = "[FILE:]KEY,...",
     .help = "parameters of params.yaml or FILE; 'FILE:' for all of it"},
    {.name = "metrics",
     .letter = 'm',
     .list = &option_metrics,
     .argument = "PATH",
     .help = "a file of numbers that it makes"},
    {.name = "metrics-no-cache",
     .letter = 'M',
     .list = &option_metrics_no_cache,
     .argument = "PATH",
     .help = "the same, kept in Git and not in the store"},
    {.name = "plots",
     .list = &option_plots,
     .argument = "PATH",
     .help = "a file to plot that it makes"},
    {.name = "plots-no-cache",
     .list = &option_plots_no_cache,
     .argument = "PATH",
     .help = "the same, kept in Git and not in the store"},
    {.name = "wdir",
     .letter = 'w',
     .text = &option_wdir,
     .argument = "FOLDER",
     .help = "where it runs; all its paths are seen from there"},
    {.name = "command",
     .letter = 'c',
     .list = &option_commands,
     .argument = "COMMAND",
     .help = "the command in one argument; several run one after the other"},
    {.name = "desc", .text = &option_desc, .argument = "TEXT", .help = "what it is for"},
    {.name = "always-changed", .flag = &option_always_changed, .help = "let it run each time"},
    {.name = "frozen", .flag = &option_frozen, .help = "never let it run"},
    {.name = "run", .flag = &option_run, .help = "run it then, and what it needs"},
    {0},
};

/* ---- From the command line to a stage -------------------------------------------------------- */

/* `${` would be read as templating. */
static void append_escaped(struct rmv_buf *text, const char *word)
{
    for (; *word; word++) {
        if (word[0] == '$' && word[1] == '{')
            rmv_buf_append_string(text, "\\");
        rmv_buf_append(text, word, 1);
    }
}

static char *escaped(const char *text)
{
    struct rmv_buf out = {0};
    append_escaped(&out, text);
    (void)rmv_buf_string(&out);
    return rmv_buf_take(&out);
}

static const struct rmv_error *set_command(struct rmv_value *stage, int argc, char **argv)
{
    struct rmv_value *cmd = rmv_value_add(stage, "cmd");
    if (argc > 0 && option_commands.count)
        return rmv_error(RMV_ERR_USAGE, "the command is given twice: -c and '%s'", argv[0]);
    if (argc == 0 && !option_commands.count)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "which command should it run?"),
                              "put it at the end, or behind -c");
    if (argc > 0) {
        RMV_CLEANUP(rmv_str_free) char *typed = cli_command_line(argc, argv);
        RMV_CLEANUP(rmv_str_free) char *line = escaped(typed);
        rmv_value_set_text(cmd, line);
        return NULL;
    }
    for (size_t i = 0; i < option_commands.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *line = escaped(option_commands.items[i]);
        struct rmv_value *item = option_commands.count == 1 ? cmd : rmv_value_append(cmd);
        rmv_value_set_text(item, line);
    }
    return NULL;
}

enum how { PLAIN = 0, IN_GIT = 1, PERSISTS = 2 };

static void add_paths(struct rmv_value *stage, const char *key, const struct rmv_strings *paths,
                      unsigned how)
{
    for (size_t i = 0; i < paths->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = escaped(paths->items[i]);
        struct rmv_value *item = rmv_value_append(rmv_value_add(stage, key));
        if (how & IN_GIT)
            cli_set_bool(rmv_value_add(item, path), "cache", false);
        if (how & PERSISTS)
            cli_set_bool(rmv_value_add(item, path), "persist", true);
        if (how == PLAIN)
            rmv_value_set_text(item, path);
    }
}

/* "KEY,KEY" or "FILE:KEY,KEY" or "FILE:". */
static void add_params(struct rmv_value *list, const char *text)
{
    const char *colon = strrchr(text, ':');
    struct rmv_value *keys = list;

    if (colon) {
        RMV_CLEANUP(rmv_str_free) char *file = rmv_str_copy_n(text, (size_t)(colon - text));
        keys = rmv_value_add(rmv_value_append(list), file);
        text = colon + 1;
    }
    while (*text) {
        const size_t size = strcspn(text, ",");
        RMV_CLEANUP(rmv_str_free) char *key = rmv_str_copy_n(text, size);
        if (size)
            rmv_value_set_text(rmv_value_append(keys), key);
        text += size + (text[size] == ',');
    }
}

static const struct rmv_error *make_stage(int argc, char **argv, struct rmv_value *stage)
{
    const struct rmv_error *err = set_command(stage, argc, argv);
    if (err)
        return err;
    if (option_wdir && strcmp(option_wdir, ".") != 0)
        rmv_value_set_text(rmv_value_add(stage, "wdir"), option_wdir);
    if (option_desc)
        rmv_value_set_text(rmv_value_add(stage, "desc"), option_desc);
    add_paths(stage, "deps", &option_deps, PLAIN);
    for (size_t i = 0; i < option_params.count; i++)
        add_params(rmv_value_add(stage, "params"), option_params.items[i]);
    add_paths(stage, "outs", &option_outs, PLAIN);
    add_paths(stage, "outs", &option_outs_no_cache, IN_GIT);
    add_paths(stage, "outs", &option_outs_persist, PERSISTS);
    add_paths(stage, "outs", &option_outs_persist_no_cache, IN_GIT | PERSISTS);
    add_paths(stage, "metrics", &option_metrics, PLAIN);
    add_paths(stage, "metrics", &option_metrics_no_cache, IN_GIT);
    add_paths(stage, "plots", &option_plots, PLAIN);
    add_paths(stage, "plots", &option_plots_no_cache, IN_GIT);
    if (option_always_changed)
        cli_set_bool(stage, "always_changed", true);
    if (option_frozen)
        cli_set_bool(stage, "frozen", true);
    return NULL;
}

/* ---- Writing it ------------------------------------------------------------------------------ */

/* The stages of all files, this one as it will be, have to make a graph. */
static const struct rmv_error *check_graph(struct rmv_workspace *workspace,
                                           const struct rmv_pipeline_edit *edit,
                                           const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings others = {0};

    const struct rmv_error *err = rmv_tracked_pipelines(workspace, NULL, &files);
    for (size_t i = 0; !err && i < files.count; i++)
        if (strcmp(files.items[i], edit->file) != 0)
            rmv_strings_add(&others, files.items[i]);
    if (!err)
        err = rmv_pipeline_read_files(workspace, &others, &pipeline);
    if (!err)
        err = rmv_pipeline_parse(edit->file, text->data, text->size, edit->reader, &pipeline);
    if (err)
        return err;
    rmv_pipeline_index(&pipeline);
    return rmv_graph_build(&pipeline, &graph);
}

enum outcome { ADDED, REPLACED, SAME };

static const struct rmv_error *write_stage(struct rmv_workspace *workspace,
                                           const struct rmv_pipeline_edit *edit,
                                           enum outcome *outcome)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new_text = {0};
    bool found, replaced = false;

    const struct rmv_error *err = rmv_workspace_lock(workspace, &lock);
    if (!err)
        err = rmv_work_file_read(workspace, edit->file, RMV_YAML_BYTES_MAX, &found, &text);
    if (!err)
        err = rmv_pipeline_add_stage(edit, &text, &new_text, &replaced);
    if (!err)
        err = check_graph(workspace, edit, &new_text);
    if (err)
        return err;
    const bool is_same = text.size == new_text.size &&
                         (text.size == 0 || memcmp(text.data, new_text.data, text.size) == 0);
    *outcome = is_same ? SAME : replaced ? REPLACED : ADDED;
    return is_same ? NULL : rmv_work_file_write(workspace, edit->file, &new_text);
}

static void print(enum outcome outcome, const char *name, const char *file)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_quote(file);
    if (outcome == ADDED)
        cli_print("Added stage '%s' to %s\n", name, path);
    else if (outcome == REPLACED)
        cli_print("Replaced stage '%s' in %s\n", name, path);
    else
        cli_print("Stage '%s' in %s is like that already\n", name, path);
}

static const struct rmv_error *stage_add(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_value_free) struct rmv_value stage = {0};
    RMV_CLEANUP(rmv_str_free) char *file = NULL;
    const char *name = option_name;
    enum outcome outcome = ADDED;

    if (!name && argc == 0)
        return rmv_error(RMV_ERR_USAGE, "what should the stage be called?");
    if (!name) {
        name = *argv++;
        argc--;
    }
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = make_stage(argc, argv, &stage);
    if (!err)
        err = rmv_workspace_path(workspace, RMV_PIPELINE_FILE_NAME, &file);
    if (err)
        return err;
    const struct rmv_pipeline_reader reader = rmv_pipeline_reader_of(workspace);
    const struct rmv_pipeline_edit edit = {
        .file = file, .reader = &reader, .name = name, .stage = &stage, .replaces = option_force};
    err = write_stage(workspace, &edit, &outcome);
    if (!err && !cli_quiet)
        print(outcome, name, file);
    if (err || !option_run)
        return err;
    fflush(stdout);
    rmv_workspace_close(&workspace);
    RMV_CLEANUP(rmv_str_free) char *target = rmv_str_copy(name);
    return rmv_command_repro.run(1, &target);
}

const struct cli_command rmv_command_stage_add = {
    .name = "stage add",
    .arguments = "NAME [OPTION...] COMMAND...",
    .summary = "add a stage to rmv.yaml",
    .help =
        "Writes a stage behind the others in the rmv.yaml of the current folder; comments and\n"
        "everything else in the file stay as they are. Nothing is run, unless --run is given:\n"
        "`rmv repro` does that. A stage that repro would refuse, since its name or an output is\n"
        "taken, or it would close a cycle, is not added.\n"
        "\n"
        "Options end where COMMAND starts. A COMMAND of one argument is a line for /bin/sh; one "
        "of\n"
        "several is quoted so that it gets these arguments. Paths are seen from the current "
        "folder,\n"
        "or from --wdir, and the stage runs there.",
    .examples = "rmv stage add prep -d raw.csv -o clean.csv ./prep raw.csv clean.csv\n"
                "rmv stage add train -d clean.csv -p train.rank -o model.bin -M metrics.json "
                "'./train <clean.csv'\n"
                "rmv stage add -n train -f -d clean.csv -o model.bin './train -r 5 <clean.csv'\n",
    .options = options,
    .stops_at_argument = true,
    .arguments_before_stop = 1,
    .named_argument = &option_name,
    .run = stage_add,
};
