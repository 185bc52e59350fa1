#include "rmv/dataset/stat_index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/stat_internal.h"
#include "rmv/base/fs.h"
#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define WRITE_STEP_BYTES ((size_t)1024 * 1024)
#define LOCK_WAIT_MS 1000

static void open_file(struct rmv_stat_index *index)
{
    rmv_stat_file_close(&index->file);
    rmv_stat_file_open(index->path, &index->file);
    free(index->asked_for);
    index->asked_for = rmv_calloc(index->file.count / 8 + 1, 1);
}

const struct rmv_error *rmv_stat_index_open(const char *path, struct rmv_stat_index **index)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    struct rmv_stat_index *opened = rmv_calloc(1, sizeof(*opened));

    opened->path = rmv_str_copy(path);
    open_file(opened);
    rmv_stat_clock_open(&opened->clock, folder);
    opened->pending.folder = opened->clock.folder;
    pthread_mutex_init(&opened->lock, NULL);
    *index = opened;
    return NULL;
}

void rmv_stat_index_close(struct rmv_stat_index **index)
{
    if (!*index)
        return;
    rmv_str_free(&(*index)->path);
    rmv_stat_file_close(&(*index)->file);
    free((*index)->asked_for);
    rmv_stat_clock_close(&(*index)->clock);
    pthread_mutex_destroy(&(*index)->lock);
    rmv_stat_pending_free(&(*index)->pending);
    rmv_map_free(&(*index)->seen);
    free(*index);
    *index = NULL;
}

/* ---- Finding ----------------------------------------------------------------------------------
 */

bool rmv_stat_index_find_pending(struct rmv_stat_index *index, const char *path,
                                 struct rmv_stat_entry *entry)
{
    pthread_mutex_lock(&index->lock);
    const struct rmv_stat_entry *found = rmv_stat_pending_find(&index->pending, path);
    if (found)
        *entry = *found;
    pthread_mutex_unlock(&index->lock);
    return found != NULL;
}

bool rmv_stat_index_trusts(const struct rmv_stat_index *index, const struct rmv_stat_entry *entry,
                           const struct stat *status)
{
    return rmv_stat_clock_is_past(&index->clock, entry->ctime_ns) &&
           rmv_stat_entry_matches(entry, status);
}

bool rmv_stat_index_trusts_file(struct rmv_stat_index *index, size_t at, const struct stat *status)
{
    __atomic_fetch_or(&index->asked_for[at / 8], (uint8_t)(1U << at % 8), __ATOMIC_RELAXED);
    return rmv_stat_entry_matches(&index->file.entries[at], status) &&
           rmv_stat_file_is_good(&index->file, at);
}

bool rmv_stat_index_find(struct rmv_stat_index *index, const char *path, const struct stat *status,
                         struct rmv_object_id *id)
{
    struct rmv_stat_entry learnt;
    const size_t size = strlen(path);

    if (rmv_stat_index_find_pending(index, path, &learnt)) {
        if (!rmv_stat_index_trusts(index, &learnt, status))
            return false;
        *id = learnt.id;
        return true;
    }
    const size_t at = rmv_stat_file_find_from(&index->file, 0, path, size);
    if (!rmv_stat_file_is_at(&index->file, at, path, size) ||
        !rmv_stat_index_trusts_file(index, at, status))
        return false;
    *id = index->file.entries[at].id;
    return true;
}

bool rmv_stat_index_settle(struct rmv_stat_index *index, const struct stat *status)
{
    return rmv_stat_clock_wait(&index->clock, status);
}

struct rmv_stat_moment rmv_stat_index_moment(const struct rmv_stat_index *index)
{
    return rmv_stat_clock_moment(&index->clock);
}

void rmv_stat_index_set(struct rmv_stat_index *index, const char *path, const struct stat *status,
                        const struct rmv_object_id *id)
{
    struct rmv_stat_entry entry;
    rmv_stat_entry_fill(&entry, path, status, id);
    pthread_mutex_lock(&index->lock);
    rmv_stat_pending_add(&index->pending, path, &entry);
    pthread_mutex_unlock(&index->lock);
}

bool rmv_stat_index_has_learnt(struct rmv_stat_index *index)
{
    pthread_mutex_lock(&index->lock);
    const bool has_learnt = index->pending.count > 0;
    pthread_mutex_unlock(&index->lock);
    return has_learnt;
}

void rmv_stat_index_take(struct rmv_stat_index *index, struct rmv_stat_pending *learnt)
{
    pthread_mutex_lock(&index->lock);
    for (size_t i = 0; i < learnt->count; i++)
        rmv_stat_pending_add(&index->pending, learnt->names.data + learnt->entries[i].path_offset,
                             &learnt->entries[i]);
    pthread_mutex_unlock(&index->lock);
    learnt->count = 0;
    learnt->names.size = 0;
}

void rmv_stat_index_seen_all(struct rmv_stat_index *index, const char *path)
{
    pthread_mutex_lock(&index->lock);
    rmv_map_set(&index->seen, path, index);
    pthread_mutex_unlock(&index->lock);
}

/* ---- Writing ----------------------------------------------------------------------------------
 */

/* Walks through the file's entries and the pending ones in one order, leaving out what is stale. */
struct merge {
    struct rmv_stat_index *index;
    const struct rmv_stat_file *file;
    bool is_replaced; /* `file` is not the one that questions were answered from */
    size_t old_at, new_at;
};

