#include "dataset/content.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/sha256.h"

#define READ_STEP_BYTES ((size_t)256 * 1024)
#define ATTEMPTS_MAX 2

void rmv_content_reader_free(struct rmv_content_reader *reader)
{
    rmv_buf_free(&reader->buf);
}

char rmv_content_type(mode_t mode)
{
    if (S_ISREG(mode))
        return mode & S_IXUSR ? 'x' : 'f';
    if (S_ISLNK(mode))
        return 'l';
    return S_ISDIR(mode) ? 'd' : 0;
}

/* O_NONBLOCK: a FIFO that has taken the file's place must not make us wait. */
static const struct rmv_error *open_source(const struct rmv_content_source *source, int *fd)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (!source->follow_link)
        return rmv_beneath_open(source->folder_fd, source->name, flags, 0, fd);
    *fd = openat(source->folder_fd, source->name, flags);
    return *fd < 0 ? rmv_error_errno("cannot open '%s'", source->path) : NULL;
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
    const struct rmv_store_source source = {.fd = fd, .path = path, .progress = reader->progress};
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

/* Reads it once; `*changed` says that the result is worth nothing. */
static const struct rmv_error *attempt(struct rmv_content_reader *reader,
                                       const struct rmv_content_source *source, bool *changed,
                                       struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct stat before;
    struct stat after;

    const struct rmv_error *err = open_source(source, &fd);
    if (err)
        return err;
    if (fstat(fd, &before) < 0)
        return rmv_error_errno("cannot stat '%s'", source->path);
    if (!S_ISREG(before.st_mode))
        return rmv_error(RMV_ERR_CONFLICT, "'%s' stopped being a file while it was looked at",
                         source->path);

    struct rmv_stat_index *index = reader->workspace->stat_index;
    const bool is_settled = rmv_stat_index_settle(index, &before);
    err = reader->batch ? put_file(reader, fd, source->path, entry)
                        : hash_file(reader, fd, source->path, entry);
    if (err)
        return err;
    if (fstat(fd, &after) < 0)
        return rmv_error_errno("cannot stat '%s'", source->path);

    entry->type = rmv_content_type(after.st_mode);
    *changed = !is_same(&before, &after) || entry->size != (uint64_t)after.st_size;
    if (is_settled && !*changed)
        rmv_stat_index_set(index, source->path, &after, &entry->id);
    return NULL;
}

const struct rmv_error *rmv_content_read(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source,
                                         struct rmv_tree_entry *entry)
{
    bool changed = true;
    for (int i = 0; changed && i < ATTEMPTS_MAX; i++) {
        const struct rmv_error *err = attempt(reader, source, &changed, entry);
        if (err)
            return err;
    }
    if (changed) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(source->path);
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "'%s' changed while it was read, twice", quoted),
            "run the command again when nothing writes there any more");
    }
    entry->nfiles = 1;
    rmv_progress_add(reader->progress, 1, 0);
    return NULL;
}
