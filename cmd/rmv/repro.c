#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/ask.h"
#include "rmv/base/mem.h"
#include "rmv/choice.h"
#include "rmv/commands.h"
#include "rmv/interrupts.h"
#include "rmv/pipeline/repro.h"
#include "rmv/repeat.h"
#include "rmv/repro_print.h"
#include "rmv/run_note.h"
#include "rmv/shared.h"

static struct cli_choice choice;
static bool option_dry, option_no_commit, option_json;
static int64_t option_jobs = 1;
static const char *option_executor, *option_every, *option_at;

static const struct cli_option options[] = {
    {.name = "force", .letter = 'f', .flag = &choice.force, .help = "run what is up to date too"},
    CLI_OPTIONS_WHICH_STAGES(choice),
    CLI_OPTIONS_HOW_TO_RUN(choice),
    {.name = "ignore-errors",
     .flag = &choice.ignore_errors,
     .help = "run what depends on a stage that failed too; the exit status is then 0"},
    {.name = "dry",
     .flag = &option_dry,
     .help = "say what would run or be restored, and why; change nothing"},
    {.name = "jobs",
     .letter = 'j',
     .number = &option_jobs,
     .argument = "N",
     .help = "run up to N stages at once where none needs the other; 0: one per processor"},
    {.name = "executor",
     .text = &option_executor,
     .argument = "NAME",
     .help = "where all stages run: local, or slurm for jobs of the cluster"},
    {.name = "every",
     .text = &option_every,
     .argument = "TIME",
     .help = "stay, and run over and over: 90s, 15m, 1h30m, 2d"},
    {.name = "at",
     .text = &option_at,
     .argument = "HH:MM",
     .help = "with --every of whole days: at this local time"},
    {.name = "no-commit",
     .flag = &option_no_commit,
     .help = "do not store the outputs; `rmv commit` does that later"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document at the end"},
    {0},
};

static int64_t jobs = 1; /* stages at once */
static enum rmv_executor_kind executor;

#define JOBS_MAX 1024

/* One call of the command. */
struct invocation {
    struct cli_repro_printer printer;
    struct cli_run_note note;
};

static void expect(void *context, size_t stages_count)
{
    struct invocation *invocation = context;
    rmv_live_expect(invocation->printer.live, stages_count);
}

static void report(void *context, const struct rmv_repro_event *event)
{
    struct invocation *invocation = context;
    cli_run_note_event(&invocation->note, event);
    cli_repro_print_event(&invocation->printer, event);
}

static void show_output(void *context, const struct rmv_stage *stage, bool is_error,
                        const char *bytes, size_t size)
{
    struct invocation *invocation = context;
    cli_repro_print_output(&invocation->printer, stage, is_error, bytes, size);
}

static const struct rmv_error *ask(void *context, const struct rmv_stage *stage, const char *why,
                                   bool *yes)
{
    struct invocation *invocation = context;
    return cli_ask_stage(invocation->printer.live, stage, why, yes);
}

/* ---- The command ---------------------------------------------------------------------------- */

static const struct rmv_error *run(struct rmv_workspace *workspace,
                                   const struct rmv_strings *targets, struct invocation *invocation)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_repro_options repro = {.targets = targets,
                                            .force = choice.force,
                                            .single_item = choice.single_item,
                                            .downstream = choice.downstream,
                                            .all_pipelines = choice.all_pipelines,
                                            .whole = choice.whole,
                                            .recursive = choice.recursive,
                                            .force_downstream = choice.force_downstream,
                                            .ignore_errors = choice.ignore_errors,
                                            .allow_missing = choice.allow_missing,
                                            .confirm = choice.interactive ? ask : NULL,
                                            .dry = option_dry,
                                            .keep_going = choice.keep_going,
                                            .no_commit = option_no_commit,
                                            .no_run_cache = choice.no_run_cache,
                                            .jobs = (unsigned)jobs,
                                            .executor = executor,
                                            .expect = expect,
                                            .report = report,
                                            .output = cli_quiet ? NULL : show_output,
                                            .context = invocation,
                                            .interrupted = &cli_interrupted};

    const struct rmv_error *err = rmv_pipeline_read(workspace, &pipeline);
    if (err)
        return err;
    if (!pipeline.files.count)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there is no %s in this workspace",
                                        RMV_PIPELINE_FILE_NAME),
                              "`rmv stage add` makes one");
    return rmv_repro(workspace, &pipeline, &repro);
}

static void print_document(const struct cli_repro_printer *printer, const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    cli_set_bool(&document, "ok", !err);
    if (err)
        cli_set_text(&document, "error", err->message);
    rmv_value_copy(rmv_value_add(&document, "stages"), &printer->stages);
    cli_print_json(&document);
}

static const struct rmv_error *check_schedule(void)
{
    if (option_at && !option_every)
        return rmv_error(RMV_ERR_USAGE, "--at needs --every, such as --every 1d");
    if (option_every && (choice.interactive || option_dry))
        return rmv_error(RMV_ERR_USAGE, "--every and --%s exclude each other",
                         option_dry ? "dry" : "interactive");
    return NULL;
}

static const struct rmv_error *check_options(int argc, char **argv)
{
    const struct rmv_error *err = cli_choice_check(&choice, argc, argv);
    if (err)
        return err;
    if (option_jobs < 0 || option_jobs > JOBS_MAX)
        return rmv_error(RMV_ERR_USAGE, "--jobs is a number from 0 to %d", JOBS_MAX);
    if (choice.interactive && option_jobs != 1)
        return rmv_error(RMV_ERR_USAGE, "--interactive and --jobs exclude each other");
    return check_schedule();
}

