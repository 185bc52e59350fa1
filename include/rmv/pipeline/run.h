/* Running a command once and recording it, as `datalad run` does: what it was, from where, what it
 * read and what it made stand in the message of the Git commit that saves what came out, so that it
 * can be run again from that alone. What rmv stores of it has a record of the run, too. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

struct rmv_run_record {
    char *message;              /* the user's, of one line */
    char *cmd;                  /* a line for /bin/sh, may have placeholders */
    char *folder;               /* where it runs, relative to the workspace */
    struct rmv_strings inputs;  /* relative to the workspace */
    struct rmv_strings outputs; /* likewise */
    struct rmv_strings chain;   /* the commits of earlier runs of the same, oldest first */
};
void rmv_run_record_free(struct rmv_run_record *record);

/* Appends the message of the commit:
 *
 *     [RMV RUNCMD] MESSAGE
 *
 *     === Do not change lines below ===
 *     {JSON with chain, cmd, exit, inputs, outputs, pwd}
 *     ^^^ Do not change lines above ^^^
 *
 * Paths in it are relative to `pwd`, which is relative to the workspace. */
void rmv_run_record_format(const struct rmv_run_record *record, struct rmv_buf *message);

/* Reads such a message, also one by DataLad. Errors: NOT_FOUND (it is of no run), CORRUPT, DENIED
 * (a path that leaves the workspace). */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_record_parse(const char *message, struct rmv_run_record *record);

/* Reads that of a commit; `*id` is its whole name, which the caller frees. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_record_read(struct rmv_workspace *workspace, const char *revision,
                                            struct rmv_run_record *record, char **id);

/* Sets `*cmd`, which the caller frees, to the command with its placeholders replaced:
 *
 *     {inputs} {outputs}        all paths, quoted for the shell, with blanks between them
 *     {inputs[0]} {outputs[0]}  one of them
 *     {pwd} {dspath}            where it runs; the workspace, at `root`
 *     {{ }}                     a brace
 *
 * Paths are relative to where it runs. `${inputs}` is a variable of the shell. Without any of the
 * placeholders a command is what it is, braces and all. Errors: USAGE (no such path, other braces).
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_record_expand(const char *root, const struct rmv_run_record *record,
                                              char **cmd);

/* One word is a line for the shell; several are quoted, but for placeholders in them. */
char *rmv_run_command_line(int argc, char *const *argv);

struct rmv_run_options {
    bool is_explicit; /* uncommitted changes do not matter; only outputs are saved */
};

struct rmv_run_result {
    char *commit;               /* NULL: nothing had changed */
    struct rmv_strings saved;   /* paths that were added to the store and that changed */
    struct rmv_strings unsaved; /* new files that Git does not ignore and nobody named */
};
void rmv_run_result_free(struct rmv_run_result *result);

/* Runs it and commits what came out. Outputs that Git does not track are added as by rmv_add();
 * what is tracked and changed is saved, too, unless explicit. If the command fails, nothing is
 * recorded, and what it did stays for the user to look at. Errors: USAGE (no Git repository),
 * CONFLICT (changes that are not committed; an output of a stage), NOT_FOUND (an input; an output
 * that was not made), FAILED (the command), those of adding and of git. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_and_commit(struct rmv_workspace *workspace,
                                           const struct rmv_run_record *record,
                                           const struct rmv_run_options *options,
                                           struct rmv_run_result *result);