/* Is `path`, or a folder it is in, one below which everything was looked at? */
static bool was_looked_at(const struct rmv_stat_index *index, const char *path, size_t size)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy_n(path, size);
    for (char *slash = text + size; slash; slash = strrchr(text, '/')) {
        *slash = '\0';
        if (rmv_map_find(&index->seen, text))
            return true;
    }
    return rmv_map_find(&index->seen, ".") != NULL;
}

static bool is_stale(const struct merge *merge, size_t at)
{
    if (!rmv_stat_file_is_good(merge->file, at))
        return true;
    if (merge->is_replaced || (merge->index->asked_for[at / 8] & 1U << at % 8))
        return false;
    return was_looked_at(merge->index, rmv_stat_file_path(merge->file, at),
                         merge->file->entries[at].path_size);
}

static const struct rmv_stat_entry *take_new(struct merge *merge, const char **path)
{
    const struct rmv_stat_pending *pending = &merge->index->pending;
    const struct rmv_stat_entry *entry = &pending->entries[merge->new_at++];
    *path = pending->names.data + entry->path_offset;
    return entry;
}

/* Skips what is not worth keeping: stale entries of the file, and pending ones not settled. */
static void skip_stale(struct merge *merge)
{
    const struct rmv_stat_pending *pending = &merge->index->pending;
    while (merge->old_at < merge->file->count && is_stale(merge, merge->old_at))
        merge->old_at++;
    while (merge->new_at < pending->count &&
           !rmv_stat_clock_is_past(&merge->index->clock, pending->entries[merge->new_at].ctime_ns))
        merge->new_at++;
}

/* The next entry and its path, which is not NUL-terminated; NULL at the end. */
static const struct rmv_stat_entry *merge_next(struct merge *merge, const char **path)
{
    const struct rmv_stat_pending *pending = &merge->index->pending;

    skip_stale(merge);
    if (merge->old_at == merge->file->count)
        return merge->new_at < pending->count ? take_new(merge, path) : NULL;

    const struct rmv_stat_entry *old = &merge->file->entries[merge->old_at];
    const char *old_path = rmv_stat_file_path(merge->file, merge->old_at);
    int order = -1;
    if (merge->new_at < pending->count) {
        const struct rmv_stat_entry *new = &pending->entries[merge->new_at];
        order = rmv_stat_file_compare(old_path, old->path_size,
                                      pending->names.data + new->path_offset, new->path_size);
    }
    merge->old_at += order <= 0;
    if (order >= 0)
        return take_new(merge, path);
    *path = old_path;
    return old;
}

static const struct rmv_error *flush(int fd, const char *path, struct rmv_buf *out, size_t limit)
{
    if (out->size < limit)
        return NULL;
    const struct rmv_error *err = rmv_fd_write(fd, path, out->data, out->size);
    out->size = 0;
    return err;
}

/* Writes the entries or the names, and counts both. */
static const struct rmv_error *write_part(struct merge merge, int fd, bool names,
                                          struct rmv_stat_file_header *header)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const struct rmv_error *err = NULL;
    const char *path;
    uint64_t count = 0;
    uint64_t names_size = 0;

    for (const struct rmv_stat_entry *entry; !err && (entry = merge_next(&merge, &path)); count++) {
        struct rmv_stat_entry placed = *entry;
        placed.path_offset = names_size;
        names_size += entry->path_size;
        if (names)
            rmv_buf_append(&out, path, entry->path_size);
        else
            rmv_buf_append(&out, &placed, sizeof(placed));
        err = flush(fd, merge.index->path, &out, WRITE_STEP_BYTES);
    }
    rmv_stat_file_fill_header(header, count, names_size);
    return err ? err : flush(fd, merge.index->path, &out, 0);
}

/* No fsync: after a power cut the checksums tell what is good. */
static const struct rmv_error *write_file(const struct merge *merge, const char *temporary)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", temporary);

    struct rmv_stat_file_header header = {0};
    const struct rmv_error *err = rmv_fd_write(fd, temporary, &header, sizeof(header));
    if (!err)
        err = write_part(*merge, fd, false, &header);
    if (!err)
        err = write_part(*merge, fd, true, &header);
    if (!err && pwrite(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
        err = rmv_error_errno("cannot write '%s'", temporary);
    if (!err && rename(temporary, merge->index->path) < 0)
        err = rmv_error_errno("cannot replace '%s'", merge->index->path);
    return err;
}

const struct rmv_error *rmv_stat_index_write(struct rmv_stat_index *index)
{
    if (index->pending.count == 0)
        return NULL;

    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_str_format("%s.new", index->path);
    RMV_CLEANUP(rmv_str_free) char *lock_path = rmv_str_format("%s.lock", index->path);
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    const struct rmv_error *err = rmv_lock_take(lock_path, true, LOCK_WAIT_MS, &lock);
    if (err)
        return rmv_error_context(err, "stat index");

    /* Another process may have replaced the file since: what it learnt is kept. */
    RMV_CLEANUP(rmv_stat_file_close) struct rmv_stat_file latest = {0};
    rmv_stat_file_open(index->path, &latest);
    const bool is_replaced =
        latest.device != index->file.device || latest.inode != index->file.inode;

    rmv_stat_pending_sort(&index->pending);
    const struct merge merge = {.index = index, .file = &latest, .is_replaced = is_replaced};
    err = write_file(&merge, temporary);
    if (err)
        unlink(temporary);
    rmv_stat_pending_free(&index->pending);
    open_file(index);
    return err;
}
