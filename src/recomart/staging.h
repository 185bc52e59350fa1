/* Replacing a folder as a whole: it is built beside its place and exchanged with what is there. */
#pragma once

#include "rmv/base/error.h"

struct rmv_staging {
    char *target, *path; /* the folder, and where it is built until then */
    int lock_fd;         /* of the folder above, locked so that nobody else replaces the same */
};

#define RMV_STAGING_EMPTY                                                                          \
    {                                                                                              \
        .lock_fd = -1                                                                              \
    }

/* Makes an empty folder beside `target`, after removing what a crash left of an earlier one.
 * Errors: LOCKED (another process is replacing it), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_staging_open(const char *target, struct rmv_staging *staging);

/* Makes the content durable and puts it in place; what was there is removed. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_staging_publish(struct rmv_staging *staging);

/* The same for one folder `name` of it alone, which may be missing: then it goes in the target too.
 * Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_staging_publish_part(struct rmv_staging *staging, const char *name);

/* Removes what was not published. */
void rmv_staging_close(struct rmv_staging *staging);