static const struct rmv_error *choose_executor(void)
{
    if (option_executor && strcmp(option_executor, "local") == 0)
        executor = RMV_EXECUTOR_LOCAL;
    else if (option_executor && strcmp(option_executor, "slurm") == 0)
        executor = RMV_EXECUTOR_SLURM;
    else if (option_executor)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "no executor '%s'", option_executor),
                              "there are local and slurm");
    return NULL;
}

static const struct rmv_error *repro(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    struct invocation invocation = {0};
    struct cli_repro_printer *printer = &invocation.printer;

    const struct rmv_error *err = check_options(argc, argv);
    if (!err)
        err = choose_executor();
    if (err)
        return err;
    jobs = option_jobs ? option_jobs : sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < argc; i++)
        rmv_strings_add(&targets, argv[i]);
    cli_watch_interrupts();
    if (option_every)
        err = cli_repeat(option_every, option_at, option_json ? stderr : stdout);
    if (!err)
        err = cli_open_workspace(&workspace);
    if (err)
        return err;
    printer->as_json = option_json;
    printer->many = jobs > 1;
    printer->with_failures = choice.keep_going || choice.ignore_errors;
    cli_repro_printer_open(printer);
    cli_run_note_start(&invocation.note, option_dry ? NULL : workspace);
    err = run(workspace, &targets, &invocation);
    err = cli_run_note_end(&invocation.note, err);
    cli_repro_printer_finish(printer);
    if (option_json)
        print_document(printer, err);
    else if (!err && !printer->changes && !cli_quiet)
        puts("Everything is up to date.");
    cli_repro_printer_free(printer);
    return err;
}

const struct cli_command rmv_command_repro = {
    .name = "repro",
    .arguments = "[TARGET...]",
    .summary = "run the stages that changed, and record each run",
    .help =
        "Brings the stages of rmv.yaml up to date, in the order of what they need. A stage runs\n"
        "if its command, a variable that rmv.yaml gives it, a dependency, a parameter or an "
        "output\n"
        "is not what rmv.lock says; each line says why. A run that gives the same outputs as\n"
        "before lets the stages below it rest.\n"
        "Outputs that were deleted or edited come back from the store, and inputs that were run\n"
        "with before come back from the run cache; neither runs anything. An edit that is not\n"
        "stored is stored before it is replaced, and a warning says under which id. What `rmv "
        "add`\n"
        "tracks and a stage reads is stored first if it changed, and its pointer updated.\n"
        "\n"
        "A TARGET is a stage, an output, an rmv.yaml, the name of a loop, or a pattern (quote\n"
        "it); it stands for itself and all it needs, in whatever rmv.yaml that is. Without one,\n"
        "the stages of the rmv.yaml in the current folder are meant, or, if it has none, all.\n"
        "\n"
        "Commands run through /bin/sh in their 'wdir', see RMV_ROOT and RMV_STAGE in their\n"
        "environment, and leave what they print in .rmstore/logs/STAGE.log. Their outputs are\n"
        "removed first, unless 'persist' is set; data that nobody saved is never removed without\n"
        "--force. Nothing is locked meanwhile but the stage itself. An interrupt stops the "
        "command\n"
        "and all it started, and records nothing of it.\n"
        "\n"
        "With -j N up to N stages run at once where none needs the other; what they print then\n"
        "comes in whole lines with the stage in front. After a failure those that run still come\n"
        "to their end and are recorded. A stage with 'timeout' is stopped when that is over, one\n"
        "with 'retry' is tried again after a pause. On a terminal a line for each stage that runs\n"
        "says what it does, and since when.\n"
        "\n"
        "Stages whose 'executor' is slurm, or all with --executor slurm, run as jobs of the "
        "cluster,\n"
        "in the same order and as many at once as -j says. An interrupt cancels them. If rmv is\n"
        "killed they go on, and the next run follows them instead of submitting them again.\n"
        "\n"
        "With --allow-missing, data that is not in the workspace counts as what its pointer or\n"
        "rmv.lock says of it, so that in a fresh clone nothing runs that did not change; a stage\n"
        "that has to run still needs it here. --interactive reads its answers from the standard\n"
        "input; what is declined, and what needs it, is not run, and that is a failure.\n"
        "\n"
        "With --every it stays, and does all that again and again: at once and then each TIME,\n"
        "or with --at at that time of the day. A run that fails is followed by the next; times\n"
        "that pass during a run, or while the machine sleeps, become one run afterwards. `rmv "
        "runs`\n"
        "lists what became of all runs, these and others, and `rmv service print` makes a "
        "service\n"
        "for systemd of it.\n"
        "\n"
        "The exit status is 1 if a stage failed, 3 if something it needs is missing, 4 if data "
        "that\n"
        "was never saved is in the way, and 130 after an interrupt.",
    .examples = "rmv repro                    # everything\n"
                "rmv repro train              # a stage and what it needs\n"
                "rmv repro --dry              # what would run, and why\n"
                "rmv repro -j 4               # four stages at once\n"
                "rmv repro -j 32 --executor slurm   # as jobs of the cluster\n"
                "rmv repro -k                 # go on where a failure does not matter\n"
                "rmv repro --downstream prep  # from a stage to the end\n"
                "rmv repro --every 1d --at 02:00   # each night\n",
    .options = options,
    .run = repro,
};
