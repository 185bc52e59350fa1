#include "store/staging.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/thread.h"

#define SMALL_SIZE_MAX ((size_t)256 << 10) /* many packs have no more */

void rmv_staging_init(struct rmv_staging *staging, size_t size)
{
    assert(size > 0 && size % RMV_VFS_DIRECT_ALIGNMENT == 0);
    *staging = (struct rmv_staging){.size = size, .file = RMV_VFS_FILE_EMPTY};
    pthread_mutex_init(&staging->lock, NULL);
    pthread_cond_init(&staging->has_changed, NULL);
}

void rmv_staging_free(struct rmv_staging *staging)
{
    rmv_staging_drop(staging);
    if (staging->has_thread) {
        pthread_mutex_lock(&staging->lock);
        staging->is_closing = true;
        pthread_cond_signal(&staging->has_changed);
        pthread_mutex_unlock(&staging->lock);
        pthread_join(staging->thread, NULL);
    }
    free(staging->buffers[0]);
    free(staging->buffers[1]);
    pthread_cond_destroy(&staging->has_changed);
    pthread_mutex_destroy(&staging->lock);
}

/* ---- The thread ------------------------------------------------------------------------------ */

/* Writes the buffer that was handed over. Called with the lock, which is given up meanwhile. */
static void write_other(struct rmv_staging *staging)
{
    const char *bytes = staging->buffers[1 - staging->current];
    const uint64_t offset = staging->offset - staging->size;
    pthread_mutex_unlock(&staging->lock);
    struct rmv_error *failed =
        rmv_error_take(rmv_vfs_write_direct(&staging->file, offset, bytes, staging->size));
    pthread_mutex_lock(&staging->lock);
    staging->failure = failed;
    staging->is_writing = false;
    pthread_cond_signal(&staging->has_changed);
}

static void *write_until_closed(void *argument)
{
    struct rmv_staging *staging = argument;
    pthread_mutex_lock(&staging->lock);
    while (!staging->is_closing) {
        if (staging->is_writing)
            write_other(staging);
        else
            pthread_cond_wait(&staging->has_changed, &staging->lock);
    }
    pthread_mutex_unlock(&staging->lock);
    return NULL;
}

/* ---- The owner ------------------------------------------------------------------------------- */

size_t rmv_staging_add(struct rmv_staging *staging, const void *bytes, size_t size)
{
    char **buffer = &staging->buffers[staging->current];
    if (!*buffer)
        *buffer = rmv_large_alloc(RMV_VFS_DIRECT_ALIGNMENT, staging->size);
    const size_t room = staging->size - staging->used;
    const size_t taken = size < room ? size : room;
    if (staging->used <= SMALL_SIZE_MAX && staging->used + taken > SMALL_SIZE_MAX)
        rmv_large_use(*buffer, staging->size);
    memcpy(*buffer + staging->used, bytes, taken);
    staging->used += taken;
    return taken;
}

bool rmv_staging_is_full(const struct rmv_staging *staging)
{
    return staging->used == staging->size;
}

/* Returns when nothing is being written, and what came of it. */
static const struct rmv_error *wait_for_thread(struct rmv_staging *staging)
{
    pthread_mutex_lock(&staging->lock);
    while (staging->is_writing)
        pthread_cond_wait(&staging->has_changed, &staging->lock);
    struct rmv_error *failure = staging->failure;
    staging->failure = NULL;
    pthread_mutex_unlock(&staging->lock);
    return rmv_error_raise(&failure);
}

const struct rmv_error *rmv_staging_flush(struct rmv_staging *staging,
                                          const struct rmv_vfs_file *file, uint64_t *written)
{
    assert(rmv_staging_is_full(staging));
    const struct rmv_error *err = wait_for_thread(staging);
    if (err)
        return err;
    *written = staging->offset;
    if (!staging->has_thread)
        staging->has_thread = rmv_thread_start(&staging->thread, write_until_closed, staging);

    pthread_mutex_lock(&staging->lock);
    staging->file = *file;
    staging->current = 1 - staging->current;
    staging->used = 0;
    staging->offset += staging->size;
    staging->is_writing = true;
    if (staging->has_thread)
        pthread_cond_signal(&staging->has_changed);
    else
        write_other(staging);
    pthread_mutex_unlock(&staging->lock);
    return NULL;
}

const struct rmv_error *rmv_staging_finish(struct rmv_staging *staging,
                                           const struct rmv_vfs_file *file)
{
    const char *bytes = staging->buffers[staging->current];
    const struct rmv_error *err = wait_for_thread(staging);
    if (err || staging->used == 0) {
        staging->offset = 0;
        return err;
    }
    err = staging->offset == 0 ? rmv_vfs_write(file, 0, bytes, staging->used)
                               : rmv_vfs_write_direct(file, staging->offset, bytes, staging->used);
    staging->used = 0;
    staging->offset = 0;
    return err;
}

void rmv_staging_drop(struct rmv_staging *staging)
{
    pthread_mutex_lock(&staging->lock);
    while (staging->is_writing)
        pthread_cond_wait(&staging->has_changed, &staging->lock);
    rmv_error_free(&staging->failure);
    pthread_mutex_unlock(&staging->lock);
    staging->used = 0;
    staging->offset = 0;
}
