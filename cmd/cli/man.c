#include "cli/help.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "rmv/base/mem.h"
#include "rmv/base/version.h"

/* Prints the character of UTF-8 that starts at `text` by its number, which roff takes in every
 * locale, and returns its last byte. */
static const char *print_character(const char *text)
{
    const unsigned lead = (unsigned char)*text;
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    unsigned number = lead & (0x3fU >> more);
    for (int i = 0; i < more && text[1]; i++)
        number = number << 6 | ((unsigned char)*++text & 0x3fU);
    printf("\\[u%04X]", number);
    return text;
}

/* Text with what roff would take for its own escaped. */
static void print_text(const char *text)
{
    bool starts_line = true;
    for (; *text; text++) {
        if (starts_line && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if ((unsigned char)*text >= 0x80)
            text = print_character(text);
        else
            putchar(*text);
        starts_line = *text == '\n';
    }
}

/* Paragraphs are parted by empty lines; an indented line is an example and stays as it is. */
static void print_paragraphs(const char *text)
{
    while (*text) {
        const size_t size = strcspn(text, "\n");
        RMV_CLEANUP(rmv_str_free) char *line = rmv_str_copy_n(text, size);
        if (size == 0)
            puts(".PP");
        else if (*line == ' ')
            fputs(".br\n", stdout);
        if (size > 0) {
            print_text(line);
            putchar('\n');
        }
        text += size + (text[size] == '\n');
    }
}

static void print_options(const struct cli_option *options)
{
    for (; options && options->name; options++) {
        RMV_CLEANUP(rmv_str_free) char *usage = cli_option_usage(options);
        fputs(".TP\n.B ", stdout);
        print_text(usage);
        putchar('\n');
        print_text(options->help);
        putchar('\n');
    }
}

static void print_upper(const char *text)
{
    for (; *text; text++) {
        const int upper = toupper((unsigned char)*text);
        putchar(upper == ' ' ? '-' : upper);
    }
}

static void print_head(const struct cli_program *program, const char *command)
{
    fputs(".TH ", stdout);
    print_upper(program->name);
    if (command) {
        putchar('-');
        print_upper(command);
    }
    printf(" 1 \"\" \"%s %s\" \"User Commands\"\n.SH NAME\n", program->name, rmv_version());
}

static void print_command(const struct cli_program *program, const struct cli_command *command)
{
    print_head(program, command->name);
    RMV_CLEANUP(rmv_str_free)
    char *name = rmv_str_format("%s-%s - %s", program->name, command->name, command->summary);
    for (char *space = name; *space && space < name + strlen(program->name) + strlen(command->name);
         space++)
        if (*space == ' ')
            *space = '-';
    print_text(name);
    printf("\n.SH SYNOPSIS\n.B %s %s\n[OPTION...]", program->name, command->name);
    if (*command->arguments) {
        putchar(' ');
        print_text(command->arguments);
    }
    puts("\n.SH DESCRIPTION");
    print_paragraphs(command->help ? command->help : command->summary);
    puts(".SH OPTIONS");
    print_options(command->options);
    print_options(cli_common_options);
    if (command->examples) {
        puts(".SH EXAMPLES\n.nf");
        print_text(command->examples);
        puts("\n.fi");
    }
}

static void print_program(const struct cli_program *program)
{
    print_head(program, NULL);
    RMV_CLEANUP(rmv_str_free)
    char *name = rmv_str_format("%s - %s", program->name, program->summary);
    print_text(name);
    printf("\n.SH SYNOPSIS\n.B %s\nCOMMAND [OPTION...] [ARGUMENT...]\n", program->name);
    puts(".SH DESCRIPTION");
    print_paragraphs(program->help);
    puts(".SH COMMANDS");
    for (size_t i = 0; program->commands[i]; i++) {
        printf(".TP\n.B %s\n", program->commands[i]->name);
        print_text(program->commands[i]->summary);
        putchar('\n');
    }
    puts(".SH EXIT STATUS\n0 on success; 1 where the answer is no (a stage failed, something "
         "differs, damage was found); 2 for a request that makes no sense; higher numbers for "
         "errors, each of which is explained by one message on standard error.");
}

void cli_man_print(const struct cli_program *program, const struct cli_command *command)
{
    if (command)
        print_command(program, command);
    else
        print_program(program);
}
