#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"

/* Prints the first words of all commands, or the second words of those that start with `first`. */
static void print_words(const struct cli_program *program, const char *first)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings words = {0};
    for (size_t i = 0; program->commands[i]; i++) {
        const char *name = program->commands[i]->name;
        const size_t size = strcspn(name, " ");
        RMV_CLEANUP(rmv_str_free) char *word = NULL;
        if (!first)
            word = rmv_str_copy_n(name, size);
        else if (name[size] && strlen(first) == size && memcmp(name, first, size) == 0)
            word = rmv_str_copy(name + size + 1);
        if (word && !rmv_strings_has(&words, word))
            rmv_strings_add(&words, word);
    }
    for (size_t i = 0; i < words.count; i++)
        printf("%s%s", i ? " " : "", words.items[i]);
}

static void print_option_names(const struct cli_option *options)
{
    for (; options && options->name; options++)
        printf(" --%s", options->name);
}

static void print_bash(const struct cli_program *program)
{
    printf("_%s() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words\n"
           "    COMPREPLY=()\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='",
           program->name);
    print_words(program, NULL);
    puts(" help'\n        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return\n    fi\n"
         "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in");
    for (size_t i = 0; program->commands[i]; i++) {
        const struct cli_command *command = program->commands[i];
        printf("    '%s'%s) words='", command->name, strchr(command->name, ' ') ? "" : "\\ *");
        print_option_names(command->options);
        print_option_names(cli_common_options);
        puts("' ;;");
    }
    puts("    esac\n    if [ \"$COMP_CWORD\" -eq 2 ]; then\n        case \"${COMP_WORDS[1]}\" in");
    fputs("        help) COMPREPLY=($(compgen -W '", stdout);
    print_words(program, NULL);
    puts(" help' -- \"$cur\")) ;;\n"
         "        completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")) ;;");
    for (size_t i = 0; program->commands[i]; i++) {
        const char *space = strchr(program->commands[i]->name, ' ');
        if (!space)
            continue;
        RMV_CLEANUP(rmv_str_free)
        char *first =
            rmv_str_copy_n(program->commands[i]->name, strcspn(program->commands[i]->name, " "));
        printf("        %s) COMPREPLY+=($(compgen -W '", first);
        print_words(program, first);
        puts("' -- \"$cur\")) ;;");
    }
    /* Where nothing of ours fits, bash completes files itself, those with blanks included. */
    printf("        esac\n    fi\n    case \"$cur\" in\n"
           "    -*) COMPREPLY+=($(compgen -W \"$words\" -- \"$cur\")) ;;\n    esac\n}\n"
           "complete -o default -F _%s %s\n",
           program->name, program->name);
}

/* ---- What zsh and fish share ----------------------------------------------------------------- */

/* A word in single quotes, for zsh (and any other shell but fish). */
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

/* The same for fish. */
static void print_fish_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static char *first_word(const struct cli_command *command)
{
    return rmv_str_copy_n(command->name, strcspn(command->name, " "));
}

static const char *second_word(const struct cli_command *command)
{
    const char *space = strchr(command->name, ' ');
    return space ? space + 1 : NULL;
}

/* Is it the first of the commands that start with its first word? */
static bool is_first(const struct cli_program *program, size_t index)
{
    const char *name = program->commands[index]->name;
    const size_t size = strcspn(name, " ");
    for (size_t i = 0; i < index; i++)
        if (strncmp(program->commands[i]->name, name, size) == 0 &&
            strchr(" ", program->commands[i]->name[size]))
            return false;
    return true;
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* "NAME:what it does" for _describe, which takes a colon for the end of the name. */
static void print_described(const char *name, const char *summary)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%s:%s", name, summary);
    fputs("            ", stdout);
    print_quoted(text);
    putchar('\n');
}

static void print_zsh_firsts(const struct cli_program *program)
{
    puts("    if (( CURRENT == 2 )); then\n        words_here=(");
    for (size_t i = 0; program->commands[i]; i++) {
        RMV_CLEANUP(rmv_str_free) char *first = first_word(program->commands[i]);
        if (is_first(program, i))
            print_described(first, second_word(program->commands[i])
                                       ? "several commands"
                                       : program->commands[i]->summary);
    }
    print_described("help", "explain a command");
    puts("        )\n        _describe command words_here; return\n    fi");
}

static void print_zsh_seconds(const struct cli_program *program)
{
    fputs("    if (( CURRENT == 3 )); then\n        case $words[2] in\n        help) compadd -- ",
          stdout);
    print_words(program, NULL);
    puts(" help; return ;;\n        completion) compadd -- bash zsh fish; return ;;");
    for (size_t i = 0; program->commands[i]; i++) {
        RMV_CLEANUP(rmv_str_free) char *first = first_word(program->commands[i]);
        if (!second_word(program->commands[i]) || !is_first(program, i))
            continue;
        printf("        %s) compadd -- ", first);
        print_words(program, first);
        puts(" ;;");
    }
    puts("        esac\n    fi");
}

