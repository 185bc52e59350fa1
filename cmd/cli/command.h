/* What the two programs share: a command is a table entry, and from the tables come parsing, help,
 * man pages and completion. One struct cli_command per file in cmd/PROGRAM/; its main.c lists them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/base/strings.h"

/* Exactly one of flag, text, list and number is set; it points at the variable to fill in. */
struct cli_option {
    const char *name;         /* without the dashes */
    char letter;              /* short form, or 0 */
    bool *flag;               /* --name */
    const char **text;        /* --name VALUE or --name=VALUE */
    struct rmv_strings *list; /* may be given several times */
    int64_t *number;
    const char *argument; /* what VALUE is called in the help: "FILE", "N" */
    const char *help;
};

struct cli_command {
    const char *name;      /* "add"; "stage add" for a command of two words */
    const char *arguments; /* for the usage line, e.g. "PATH..." */
    const char *summary;   /* one line, lower case, no full stop */
    const char
        *help; /* paragraphs for `help` and the man page: what it does, promises, exit statuses */
    const char *examples;             /* lines "command  # comment" for the man page; may be NULL */
    const struct cli_option *options; /* ends with an all-zero entry; NULL if there are none */
    bool keeps_dashes;                /* a bare "--" stays in argv, for REV -- PATH */
    bool stops_at_argument; /* options end once more than `arguments_before_stop` arguments were */
    int arguments_before_stop;         /* seen: for commands that end in a command line */
    const char *const *named_argument; /* the value of an option that takes the place of one of
                                          those; or NULL */
    const struct rmv_error *(*run)(int argc, char **argv); /* arguments only, argc may be 0 */
};

struct cli_program {
    const char *name; /* "rmv" */
    const char *summary;
    const char *help;                          /* for the program's own man page */
    const struct cli_command *const *commands; /* NULL-terminated, in the order of the overview */
};

/* `completion SHELL`, which every program lists among its commands. */
extern const struct cli_command cli_command_completion;

/* Options that every command has: --quiet, --verbose, --help, --cd FOLDER. */
extern bool cli_quiet;
extern bool cli_verbose;

/* Parses the command line, runs the command, prints its error and returns the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* Prints warnings to stderr (none below ERROR with --quiet, all with --verbose). */
struct rmv_log *cli_log(void);

/* From now on `print` gets each of these lines, with its end, and they go nowhere else; with NULL,
 * as before. For a command that draws on the terminal. */
void cli_log_divert(void (*print)(void *context, const char *line), void *context);
