/* Parsing a command's options from its table, and printing them for the help. */
#pragma once

#include "cli/command.h"

/* The options every command has. */
extern const struct cli_option cli_common_options[];

/* Fills in the options found in argv and leaves only the other arguments in argc/argv. Options may
 * stand anywhere before a bare "--". Errors: USAGE, naming the nearest known option. */
RMV_MUST_CHECK
const struct rmv_error *cli_options_parse(const struct cli_command *command, int *argc,
                                          char **argv);

/* "-f, --file FILE" as it stands in help and man pages; the caller frees it. */
char *cli_option_usage(const struct cli_option *option);