/* Works both from a folder of $fpath and when it is sourced. */
static void print_zsh(const struct cli_program *program)
{
    printf("#compdef %s\n_%s() {\n    local -a words_here options_here\n", program->name,
           program->name);
    print_zsh_firsts(program);
    print_zsh_seconds(program);
    puts("    case \"$words[2] $words[3]\" in");
    for (size_t i = 0; program->commands[i]; i++) {
        const struct cli_command *command = program->commands[i];
        printf("    '%s'%s) options_here=(", command->name, second_word(command) ? "" : "\\ *");
        print_option_names(command->options);
        print_option_names(cli_common_options);
        puts(" ) ;;");
    }
    printf(
        "    esac\n    if [[ $PREFIX == -* ]]; then compadd -- $options_here; else _files; fi\n}\n"
        "if [[ $funcstack[1] == _%s ]]; then _%s \"$@\"; else compdef _%s %s; fi\n",
        program->name, program->name, program->name, program->name);
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void print_fish_options(const struct cli_program *program, const struct cli_command *command,
                               const struct cli_option *options)
{
    RMV_CLEANUP(rmv_str_free) char *first = first_word(command);
    const char *second = second_word(command);
    for (; options && options->name; options++) {
        printf("complete -c %s -n '__fish_seen_subcommand_from %s", program->name, first);
        if (second)
            printf("; and __fish_seen_subcommand_from %s", second);
        printf("' -l %s%s -d ", options->name, options->flag ? "" : " -r");
        print_fish_quoted(options->help);
        putchar('\n');
    }
}

/* A command's second word, offered until one is there. */
static void print_fish_second(const struct cli_program *program, const struct cli_command *command)
{
    RMV_CLEANUP(rmv_str_free) char *first = first_word(command);
    printf(
        "complete -c %s -n '__fish_seen_subcommand_from %s; and not __fish_seen_subcommand_from ",
        program->name, first);
    print_words(program, first);
    printf("' -a %s -d ", second_word(command));
    print_fish_quoted(command->summary);
    putchar('\n');
}

static void print_fish_first(const struct cli_program *program, const char *name,
                             const char *summary)
{
    printf("complete -c %s -n __fish_use_subcommand -f -a %s -d ", program->name, name);
    print_fish_quoted(summary);
    putchar('\n');
}

static void print_fish(const struct cli_program *program)
{
    for (size_t i = 0; program->commands[i]; i++) {
        const struct cli_command *command = program->commands[i];
        RMV_CLEANUP(rmv_str_free) char *first = first_word(command);
        if (is_first(program, i))
            print_fish_first(program, first,
                             second_word(command) ? "several commands" : command->summary);
        if (second_word(command))
            print_fish_second(program, command);
        print_fish_options(program, command, command->options);
    }
    for (const struct cli_option *option = cli_common_options; option->name; option++) {
        printf("complete -c %s -l %s%s -d ", program->name, option->name,
               option->flag ? "" : " -r");
        print_fish_quoted(option->help);
        putchar('\n');
    }
    print_fish_first(program, "help", "explain a command");
    printf("complete -c %s -n '__fish_seen_subcommand_from help' -f -a '", program->name);
    print_words(program, NULL);
    printf(" help'\ncomplete -c %s -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh "
           "fish'\n",
           program->name);
}

/* ---- The command ----------------------------------------------------------------------------- */

static const struct rmv_error *run(int argc, char **argv)
{
    const struct cli_program *program = cli_running_program();
    const struct rmv_error *err =
        argc == 1 ? NULL : rmv_error(RMV_ERR_USAGE, "for which shell is the completion?");
    if (!err && strcmp(argv[0], "bash") == 0)
        print_bash(program);
    else if (!err && strcmp(argv[0], "zsh") == 0)
        print_zsh(program);
    else if (!err && strcmp(argv[0], "fish") == 0)
        print_fish(program);
    else if (!err)
        err = rmv_error(RMV_ERR_USAGE, "no completion for '%s'", argv[0]);
    return err ? rmv_error_hint(err, "there is one for bash, zsh and fish") : NULL;
}

const struct cli_command cli_command_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .summary = "print what completes commands and options in a shell",
    .help =
        "Prints a script that lets the shell complete the names of commands and options; other\n"
        "words are completed as names of files. `make install` puts it where the shells look for\n"
        "it. Without that, source it from the file that the shell reads when it starts:\n"
        "\n"
        "    bash   ~/.bashrc                    . <(PROGRAM completion bash)\n"
        "    zsh    ~/.zshrc, behind compinit    . <(PROGRAM completion zsh)\n"
        "    fish   ~/.config/fish/config.fish   PROGRAM completion fish | source\n",
    .examples = NULL,
    .run = run,
};
