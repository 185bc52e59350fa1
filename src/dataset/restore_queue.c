#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "dataset/links.h"
#include "dataset/restore_file.h"
#include "dataset/stat_entry.h"
#include "rmv/base/mem.h"

#define OPS_MAX 8192
#define CHUNK_OPS 32

void rmv_restore_note_newest(struct rmv_restore *restore, const struct stat *status)
{
    const int64_t changed_ns = rmv_stat_entry_ns(&status->st_ctim);
    if (restore->has_newest && changed_ns <= rmv_stat_entry_ns(&restore->newest.st_ctim))
        return;
    restore->newest = *status;
    restore->has_newest = true;
}

static void note_written(struct rmv_restore *restore, const struct rmv_restore_op *op,
                         const struct stat *status)
{
    if (rmv_tree_is_file(op->entry.type))
        rmv_stat_index_set(restore->workspace->stat_index, op->path, status, &op->entry.id);

    pthread_mutex_lock(&restore->lock);
    if (op->relinks)
        restore->report.relinked++;
    else if (op->replaces)
        restore->report.modified++;
    else
        restore->report.added++;
    if (rmv_tree_is_file(op->entry.type))
        rmv_restore_note_newest(restore, status);
    pthread_mutex_unlock(&restore->lock);
    rmv_progress_add(restore->options->progress, 1, op->entry.size);
}

static void note_unchanged(struct rmv_restore *restore)
{
    pthread_mutex_lock(&restore->lock);
    restore->report.unchanged++;
    pthread_mutex_unlock(&restore->lock);
}

/* Is it a file whose mode is nobody else's concern? */
static bool is_own(const struct rmv_restore_writer *writer, const char *name)
{
    struct stat status;
    return fstatat(writer->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode) && status.st_nlink == 1;
}

/* A link into a store that is gone, or an object that is, counts as nothing. */
static const struct rmv_error *write_new(struct rmv_restore_writer *writer, const char *name,
                                         const struct rmv_restore_op *op, struct stat *status)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    struct rmv_workspace *workspace = writer->restore->workspace;

    const struct rmv_error *err = rmv_restore_write_new(writer, name, op->path, &op->entry, status);
    if (!err || rmv_links_find(workspace, writer->folder_fd, name, &link) != RMV_LINK_STALE ||
        unlinkat(writer->folder_fd, name, 0) < 0)
        return err;
    return rmv_restore_write_new(writer, name, op->path, &op->entry, status);
}

static void run_op(struct rmv_restore_writer *writer, const struct rmv_restore_op *op)
{
    struct stat status = {0};
    const char *name;

    const struct rmv_error *err = rmv_restore_enter(writer, op->path, &name);
    if (!err && op->relinks &&
        rmv_links_is_right(writer->restore->workspace, writer->folder_fd, name, &op->entry)) {
        note_unchanged(writer->restore);
        return;
    }
    if (!err && op->mode_only && is_own(writer, name))
        err = rmv_restore_change_mode(writer, name, op->path, op->entry.type, &status);
    else if (!err && op->replaces)
        err = rmv_restore_write_over(writer, name, op, &status);
    else if (!err)
        err = write_new(writer, name, op, &status);
    if (err)
        rmv_restore_fail(writer->restore, op->path, err);
    else
        note_written(writer->restore, op, &status);
}

static size_t count_chunks(const struct rmv_restore *restore)
{
    return (restore->ops_count + CHUNK_OPS - 1) / CHUNK_OPS;
}

static const struct rmv_error *prepare_chunk(void *context, size_t i)
{
    struct rmv_restore *restore = context;
    const size_t end = (i + 1) * CHUNK_OPS;

    for (size_t at = i * CHUNK_OPS; at < end && at < restore->ops_count; at++)
        rmv_links_prepare(restore->workspace, restore->batch, &restore->ops[at].entry);
    return NULL;
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

/* Makes the objects that links are to lead to. Where that fails, files are copied. */
static void prepare_links(struct rmv_restore *restore)
{
    struct rmv_store *store = restore->workspace->store;
    const struct rmv_error *err = rmv_store_batch_open(store, &restore->batch);
    if (!err)
        err = rmv_pool_run(restore->workspace->pool, count_chunks(restore), prepare_chunk, restore);
    if (!err)
        err = rmv_store_batch_commit(restore->batch);
    if (err)
        rmv_log_write(restore->workspace->log, RMV_LOG_WARNING, "links cannot be made: %s",
                      err->message);
}

void rmv_restore_flush(struct rmv_restore *restore)
{
    const struct rmv_error *err = NULL;
    if (restore->ops_count > 0 && rmv_links_are_links(restore->workspace))
        prepare_links(restore);
    /* A few are not worth waking anybody. */
    if (count_chunks(restore) > 1)
        err = rmv_pool_run(restore->workspace->pool, count_chunks(restore), run_chunk, restore);
    else if (restore->ops_count > 0)
        err = run_chunk(restore, 0);
    rmv_store_batch_close(&restore->batch);
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
