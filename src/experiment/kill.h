/* Requests to kill an experiment of the queue: a file `.rmstore/exps/kill/NAME` asks whoever runs
 * it, on whatever machine. Its content is "stop\n", or "kill\n" for at once. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "rmv/base/ticker.h"
#include "rmv/dataset/workspace.h"

/* Looks for requests while an experiment runs. `how` is what its stages look at: an interrupt of
 * the whole program, or a request. */
struct rmv_kill_watch {
    const volatile sig_atomic_t *interrupted; /* of the whole program; borrowed, may be NULL */
    volatile sig_atomic_t how;
    char *path; /* of the request; NULL: none is looked for */
    struct rmv_ticker *ticker;
};

/* `watch` must stay where it is until it is closed. A request that an earlier run left is removed.
 * Errors: DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_kill_watch_open(const struct rmv_workspace *workspace, const char *name,
                                            const volatile sig_atomic_t *interrupted,
                                            struct rmv_kill_watch *watch);

/* Removes the request, which says that it was dealt with. */
void rmv_kill_watch_close(struct rmv_kill_watch *watch);

/* The path of a request, absolute; its folder is made. The caller frees it. */
RMV_MUST_CHECK
const struct rmv_error *rmv_kill_path_of(const struct rmv_workspace *workspace, const char *name,
                                         char **path);

RMV_MUST_CHECK
const struct rmv_error *rmv_kill_request(const char *path, bool at_once);
