/* Help, man pages and shell completion, all made from the same tables. */
#pragma once

#include "cli/command.h"

extern bool cli_help;          /* --help was given */
extern const char *cli_folder; /* --cd FOLDER, or NULL */

/* The command that argv starts with; the longest name wins. NULL if there is none. */
const struct cli_command *cli_find_command(const struct cli_program *program, int argc, char **argv,
                                           int *words);

/* The error for a command that does not exist, with the nearest that does. `argv` starts with it.
 */
const struct rmv_error *cli_unknown_command(const struct cli_program *program, int argc,
                                            char **argv);

/* Are there commands of two words of which this is the first? */
bool cli_is_group(const struct cli_program *program, const char *word);

/* Prints the list of commands. */
void cli_help_overview(const struct cli_program *program);

/* Prints the list of those that start with this word. */
void cli_help_group(const struct cli_program *program, const char *word);

/* Prints the help of one command. */
RMV_MUST_CHECK
const struct rmv_error *cli_help_command(const struct cli_program *program,
                                         const struct cli_command *command);

/* `help [COMMAND]`, `help --man [COMMAND]` (roff). */
RMV_MUST_CHECK
const struct rmv_error *cli_help_run(const struct cli_program *program, int argc, char **argv);

/* The man page of a command, or of the program where `command` is NULL. */
void cli_man_print(const struct cli_program *program, const struct cli_command *command);

/* The program that cli_main() was called for. */
const struct cli_program *cli_running_program(void);
