/* Storing files as loose objects, and turning them into links afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataset/links_internal.h"
#include "dataset/restore_file.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* ---- Storing ---------------------------------------------------------------------------------
 */

static void add_job(struct rmv_links *links, const struct rmv_links_source *source,
                    const struct rmv_object_id *id)
{
    pthread_mutex_lock(&links->lock);
    links->jobs =
        rmv_grow(links->jobs, links->jobs_count, &links->jobs_capacity, sizeof(*links->jobs));
    links->jobs[links->jobs_count++] = (struct rmv_links_job){
        .path = rmv_str_copy(source->path),
        .id = *id,
        .is_executable = source->status->st_mode & S_IXUSR,
        .status = *source->status,
    };
    pthread_mutex_unlock(&links->lock);
}

bool rmv_links_want(struct rmv_workspace *workspace, uint64_t size)
{
    return size >= RMV_STORE_CLONE_MIN || (size > 0 && rmv_links_are_links(workspace));
}

const struct rmv_error *rmv_links_put(struct rmv_workspace *workspace,
                                      struct rmv_store_batch *batch,
                                      const struct rmv_links_source *source,
                                      struct rmv_store_file *file, bool *is_stored)
{
    const struct rmv_store_source from = {
        .fd = source->fd,
        .path = source->path,
        .progress = source->progress,
        .is_shared = source->is_shared,
    };
    *is_stored = false;
    if (!rmv_links_want(workspace, (uint64_t)source->status->st_size))
        return NULL;
    if (!rmv_links_are_links(workspace))
        return rmv_links_type(workspace) == RMV_LINK_REFLINK
                   ? rmv_store_batch_clone_file(batch, &from, file, is_stored)
                   : NULL;
    const struct rmv_error *err =
        rmv_store_batch_link_file(batch, &from, source->status->st_mode & S_IXUSR, file);
    if (err)
        return err;
    add_job(rmv_links_of(workspace), source, &file->id);
    *is_stored = true;
    return NULL;
}

/* ---- Placing ---------------------------------------------------------------------------------
 */

/* Links and chmods of ours change ctime, the user's writing changes mtime. */
static bool is_unchanged(const struct stat *now, const struct stat *then)
{
    return now->st_dev == then->st_dev && now->st_ino == then->st_ino &&
           now->st_size == then->st_size && now->st_mtim.tv_sec == then->st_mtim.tv_sec &&
           now->st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

/* The file was read through a link to an object that has been written to. */
static bool is_link_to(struct rmv_workspace *workspace, int folder_fd, const char *name,
                       const struct stat *then)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    return rmv_links_find(workspace, folder_fd, name, &link) == RMV_LINK_LIVE &&
           is_unchanged(&link.status, then);
}

static const struct rmv_error *replace(struct rmv_workspace *workspace, int folder_fd,
                                       const char *name, const struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_restore_temporary_name();
    bool is_made = false;
    const struct rmv_error *err = rmv_links_make(workspace, folder_fd, temporary, entry, &is_made);
    if (err || !is_made)
        return err;
    if (renameat(folder_fd, temporary, folder_fd, name) < 0)
        err = rmv_error_errno("cannot replace '%s'", name);
    /* Renaming does nothing where both are names of one file. */
    unlinkat(folder_fd, temporary, 0);
    return err;
}

static const struct rmv_error *place(struct rmv_workspace *workspace,
                                     const struct rmv_links_job *job, struct stat *status)
{
    const struct rmv_tree_entry entry = {
        .type = job->is_executable ? 'x' : 'f',
        .size = (uint64_t)job->status.st_size,
        .id = job->id,
    };
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;

    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, job->path, false, &folder_fd, &name);
    if (err)
        return err;
    if (fstatat(folder_fd, name, status, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", job->path);
    const bool is_same = S_ISLNK(status->st_mode)
                             ? is_link_to(workspace, folder_fd, name, &job->status)
                             : is_unchanged(status, &job->status);
    if (!is_same)
        return rmv_error(RMV_ERR_CONFLICT, "'%s' changed meanwhile", job->path);
    if (!rmv_links_is_right(workspace, folder_fd, name, &entry))
        err = replace(workspace, folder_fd, name, &entry);
    if (!err)
        err = rmv_links_stat(workspace, folder_fd, name, &entry, status);
    if (!err)
        rmv_stat_index_set(workspace->stat_index, job->path, status, &job->id);
    return err;
}

struct placing {
    struct rmv_workspace *workspace;
    struct rmv_links_job *jobs;
    size_t count;
    pthread_mutex_t lock; /* for what follows */
    struct stat newest;
    bool has_newest;
};

#define CHUNK_JOBS 64

static void place_job(struct placing *placing, const struct rmv_links_job *job)
{
    struct stat status;
    const struct rmv_error *err = place(placing->workspace, job, &status);
    if (err) {
        rmv_log_write(placing->workspace->log, RMV_LOG_DEBUG, "not made a link: %s", err->message);
        return;
    }
    pthread_mutex_lock(&placing->lock);
    const struct timespec *latest = &placing->newest.st_ctim;
    if (!placing->has_newest || status.st_ctim.tv_sec > latest->tv_sec ||
        (status.st_ctim.tv_sec == latest->tv_sec && status.st_ctim.tv_nsec > latest->tv_nsec))
        placing->newest = status;
    placing->has_newest = true;
    pthread_mutex_unlock(&placing->lock);
}

static const struct rmv_error *place_chunk(void *context, size_t i)
{
    struct placing *placing = context;
    for (size_t at = i * CHUNK_JOBS; at < (i + 1) * CHUNK_JOBS && at < placing->count; at++)
        place_job(placing, &placing->jobs[at]);
    return NULL;
}

static void take_jobs(struct rmv_links *links, struct placing *placing)
{
    pthread_mutex_lock(&links->lock);
    placing->jobs = links->jobs;
    placing->count = links->jobs_count;
    links->jobs = NULL;
    links->jobs_count = links->jobs_capacity = 0;
    pthread_mutex_unlock(&links->lock);
}

void rmv_links_place(struct rmv_workspace *workspace)
{
    struct placing placing = {.workspace = workspace};
    take_jobs(rmv_links_of(workspace), &placing);
    if (placing.count == 0)
        return;
    pthread_mutex_init(&placing.lock, NULL);
    const struct rmv_error *err = rmv_pool_run(
        workspace->pool, (placing.count + CHUNK_JOBS - 1) / CHUNK_JOBS, place_chunk, &placing);
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_DEBUG, "%s", err->message);
    if (placing.has_newest)
        rmv_stat_index_settle(workspace->stat_index, &placing.newest);
    for (size_t i = 0; i < placing.count; i++)
        rmv_str_free(&placing.jobs[i].path);
    free(placing.jobs);
    pthread_mutex_destroy(&placing.lock);
}
