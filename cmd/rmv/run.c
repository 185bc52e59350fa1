#include "rmv/pipeline/run.h"

#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/shared.h"

static struct rmv_strings option_inputs, option_outputs;
static const char *option_message, *option_rerun;
static bool option_explicit, option_dry, option_json;

static const struct cli_option options[] = {
    {.name = "input",
     .letter = 'i',
     .list = &option_inputs,
     .argument = "PATH",
     .help = "the command reads this; may be given several times"},
    {.name = "output",
     .letter = 'o',
     .list = &option_outputs,
     .argument = "PATH",
     .help = "the command makes or changes this; may be given several times"},
    {.name = "message",
     .letter = 'm',
     .text = &option_message,
     .argument = "TEXT",
     .help = "what the commit says (the command)"},
    {.name = "explicit",
     .flag = &option_explicit,
     .help = "save outputs only, and do not care for changes that are not committed"},
    {.name = "rerun",
     .text = &option_rerun,
     .argument = "REV",
     .help = "run what that commit records again, in place of a COMMAND"},
    {.name = "dry-run", .flag = &option_dry, .help = "print what would be run and recorded"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document at the end"},
    {0},
};

/* ---- What to run ---------------------------------------------------------------------------- */

static const struct rmv_error *make_record(struct rmv_workspace *workspace, int argc, char **argv,
                                           struct rmv_run_record *record)
{
    if (argc == 0)
        return rmv_error(RMV_ERR_USAGE, "what should be run?");
    record->cmd = rmv_run_command_line(argc, argv);
    record->folder = rmv_str_copy(workspace->prefix);
    const struct rmv_error *err =
        cli_paths(workspace, (int)option_inputs.count, option_inputs.items, &record->inputs);
    return err ? err
               : cli_paths(workspace, (int)option_outputs.count, option_outputs.items,
                           &record->outputs);
}

/* The record of an earlier run, which joins the chain. */
static const struct rmv_error *find_record(struct rmv_workspace *workspace, int argc, char **argv,
                                           struct rmv_run_record *record)
{
    RMV_CLEANUP(rmv_str_free) char *id = NULL;
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "--rerun takes no command: '%s'", argv[0]);
    if (option_inputs.count || option_outputs.count)
        return rmv_error(RMV_ERR_USAGE, "--rerun takes inputs and outputs from the commit");
    const struct rmv_error *err = rmv_run_record_read(workspace, option_rerun, record, &id);
    if (!err)
        rmv_strings_add(&record->chain, id);
    return err;
}

/* The first line of the command as it runs, unless told. */
static const struct rmv_error *set_message(const struct rmv_workspace *workspace,
                                           struct rmv_run_record *record)
{
    RMV_CLEANUP(rmv_str_free) char *cmd = NULL;
    const struct rmv_error *err = rmv_run_record_expand(workspace->root, record, &cmd);
    if (err)
        return err;
    if (option_message)
        rmv_str_set(&record->message, option_message);
    else if (!record->message)
        rmv_str_set(&record->message, cmd);
    record->message[strcspn(record->message, "\r\n")] = '\0';
    return NULL;
}

/* ---- Printing ------------------------------------------------------------------------------- */

static void print_result(const struct rmv_workspace *workspace, const struct rmv_run_result *result)
{
    for (size_t i = 0; i < result->unsaved.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, result->unsaved.items[i]);
        rmv_log_write(cli_log(), RMV_LOG_WARNING,
                      "'%s' is new and was not saved: name it with --output", path);
    }
    if (option_json || cli_quiet)
        return;
    if (result->commit)
        printf("Recorded as %s\n", result->commit);
    else
        puts("Nothing was recorded: the command changed nothing.");
}

static void print_json(const struct rmv_run_record *record, const struct rmv_run_result *result)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    cli_set_text(&document, "commit", result->commit);
    cli_set_text(&document, "cmd", record->cmd);
    cli_set_path(&document, "pwd", record->folder);
    cli_set_paths(&document, "inputs", &record->inputs);
    cli_set_paths(&document, "outputs", &record->outputs);
    cli_set_paths(&document, "saved", &result->saved);
    cli_set_paths(&document, "unsaved", &result->unsaved);
    cli_print_json(&document);
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_run_record_free) struct rmv_run_record record = {0};
    RMV_CLEANUP(rmv_run_result_free) struct rmv_run_result result = {0};
    const struct rmv_run_options run_options = {.is_explicit = option_explicit};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = option_rerun ? find_record(workspace, argc, argv, &record)
                           : make_record(workspace, argc, argv, &record);
    if (!err)
        err = set_message(workspace, &record);
    if (err)
        return err;
    if (option_dry) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};
        rmv_run_record_format(&record, &message);
        cli_print("%s", rmv_buf_string(&message));
        return NULL;
    }
    fflush(stdout);
    err = rmv_run_and_commit(workspace, &record, &run_options, &result);
    if (err)
        return err;
    print_result(workspace, &result);
    if (option_json)
        print_json(&record, &result);
    return NULL;
}

const struct cli_command rmv_command_run = {
    .name = "run",
    .arguments = "COMMAND...",
    .summary = "run a command once, and record it in a commit",
    .help =
        "Runs COMMAND in the current folder and commits what it changed. The message of the\n"
        "commit holds the command, its inputs and outputs and where it ran, the way DataLad's\n"
        "`run` writes it, and `rmv run --rerun REV` does it all again from that. Each output that\n"
        "Git does not track is added to the store; its pointer is committed, and `rmv lineage`\n"
        "shows the command and the inputs it had. Tracked files and data that changed are saved\n"
        "without being named. New files that nobody named are left, and named in a warning.\n"
        "\n"
        "Everything has to be committed before, so that the commit holds what the command did and\n"
        "nothing else; with --explicit only outputs are saved, and other changes stay as they\n"
        "are. If the command fails, nothing is recorded, and what it did stays for you to look\n"
        "at. Without a change there is no commit. Hooks of Git do not run.\n"
        "\n"
        "{inputs} and {outputs} in COMMAND stand for all paths of -i and -o, quoted for the "
        "shell,\n"
        "{inputs[0]} for the first, {pwd} for the folder it runs in and {dspath} for the\n"
        "workspace. What is recorded is the command with these names. Where one of them is used,\n"
        "write {{ and }} for other braces; ${NAME} stays a variable of the shell.\n"
        "\n"
        "Options end where COMMAND starts. A COMMAND of one argument is a line for /bin/sh; one\n"
        "of several is quoted so that it gets these arguments.\n"
        "\n"
        "This is for what is done once. What is to be repeated whenever its inputs change is a\n"
        "stage: `rmv stage add`.",
    .examples = "rmv run -i raw.csv -o clean.csv 'grep -v NA raw.csv >clean.csv'\n"
                "rmv run -m 'fetch the labels' -o labels curl -sSo labels https://example.com\n"
                "rmv run -i a.csv -i b.csv -o all.csv 'cat {inputs} >{outputs}'\n"
                "rmv run --rerun HEAD          # the same once more\n",
    .options = options,
    .stops_at_argument = true,
    .run = run,
};
