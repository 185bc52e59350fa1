#include <pthread.h>

#include "dataset/restore_file.h"
#include "dataset/stat_entry.h"
#include "rmv/base/mem.h"

#define OPS_MAX 8192
#define CHUNK_OPS 32

static void note_written(struct rmv_restore *restore, const struct rmv_restore_op *op,
                         const struct stat *status)
{
    if (rmv_tree_is_file(op->entry.type))
        rmv_stat_index_set(restore->workspace->stat_index, op->path, status, &op->entry.id);

    pthread_mutex_lock(&restore->lock);
    if (op->replaces)
        restore->report.modified++;
    else
        restore->report.added++;
    const int64_t changed_ns = rmv_stat_entry_ns(&status->st_ctim);
    if (rmv_tree_is_file(op->entry.type) &&
        (!restore->has_newest || changed_ns > rmv_stat_entry_ns(&restore->newest.st_ctim))) {
        restore->newest = *status;
        restore->has_newest = true;
    }
    pthread_mutex_unlock(&restore->lock);
    rmv_progress_add(restore->options->progress, 1, op->entry.size);
}

static void run_op(struct rmv_restore_writer *writer, const struct rmv_restore_op *op)
{
    struct stat status = {0};
    const char *name;

    const struct rmv_error *err = rmv_restore_enter(writer, op->path, &name);
    if (!err && op->mode_only)
        err = rmv_restore_change_mode(writer, name, op->path, op->entry.type, &status);
    else if (!err && op->replaces)
        err = rmv_restore_write_over(writer, name, op, &status);
    else if (!err)
        err = rmv_restore_write_new(writer, name, op->path, &op->entry, &status);
    if (err)
        rmv_restore_fail(writer->restore, op->path, err);
    else
        note_written(writer->restore, op, &status);
}

static const struct rmv_error *run_chunk(void *context, size_t i)
{
    struct rmv_restore *restore = context;
    RMV_CLEANUP(rmv_restore_writer_free)
    struct rmv_restore_writer writer = {.restore = restore, .folder_fd = -1};
    const size_t end = (i + 1) * CHUNK_OPS;

    for (size_t at = i * CHUNK_OPS; at < end && at < restore->ops_count; at++)
        run_op(&writer, &restore->ops[at]);
    return NULL;
}

void rmv_restore_flush(struct rmv_restore *restore)
{
    const size_t chunks = (restore->ops_count + CHUNK_OPS - 1) / CHUNK_OPS;
    const struct rmv_error *err =
        chunks ? rmv_pool_run(restore->workspace->pool, chunks, run_chunk, restore) : NULL;
    if (err)
        rmv_restore_fail(restore, restore->target->output->path, err);
    for (size_t i = 0; i < restore->ops_count; i++)
        rmv_str_free(&restore->ops[i].path);
    restore->ops_count = 0;
}

void rmv_restore_queue(struct rmv_restore *restore, const struct rmv_restore_op *op)
{
    restore->ops =
        rmv_grow(restore->ops, restore->ops_count, &restore->ops_capacity, sizeof(*restore->ops));
    restore->ops[restore->ops_count++] = *op;
    if (restore->ops_count == OPS_MAX)
        rmv_restore_flush(restore);
}
