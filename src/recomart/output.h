/* Files written piece by piece that appear under their name only when they are complete. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

struct rmv_output {
    char *path;
    char *temporary; /* NULL when nothing is open */
    int fd;
    bool is_lazy;           /* set it after opening: the caller makes many files durable at once */
    struct rmv_buf pending; /* append here, and call rmv_output_flush() now and then */
};

#define RMV_OUTPUT_EMPTY                                                                           \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Starts a file, whose folders are created. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_output_open(const char *path, struct rmv_output *output);

/* Writes what is pending if there is much of it. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_output_flush(struct rmv_output *output);

/* Copies a whole file into it. Errors: NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_output_copy(struct rmv_output *output, const char *path);

/* Puts the file in its place, replacing what was there, so that it survives a power cut. Errors:
 * IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_output_finish(struct rmv_output *output);

/* Drops what was not finished. */
void rmv_output_close(struct rmv_output *output);
