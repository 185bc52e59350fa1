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
    puts("' -- \"$cur\")) ;;");
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

static void print_zsh(const struct cli_program *program)
{
    printf("#compdef %s\nautoload -U +X bashcompinit && bashcompinit\n", program->name);
    print_bash(program);
}

/* A word in single quotes, as fish wants them. */
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

static void print_fish_options(const struct cli_program *program, const struct cli_command *command,
                               const struct cli_option *options)
{
    RMV_CLEANUP(rmv_str_free)
    char *first = rmv_str_copy_n(command->name, strcspn(command->name, " "));
    for (; options && options->name; options++) {
        printf("complete -c %s -n '__fish_seen_subcommand_from %s' -l %s%s -d ", program->name,
               first, options->name, options->flag ? "" : " -r");
        print_fish_quoted(options->help);
        putchar('\n');
    }
}

static void print_fish(const struct cli_program *program)
{
    for (size_t i = 0; program->commands[i]; i++) {
        const struct cli_command *command = program->commands[i];
        RMV_CLEANUP(rmv_str_free)
        char *first = rmv_str_copy_n(command->name, strcspn(command->name, " "));
        printf("complete -c %s -n __fish_use_subcommand -a %s -d ", program->name, first);
        print_fish_quoted(command->summary);
        putchar('\n');
        print_fish_options(program, command, command->options);
    }
}

const struct rmv_error *cli_completion_print(const struct cli_program *program, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        print_bash(program);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(program);
    else if (strcmp(shell, "fish") == 0)
        print_fish(program);
    else
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "no completion for '%s'", shell),
                              "there is one for bash, zsh and fish");
    return NULL;
}
