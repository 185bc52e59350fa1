/* Advisory locks on files, held by an open file description (F_OFD_SETLK), so threads and
 * processes alike exclude each other and a crash releases them. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"

struct rmv_lock {
    int fd; /* -1 is the empty state */
};

#define RMV_LOCK_EMPTY                                                                             \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Locks the file at `path`, created if missing, shared or exclusive, waiting up to `timeout_ms`
 * (0: not at all; negative: for ever). Whoever holds it exclusively has written its process id and
 * host into the file, and the message names them. `path` must not be a symbolic link. Errors:
 * LOCKED, DENIED (something else than a file is there), NOT_FOUND (its folder does not exist), IO.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_lock_take(const char *path, bool exclusive, int timeout_ms,
                                      struct rmv_lock *lock);
void rmv_lock_release(struct rmv_lock *lock);

/* Does somebody hold the file at `path` exclusively now, whatever file that is? Takes nothing, so
 * that nobody who takes it meanwhile is turned away. */
bool rmv_lock_is_held(const char *path);
