#include "dataset/content.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/links.h"
#include "dataset/stat_internal.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/sha256.h"

#define READ_STEP_BYTES ((size_t)256 * 1024)
#define WHOLE_MAX ((uint64_t)256 * 1024) /* files up to here are read at once */
#define ATTEMPTS_MAX 2
#define HELD_BYTES ((size_t)64 * 1024) /* with so much at hand, it is put; half of a cache */

void rmv_content_reader_tell(struct rmv_content_reader *reader)
{
    if (reader->learnt.count > 0)
        rmv_stat_index_take(reader->workspace->stat_index, &reader->learnt);
}

void rmv_content_reader_free(struct rmv_content_reader *reader)
{
    rmv_content_reader_tell(reader);
    rmv_stat_pending_free(&reader->learnt);
    rmv_buf_free(&reader->buf);
    rmv_buf_free(&reader->held_bytes);
    rmv_buf_free(&reader->held_paths);
}

char rmv_content_type(mode_t mode)
{
    if (S_ISREG(mode))
        return mode & S_IXUSR ? 'x' : 'f';
    if (S_ISLNK(mode))
        return 'l';
    return S_ISDIR(mode) ? 'd' : 0;
}

/* O_NONBLOCK: a FIFO that has taken the file's place must not make us wait. A single name needs no
 * more than O_NOFOLLOW to stay in its folder. */
static const struct rmv_error *open_source(const struct rmv_content_reader *reader,
                                           const struct rmv_content_source *source, int *fd)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    assert(!strchr(source->name, '/'));
    *fd = openat(source->folder_fd, source->name, source->follow_link ? flags : flags | O_NOFOLLOW);
    if (*fd >= 0)
        return NULL;
    const int number = errno;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(source->path);
    if (number == ELOOP && rmv_links_open(reader->workspace, source->folder_fd, source->name, fd))
        return NULL;
    if (number == ELOOP && !source->follow_link)
        return rmv_error(RMV_ERR_CONFLICT, "'%s' became a link while it was looked at", quoted);
    errno = number;
    return rmv_error_errno("cannot open '%s'", quoted);
}

/* Reads a file of `size` bytes into the buffer. One byte more is asked for: a file that has grown
 * shows, and one that has not needs no second read to find its end. */
