/* A filesystem that goes wrong at the n-th call that changes something: the process dies, or the
 * call fails. A write is done by half before. Everything else goes to the real one. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "rmv/base/vfs.h"

struct faulty_vfs {
    struct rmv_vfs vfs; /* for rmv_store_options */
    const struct rmv_vfs *real;
    atomic_int calls;    /* so far */
    atomic_int fails_at; /* 0: never */
    bool dies;           /* with status 9, instead of failing once with ENOSPC */
    bool at_rename;      /* go wrong at the first rename instead */
};

void faulty_vfs_init(struct faulty_vfs *faulty, int fails_at, bool dies);
