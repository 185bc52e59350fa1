/* Small text files of a store, which are read and replaced as a whole. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/vfs.h"

/* Appends the bytes of the file to `text`, without waiting should it be a pipe. Errors: NOT_FOUND,
 * LIMIT (it has more than `max_bytes`), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_text_file_read(const struct rmv_vfs *vfs, const char *path,
                                           uint64_t max_bytes, struct rmv_buf *text);

/* Replaces the file, which is in the store's `root` or below; durable if `sync`. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_text_file_write(const struct rmv_vfs *vfs, const char *root,
                                            const char *path, const struct rmv_buf *text,
                                            bool sync);