static const struct rmv_error *read_whole(struct rmv_content_reader *reader, int fd,
                                          const char *path, size_t size)
{
    reader->buf.size = 0;
    char *room = rmv_buf_reserve(&reader->buf, size + 1);
    for (;;) {
        const ssize_t n = read(fd, room + reader->buf.size, size + 1 - reader->buf.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", path);
        reader->buf.size += (size_t)n;
        if (n == 0 || reader->buf.size >= size)
            return NULL;
    }
}

static const struct rmv_error *take_whole(struct rmv_content_reader *reader, int fd,
                                          const char *path, size_t size,
                                          struct rmv_tree_entry *entry)
{
    const struct rmv_error *err = read_whole(reader, fd, path, size);
    if (err)
        return err;
    entry->size = reader->buf.size;
    rmv_progress_add(reader->progress, 0, entry->size);
    if (reader->batch)
        return rmv_store_batch_put(reader->batch, reader->buf.data, reader->buf.size, &entry->id);
    entry->id = rmv_object_id_of(reader->buf.data, reader->buf.size);
    return NULL;
}

static const struct rmv_error *hash_file(struct rmv_content_reader *reader, int fd,
                                         const char *path, struct rmv_tree_entry *entry)
{
    struct rmv_sha256_state state;
    rmv_sha256_start(&state);
    char *room = rmv_buf_reserve(&reader->buf, READ_STEP_BYTES);
    for (;;) {
        const ssize_t n = read(fd, room, READ_STEP_BYTES);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return rmv_error_errno("cannot read '%s'", path);
        if (n > 0) {
            rmv_sha256_update(&state, room, (size_t)n);
            rmv_progress_add(reader->progress, 0, (uint64_t)n);
        }
    }
    entry->size = state.size;
    rmv_sha256_finish(&state, entry->id.sha256);
    return NULL;
}

static const struct rmv_error *put_file(struct rmv_content_reader *reader, int fd, const char *path,
                                        struct rmv_tree_entry *entry)
{
    struct rmv_object_id base;
    const bool has_base = reader->earlier && rmv_earlier_find(reader->earlier, path, &base);
    const struct rmv_store_source source = {
        .fd = fd,
        .path = path,
        .base = has_base ? &base : NULL,
        .progress = reader->progress,
    };
    struct rmv_store_file file;
    const struct rmv_error *err = rmv_store_batch_put_file(reader->batch, &source, &file);
    if (err)
        return err;
    entry->id = file.id;
    entry->size = file.size;
    return NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* One reading of a file. */
struct attempt {
    struct stat before, after;
    bool is_left;    /* it is larger than it may be, and was not read */
    bool is_settled; /* before it was read */
    bool is_changed; /* the result is worth nothing */
    bool is_loose;   /* it was stored as a loose object */
};

/* Stores the file as a loose object, if files are to be links or to share blocks. */
static const struct rmv_error *put_loose(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source, int fd,
                                         struct attempt *attempt, struct rmv_tree_entry *entry)
{
    struct stat named;
    const struct rmv_links_source from = {
        .fd = fd,
        .path = source->path,
        .status = &attempt->before,
        .is_shared = fstatat(source->folder_fd, source->name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
                     named.st_ino != attempt->before.st_ino,
        .progress = reader->progress,
    };
    struct rmv_store_file file;
    const struct rmv_error *err =
        rmv_links_put(reader->workspace, reader->batch, &from, &file, &attempt->is_loose);
    if (err || !attempt->is_loose)
        return err;
    entry->id = file.id;
    entry->size = file.size;
    return NULL;
}

static const struct rmv_error *take_content(struct rmv_content_reader *reader, int fd,
                                            const char *path, size_t size,
                                            struct rmv_tree_entry *entry)
{
    if (size <= WHOLE_MAX)
        return take_whole(reader, fd, path, size, entry);
    return reader->batch ? put_file(reader, fd, path, entry) : hash_file(reader, fd, path, entry);
}

static const struct rmv_error *read_open(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source, int fd,
                                         struct attempt *attempt, struct rmv_tree_entry *entry)
{
    const char *path = source->path;
    const uint64_t size = (uint64_t)attempt->before.st_size;
    const struct rmv_error *err = NULL;

    attempt->is_settled = rmv_stat_index_settle(reader->workspace->stat_index, &attempt->before);
    if (reader->batch && !reader->keeps_files && rmv_links_want(reader->workspace, size))
        err = put_loose(reader, source, fd, attempt, entry);
    if (!err && !attempt->is_loose)
        err = take_content(reader, fd, path, (size_t)size, entry);
    if (err)
        return err;
    if (fstat(fd, &attempt->after) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    entry->type = rmv_content_type(attempt->after.st_mode);
    /* A second name for it in the store has changed its ctime. */
    if (attempt->is_loose)
        attempt->before.st_ctim = attempt->after.st_ctim;
    attempt->is_changed = !is_same(&attempt->before, &attempt->after) || entry->size != size;
    return NULL;
}

static const struct rmv_error *read_once(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source, uint64_t size_max,
                                         struct attempt *attempt, struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;

    const struct rmv_error *err = open_source(reader, source, &fd);
    if (err)
        return err;
    if (fstat(fd, &attempt->before) < 0)
        return rmv_error_errno("cannot stat '%s'", source->path);
    if (!S_ISREG(attempt->before.st_mode))
        return rmv_error(RMV_ERR_CONFLICT, "'%s' stopped being a file while it was looked at",
                         source->path);
    entry->size = (uint64_t)attempt->before.st_size;
    attempt->is_left = entry->size > size_max;
    return attempt->is_left ? NULL : read_open(reader, source, fd, attempt, entry);
}

static void learn(struct rmv_content_reader *reader, const char *path, const struct stat *status,
                  const struct rmv_object_id *id)
{
    struct rmv_stat_entry entry;
    rmv_stat_entry_fill(&entry, path, status, id);
    rmv_stat_pending_add(&reader->learnt, path, &entry);
}

static const struct rmv_error *read_up_to(struct rmv_content_reader *reader,
                                          const struct rmv_content_source *source,
                                          uint64_t size_max, struct rmv_tree_entry *entry,
                                          bool *is_left)
{
    struct attempt attempt = {.is_changed = true};
    for (int i = 0; attempt.is_changed && i < ATTEMPTS_MAX; i++) {
        const struct rmv_error *err = read_once(reader, source, size_max, &attempt, entry);
        *is_left = attempt.is_left;
        if (err || attempt.is_left)
            return err;
    }
    if (attempt.is_changed) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(source->path);
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "'%s' changed while it was read, twice", quoted),
            "run the command again when nothing writes there any more");
    }
    if (attempt.is_settled)
        learn(reader, source->path, &attempt.after, &entry->id);
    entry->nfiles = 1;
    rmv_progress_add(reader->progress, 1, 0);
    return NULL;
}

const struct rmv_error *rmv_content_read(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source,
                                         struct rmv_tree_entry *entry)
{
    bool is_left;
    return read_up_to(reader, source, UINT64_MAX, entry, &is_left);
}

const struct rmv_error *rmv_content_read_small(struct rmv_content_reader *reader,
                                               const struct rmv_content_source *source,
                                               struct rmv_tree_entry *entry, bool *is_small)
{
    bool is_left = false;
    const struct rmv_error *err =
        read_up_to(reader, source, RMV_CONTENT_SMALL_MAX, entry, &is_left);
    *is_small = !is_left;
    return err;
}

/* ---- Groups of small files --------------------------------------------------------------------
 */

/* Is what was read all of a file that nobody wrote to meanwhile, and is it to be stored in packs?
 * If it was changed last before a moment that lies before the reading, that is so. */
static bool is_plain(struct rmv_content_reader *reader, const struct rmv_stat_moment *before,
                     const struct stat *status, ssize_t size)
{
    return S_ISREG(status->st_mode) && status->st_size == size &&
           size <= (ssize_t)RMV_CONTENT_SMALL_MAX && rmv_stat_moment_is_past(before, status) &&
           (!reader->batch || reader->keeps_files ||
            !rmv_links_want(reader->workspace, (uint64_t)size));
}

const struct rmv_error *rmv_content_hold(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source, void *place,
                                         bool *is_held)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_content_held *held = &reader->held[reader->held_count];
    struct rmv_buf *bytes = &reader->held_bytes;
    const struct rmv_stat_moment before = rmv_stat_index_moment(reader->workspace->stat_index);

    char *room = rmv_buf_reserve(bytes, RMV_CONTENT_SMALL_MAX + 1);
    const struct rmv_error *err = open_source(reader, source, &fd);
    if (err)
        return err;
    const ssize_t n = read(fd, room, RMV_CONTENT_SMALL_MAX + 1);
    *is_held =
        n >= 0 && fstat(fd, &held->status) == 0 && is_plain(reader, &before, &held->status, n);
    if (!*is_held)
        return rmv_content_put_held(reader);
    held->offset = bytes->size;
    held->size = (size_t)n;
    held->path_offset = reader->held_paths.size;
    held->place = place;
    bytes->size += held->size;
    rmv_buf_append(&reader->held_paths, source->path, strlen(source->path) + 1);
    reader->held_count++;
    if (reader->held_count < RMV_STORE_GROUP_MAX && bytes->size < HELD_BYTES)
        return NULL;
    return rmv_content_put_held(reader);
}

