/* The entry point of both programs: finds the command, runs it, turns its error into an exit
 * status. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/options.h"
#include "rmv/base/mem.h"
#include "rmv/base/screen.h"
#include "rmv/base/version.h"

#define STATUS_INTERRUPTED 130 /* what a shell reports for SIGINT */

static const struct cli_program *running;

const struct cli_program *cli_running_program(void)
{
    return running;
}

/* How many words of argv the command's name takes up; 0 if it is another command. */
static int words_matched(const struct cli_command *command, int argc, char **argv)
{
    const char *name = command->name;
    for (int i = 0; i < argc; i++) {
        const size_t size = strcspn(name, " ");
        if (strlen(argv[i]) != size || memcmp(argv[i], name, size) != 0)
            return 0;
        if (name[size] == '\0')
            return i + 1;
        name += size + 1;
    }
    return 0;
}

const struct cli_command *cli_find_command(const struct cli_program *program, int argc, char **argv,
                                           int *words)
{
    const struct cli_command *found = NULL;
    *words = 0;
    for (size_t i = 0; program->commands[i]; i++) {
        const int matched = words_matched(program->commands[i], argc, argv);
        if (matched > *words) {
            *words = matched;
            found = program->commands[i];
        }
    }
    return found;
}

/* What was typed as a command: of two words, where the first is half of some. */
static char *command_typed(const struct cli_program *program, int argc, char **argv)
{
    return argc > 1 && cli_is_group(program, argv[0]) ? rmv_str_format("%s %s", argv[0], argv[1])
                                                      : rmv_str_copy(argv[0]);
}

const struct rmv_error *cli_unknown_command(const struct cli_program *program, int argc,
                                            char **argv)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *typed = command_typed(program, argc, argv);

    if (*typed == '-')
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "there is no option '%s' before a command", typed),
            "options follow the command: '%s COMMAND %s'", program->name, typed);
    for (size_t i = 0; program->commands[i]; i++)
        rmv_strings_add(&names, program->commands[i]->name);
    rmv_strings_add(&names, "help");
    const struct rmv_error *err = rmv_error(RMV_ERR_USAGE, "there is no command '%s'", typed);
    const char *nearest = rmv_strings_nearest(&names, typed);
    if (nearest)
        return rmv_error_hint(err, "did you mean '%s %s'?", program->name, nearest);
    if (cli_is_group(program, argv[0]))
        return rmv_error_hint(err, "'%s help %s' lists those there are", program->name, argv[0]);
    return rmv_error_hint(err, "'%s help' lists the commands", program->name);
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* Half of a command of two words, or no command at all. */
static const struct rmv_error *run_nothing(const struct cli_program *program, int argc, char **argv)
{
    if (!cli_is_group(program, argv[0]) || (argc > 1 && !is_help(argv[1])))
        return cli_unknown_command(program, argc, argv);
    cli_help_group(program, argv[0]);
    return argc > 1 ? NULL : rmv_error(RMV_ERR_USAGE, "which command of '%s'?", argv[0]);
}

static const struct rmv_error *run(const struct cli_program *program, int argc, char **argv)
{
    int words;
    const struct cli_command *command = cli_find_command(program, argc, argv, &words);
    if (!command)
        return run_nothing(program, argc, argv);

    argc -= words;
    argv += words;
    const struct rmv_error *err = cli_options_parse(command, &argc, argv);
    if (err)
        return err;
    if (cli_help)
        return cli_help_command(program, command);
    if (cli_folder && chdir(cli_folder) < 0)
        return rmv_error_errno("cannot go to folder '%s'", cli_folder);
    return command->run(argc, argv);
}

static const struct rmv_error *dispatch(const struct cli_program *program, int argc, char **argv)
{
    if (argc == 0) {
        cli_help_overview(program);
        return rmv_error(RMV_ERR_USAGE, "which command?");
    }
    if (strcmp(argv[0], "--version") == 0) {
        printf("%s %s\n", program->name, rmv_version());
        return NULL;
    }
    if (strcmp(argv[0], "help") == 0 || is_help(argv[0]))
        return cli_help_run(program, argc - 1, argv + 1);
    return run(program, argc, argv);
}

/* With the end of its line. Names from files may be in it, which must not steer a terminal. */
static void append_message(const char *message, struct rmv_buf *line)
{
    rmv_screen_append_safe(message, true, line);
    rmv_buf_append(line, "\n", 1);
}

/* Where what cli_log() says goes to. */
static struct diversion {
    void (*print)(void *context, const char *line);
    void *context;
} diversion;

void cli_log_divert(void (*print)(void *context, const char *line), void *context)
{
    diversion = (struct diversion){.print = print, .context = context};
}

static void print_warning(void *context, enum rmv_log_level level, const char *message)
{
    const struct diversion *diverted = context;
    if (cli_quiet && level < RMV_LOG_ERROR)
        return;
    const char *kind = level >= RMV_LOG_ERROR     ? "error: "
                       : level == RMV_LOG_WARNING ? "warning: "
                                                  : "";
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    rmv_buf_append_format(&line, "%s: %s", running->name, kind);
    append_message(message, &line);
    if (diverted->print)
        diverted->print(diverted->context, rmv_buf_string(&line));
    else
        fputs(rmv_buf_string(&line), stderr);
}

struct rmv_log *cli_log(void)
{
    static struct rmv_log *log;
    if (!log) {
        rmv_log_open_sink(print_warning, &diversion, &log);
        rmv_log_set_level(log, cli_verbose ? RMV_LOG_DEBUG : RMV_LOG_WARNING);
    }
    return log;
}

static int status_of(const struct rmv_error *err)
{
    if (!err)
        return EXIT_SUCCESS;
    return err->code == RMV_ERR_INTERRUPTED ? STATUS_INTERRUPTED : (int)err->code;
}

/* Whoever closed a standard stream must not find messages in the file that is opened next. What
 * takes its place fails as the closed one did. */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            exit(RMV_ERR_IO);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
    running = program;
    fill_standard_streams();
    const struct rmv_error *err = dispatch(program, argc - 1, argv + 1);
    /* What did not reach a full disk or a closed pipe was not said. */
    if (fflush(stdout) == EOF && !err)
        err = rmv_error_errno("cannot write the output");
    if (err && *err->message) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
        append_message(err->message, &line);
        fprintf(stderr, "%s: %s", program->name, rmv_buf_string(&line));
    }

    struct rmv_log *log = cli_log();
    rmv_log_close(&log);
    return status_of(err);
}
