#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"

bool cli_quiet;
bool cli_verbose;
bool cli_help;
const char *cli_folder;

const struct cli_option cli_common_options[] = {
    {.name = "quiet", .letter = 'q', .flag = &cli_quiet, .help = "print errors only"},
    {.name = "verbose", .letter = 'v', .flag = &cli_verbose, .help = "print more"},
    {.name = "help", .letter = 'h', .flag = &cli_help, .help = "print this help"},
    {.name = "cd", .text = &cli_folder, .argument = "FOLDER", .help = "work in FOLDER"},
    {0},
};

static const struct cli_option *find_in(const struct cli_option *options, const char *name,
                                        size_t size, char letter)
{
    for (; options && options->name; options++) {
        if (letter && options->letter == letter)
            return options;
        if (!letter && strlen(options->name) == size && memcmp(options->name, name, size) == 0)
            return options;
    }
    return NULL;
}

static const struct cli_option *find(const struct cli_command *command, const char *name,
                                     size_t size, char letter)
{
    const struct cli_option *option = find_in(command->options, name, size, letter);
    return option ? option : find_in(cli_common_options, name, size, letter);
}

static void add_names(struct rmv_strings *names, const struct cli_option *options)
{
    for (; options && options->name; options++)
        rmv_strings_take(names, rmv_str_format("--%s", options->name));
}

static const struct rmv_error *unknown(const struct cli_command *command, const char *typed)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    add_names(&names, command->options);
    add_names(&names, cli_common_options);

    RMV_CLEANUP(rmv_str_free) char *word = rmv_str_copy_n(typed, strcspn(typed, "="));
    const char *nearest = rmv_strings_nearest(&names, word);
    const struct rmv_error *err =
        rmv_error(RMV_ERR_USAGE, "'%s' has no option '%s'", command->name, word);
    if (nearest)
        return rmv_error_hint(err, "did you mean '%s'?", nearest);
    return rmv_error_hint(err, "'help %s' lists its options", command->name);
}

static const struct rmv_error *set_number(const struct cli_option *option, const char *value)
{
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return rmv_error(RMV_ERR_USAGE, "option '--%s' needs a whole number, not '%s'",
                         option->name, value);
    *option->number = number;
    return NULL;
}

static const struct rmv_error *set_value(const struct cli_option *option, const char *value)
{
    if (option->number)
        return set_number(option, value);
    if (option->list)
        rmv_strings_add(option->list, value);
    else
        *option->text = value;
    return NULL;
}

/* Where parsing stands in argv. */
struct cursor {
    int argc, i;
    char **argv;
};

/* `attached` is the value in the same word, or NULL. */
static const struct rmv_error *apply(const struct cli_option *option, const char *attached,
                                     struct cursor *at)
{
    if (option->flag) {
        if (attached)
            return rmv_error(RMV_ERR_USAGE, "option '--%s' takes no value", option->name);
        *option->flag = true;
        return NULL;
    }
    if (!attached && at->i + 1 >= at->argc)
        return rmv_error(RMV_ERR_USAGE, "option '--%s' needs a value: %s", option->name,
                         option->argument);
    return set_value(option, attached ? attached : at->argv[++at->i]);
}

static const struct rmv_error *parse_long(const struct cli_command *command, struct cursor *at)
{
    const char *name = at->argv[at->i] + 2;
    const size_t size = strcspn(name, "=");
    const struct cli_option *option = find(command, name, size, 0);
    if (!option)
        return unknown(command, at->argv[at->i]);
    return apply(option, name[size] == '=' ? name + size + 1 : NULL, at);
}

/* "-vn5": flags may share a word, and the last may have its value behind it. */
static const struct rmv_error *parse_letters(const struct cli_command *command, struct cursor *at)
{
    const char *word = at->argv[at->i];
    for (const char *letter = word + 1; *letter; letter++) {
        const struct cli_option *option = find(command, NULL, 0, *letter);
        if (!option)
            return unknown(command, word);
        const bool takes_rest = !option->flag && letter[1];
        const struct rmv_error *err = apply(option, takes_rest ? letter + 1 : NULL, at);
        if (err || !option->flag)
            return err;
    }
    return NULL;
}

const struct rmv_error *cli_options_parse(const struct cli_command *command, int *argc, char **argv)
{
    struct cursor at = {.argc = *argc, .argv = argv};
    int kept = 0;

    for (; at.i < at.argc; at.i++) {
        char *word = argv[at.i];
        if (strcmp(word, "--") == 0) {
            /* Commands that tell what is before it from what is behind find it in place. */
            if (command->keeps_dashes)
                argv[kept++] = word;
            for (at.i++; at.i < at.argc; at.i++)
                argv[kept++] = argv[at.i];
            break;
        }
        const int before =
            command->arguments_before_stop - (command->named_argument && *command->named_argument);
        const bool ends = command->stops_at_argument && kept > before;
        if (word[0] != '-' || word[1] == '\0' || ends) {
            argv[kept++] = word;
            continue;
        }
        const struct rmv_error *err =
            word[1] == '-' ? parse_long(command, &at) : parse_letters(command, &at);
        if (err)
            return err;
    }
    *argc = kept;
    return NULL;
}

char *cli_option_usage(const struct cli_option *option)
{
    struct rmv_buf out = {0};
    if (option->letter)
        rmv_buf_append_format(&out, "-%c, ", option->letter);
    rmv_buf_append_format(&out, "--%s", option->name);
    if (!option->flag)
        rmv_buf_append_format(&out, " %s", option->argument);
    return rmv_buf_take(&out);
}