/* Sets the ids of all that is held, and stores it where that is asked for. */
static const struct rmv_error *put_held(const struct rmv_content_reader *reader,
                                        struct rmv_object_bytes *objects)
{
    for (size_t i = 0; i < reader->held_count; i++) {
        const struct rmv_content_held *held = &reader->held[i];
        objects[i] = (struct rmv_object_bytes){
            .bytes = reader->held_bytes.data + held->offset,
            .size = held->size,
        };
    }
    if (reader->batch)
        return rmv_store_batch_put_small(reader->batch, objects, reader->held_count);
    rmv_object_ids_of(objects, reader->held_count);
    return NULL;
}

static void tell_held(struct rmv_content_reader *reader, const struct rmv_object_bytes *objects)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < reader->held_count; i++) {
        const struct rmv_content_held *held = &reader->held[i];
        const struct rmv_tree_entry entry = {
            .type = rmv_content_type(held->status.st_mode),
            .size = held->size,
            .nfiles = 1,
            .id = objects[i].id,
        };
        learn(reader, reader->held_paths.data + held->path_offset, &held->status, &entry.id);
        reader->done(reader->context, held->place, &entry);
        bytes += entry.size;
    }
    rmv_progress_expect(reader->progress, 0, bytes);
    rmv_progress_add(reader->progress, reader->held_count, bytes);
}

const struct rmv_error *rmv_content_put_held(struct rmv_content_reader *reader)
{
    struct rmv_object_bytes objects[RMV_STORE_GROUP_MAX];
    const struct rmv_error *err = NULL;

    if (reader->held_count > 0)
        err = put_held(reader, objects);
    if (!err && reader->held_count > 0)
        tell_held(reader, objects);
    reader->held_count = reader->held_bytes.size = reader->held_paths.size = 0;
    return err;
}
