/* Running the git program: for whatever writes to the repository or a work tree. Always with an
 * argument vector; paths are no patterns, hooks do not run, and what git writes to the repository
 * is made durable before it ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

struct rmv_git_run {
    const char *folder;      /* where it runs */
    const char *const *argv; /* NULL-terminated, without the "git" in front; at most 60 */
    const char *index;       /* the index file it works on; NULL for the repository's own */
    const void *input;       /* its standard input; NULL for none */
    size_t input_size;
    bool may_ask;       /* it may talk to a network or ask for a password: a terminal's signals
                           reach it */
    const char *config; /* one more "section.key=value", or NULL */
};

/* Runs it to its end; what it prints is appended to `out`, which may be NULL. Errors: FAILED with
 * what git complained about, NOT_FOUND (there is no git), LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_run(const struct rmv_git_run *run, struct rmv_buf *out);

/* The same without an error for an exit status: `*status` is what it exited with. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_try(const struct rmv_git_run *run, struct rmv_buf *out,
                                    int *status);

/* The first line of what it prints; the caller frees it. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_ask(const struct rmv_git_run *run, char **line);
