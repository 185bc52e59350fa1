#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "rmv/base/mem.h"

#define INDENT 2

static bool option_man;

static const struct cli_option help_options[] = {
    {.name = "man", .flag = &option_man, .help = "print it as a page for man"},
    {0},
};

/* Not in the tables of the programs, which it prints: here only to be parsed and explained. */
static const struct cli_command command_of_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "explain a command",
    .help =
        "Lists the commands, or says what COMMAND does and promises, with its options and\n"
        "examples. `make install` puts the same text, as pages for man, where man looks for it.",
    .options = help_options,
};

void cli_help_overview(const struct cli_program *program)
{
    printf("usage: %s COMMAND [OPTION...] [ARGUMENT...]\n\n%s\n\n", program->name,
           program->summary);
    for (size_t i = 0; program->commands[i]; i++)
        printf("  %-20s %s\n", program->commands[i]->name, program->commands[i]->summary);
    printf("  %-20s %s\n", command_of_help.name, command_of_help.summary);
    printf("\n'%s help COMMAND' says more about one of them.\n", program->name);
}

static bool is_of_group(const struct cli_command *command, const char *word)
{
    const size_t size = strlen(word);
    return strncmp(command->name, word, size) == 0 && command->name[size] == ' ';
}

bool cli_is_group(const struct cli_program *program, const char *word)
{
    for (size_t i = 0; program->commands[i]; i++)
        if (is_of_group(program->commands[i], word))
            return true;
    return false;
}

void cli_help_group(const struct cli_program *program, const char *word)
{
    printf("usage: %s %s COMMAND [OPTION...] [ARGUMENT...]\n\n", program->name, word);
    for (size_t i = 0; program->commands[i]; i++)
        if (is_of_group(program->commands[i], word))
            printf("  %-20s %s\n", program->commands[i]->name, program->commands[i]->summary);
    printf("\n'%s help %s COMMAND' says more about one of them.\n", program->name, word);
}

static void print_options(const struct cli_option *options)
{
    for (; options && options->name; options++) {
        RMV_CLEANUP(rmv_str_free) char *usage = cli_option_usage(options);
        const char *pad = options->letter ? "" : "    ";
        if (strlen(usage) + strlen(pad) > 24)
            printf("  %s%s\n%28s%s\n", pad, usage, "", options->help);
        else
            printf("  %s%-*s  %s\n", pad, 24 - (int)strlen(pad), usage, options->help);
    }
}

/* Prints each line of `text` indented. */
static void print_indented(const char *text)
{
    while (*text) {
        const size_t size = strcspn(text, "\n");
        printf("%*s%.*s\n", size ? INDENT : 0, "", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

const struct rmv_error *cli_help_command(const struct cli_program *program,
                                         const struct cli_command *command)
{
    printf("usage: %s %s [OPTION...]%s%s\n\n", program->name, command->name,
           *command->arguments ? " " : "", command->arguments);
    print_indented(command->help ? command->help : command->summary);
    puts("\noptions:");
    print_options(command->options);
    print_options(cli_common_options);
    if (command->examples) {
        puts("\nexamples:");
        print_indented(command->examples);
    }
    return NULL;
}

const struct rmv_error *cli_help_run(const struct cli_program *program, int argc, char **argv)
{
    const struct rmv_error *err = cli_options_parse(&command_of_help, &argc, argv);
    if (err)
        return err;
    if (argc == 0) {
        if (option_man)
            cli_man_print(program, NULL);
        else
            cli_help_overview(program);
        return NULL;
    }

    int words;
    const struct cli_command *command = strcmp(argv[0], command_of_help.name) == 0
                                            ? &command_of_help
                                            : cli_find_command(program, argc, argv, &words);
    if (!command && argc == 1 && !option_man && cli_is_group(program, argv[0])) {
        cli_help_group(program, argv[0]);
        return NULL;
    }
    if (!command)
        return cli_unknown_command(program, argc, argv);
    if (!option_man)
        return cli_help_command(program, command);
    cli_man_print(program, command);
    return NULL;
}
