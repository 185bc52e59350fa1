/* Bytes on their way into a file, from its start on: while one buffer is filled, a thread writes
 * the other, past the page cache where the filesystem goes along (2 GiB through a cold one cost
 * seconds of processor time). A file that ends before the first buffer is full goes through it: it
 * may soon be read again.
 *
 * Not thread-safe. After an error all that helps is rmv_staging_drop() or rmv_staging_free(). */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"

/* Of one buffer. Shorter writes cost speed, with one in flight at a time. */
#define RMV_STAGING_SIZE ((size_t)8 << 20)

struct rmv_staging {
    size_t size; /* of a buffer */
    char *buffers[2];
    size_t current;  /* the buffer that is being filled */
    size_t used;     /* bytes in it */
    uint64_t offset; /* where it goes */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t has_changed;
    bool is_closing;
    bool is_writing; /* the buffer that is not the current one, to the bytes before `offset` */
    struct rmv_vfs_file file;
    struct rmv_error *failure;
};

/* `size` is a multiple of RMV_VFS_DIRECT_ALIGNMENT. */
void rmv_staging_init(struct rmv_staging *staging, size_t size);
void rmv_staging_free(struct rmv_staging *staging);

/* Takes bytes as far as they fit and returns how many that were. */
size_t rmv_staging_add(struct rmv_staging *staging, const void *bytes, size_t size);
bool rmv_staging_is_full(const struct rmv_staging *staging);

/* Has the full buffer written to `file`, whose owner keeps it open until it is finished or dropped,
 * and goes on with the other as soon as that is written. On return the file has its first
 * `*written` bytes. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_staging_flush(struct rmv_staging *staging,
                                          const struct rmv_vfs_file *file, uint64_t *written);

/* Writes what is left; the next bytes are the first of another file. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_staging_finish(struct rmv_staging *staging,
                                           const struct rmv_vfs_file *file);

/* Forgets what was not written; the next bytes are the first of another file. */
void rmv_staging_drop(struct rmv_staging *staging);
