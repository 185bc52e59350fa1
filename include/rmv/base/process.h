/* Child processes, always with an argument vector; a shell only where the caller names one. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

struct rmv_process_options {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *folder;      /* where it runs; NULL for here */
    const char *const *env;  /* NULL-terminated "NAME=value" added to ours; NULL for none */
    int stdin_fd;   /* 0 for /dev/null; otherwise a descriptor to use as its standard input */
    int stdout_fd;  /* 0 to inherit ours */
    int stderr_fd;  /* 0 to inherit ours */
    bool new_group; /* make it the leader of a process group of its own */
};

/* Starts it and sets `*pid`; no signal is blocked in it and SIGPIPE has its usual effect. Errors:
 * NOT_FOUND (no such program or folder), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_process_start(const struct rmv_process_options *options, pid_t *pid);

/* Waits for it; `*status` is as from waitpid(2). Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_process_wait(pid_t pid, int *status);

/* Appends `word` for a shell to read as one word: as it is if it has nothing special in it. */
void rmv_process_quote(const char *word, struct rmv_buf *out);

/* "exit status 3" or "killed by signal 9 (Killed)"; the caller frees it. */
char *rmv_process_describe(int status);

/* Runs it to its end with its standard output appended to `out`, its standard error inherited only
 * if options say so (stderr_fd), else dropped. Errors: as above, LIMIT (more than max_bytes; the
 * process is then killed, with its group if it has one of its own). On failure `out` is unchanged.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_process_output(const struct rmv_process_options *options,
                                           size_t max_bytes, struct rmv_buf *out, int *status);
