/* Replacing many files at the cost of a few syncs. Each one is replaced atomically and durably, as
 * by rmv_fs_write_atomic_at(): all contents are made durable before the first file gets its name,
 * and all names before the call returns. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "rmv/base/error.h"

struct rmv_replacement {
    char *path;      /* relative to the root */
    char *temporary; /* what will replace it; NULL once it has */
    dev_t device;
};

/* All-zero but for the descriptor is the empty state. */
struct rmv_replacements {
    int root_fd;     /* borrowed: the folder that nothing leaves */
    const char *via; /* borrowed: the folder for temporary files, relative to root_fd, which nobody
                        clears meanwhile; NULL, or one that is not there or on another disk: beside
                        what is replaced */
    struct rmv_replacement *items;
    size_t count, capacity;
};

/* Removes what was prepared and has not replaced anything. */
void rmv_replacements_free(struct rmv_replacements *replacements);

/* Writes what is to stand at `path` into a temporary file. The mode of an existing file is kept; a
 * new one has 0666 and the umask. Errors: NOT_FOUND (the folder), DENIED (a link is in the way),
 * IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_replacements_add(struct rmv_replacements *replacements,
                                             const char *path, const void *bytes, size_t size);

/* Replaces them, in the order in which they were added. Errors: IO; the first ones may have been
 * replaced then. */
RMV_MUST_CHECK
const struct rmv_error *rmv_replacements_finish(struct rmv_replacements *replacements);
