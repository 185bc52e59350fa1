#include "pipeline/runner_marks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/sha256.h"

#define MARK_FOLDER "runs/started"
#define MARK_HEAD "rmv-started 1"
#define MARK_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define LOOKED_AT_MAX                                                                              \
    ((size_t)1000000) /* files and folders of one output; with more it is unknown */
#define DEPTH_MAX 200 /* a file descriptor each */

/* ---- What is at an output ------------------------------------------------------------------- */

/* The digests of all that was looked at, added up bit by bit: they come in any order. */
struct look {
    uint8_t sum[RMV_SHA256_SIZE];
    size_t count;
};

static void add_one(struct look *look, const char *path, const struct stat *status)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    uint8_t digest[RMV_SHA256_SIZE];

    rmv_buf_append(&text, path, strlen(path) + 1);
    rmv_buf_append_format(&text, "%o %" PRIu64 " %" PRId64 " %" PRId64 ".%09ld %" PRId64 ".%09ld",
                          (unsigned)status->st_mode, (uint64_t)status->st_ino,
                          (int64_t)status->st_size, (int64_t)status->st_mtim.tv_sec,
                          status->st_mtim.tv_nsec, (int64_t)status->st_ctim.tv_sec,
                          status->st_ctim.tv_nsec);
    rmv_sha256(text.data, text.size, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        look->sum[i] ^= digest[i];
    look->count++;
}

static bool look_at(struct look *look, int folder_fd, const char *name, const char *path,
                    unsigned depth);

static bool look_into(struct look *look, int folder_fd, const char *name, const char *path,
                      unsigned depth)
{
    const int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    bool is_seen = true;

    if (!folder) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    errno = 0;
    for (const struct dirent *entry; is_seen && (entry = readdir(folder)); errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(path, entry->d_name);
        is_seen = look_at(look, dirfd(folder), entry->d_name, inside, depth + 1);
    }
    is_seen = is_seen && errno == 0;
    closedir(folder);
    return is_seen;
}

/* False if not all could be looked at. */
static bool look_at(struct look *look, int folder_fd, const char *name, const char *path,
                    unsigned depth)
{
    struct stat status;
    if (depth > DEPTH_MAX || look->count >= LOOKED_AT_MAX ||
        fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    add_one(look, path, &status);
    return !S_ISDIR(status.st_mode) || look_into(look, folder_fd, name, path, depth);
}

/* Sets `hex` to what tells the output as it is now from every other; false if it is not there, or
 * is too much to be looked at. */
static bool left_at(const struct rmv_runner *runner, const char *out, char hex[RMV_SHA256_HEX_SIZE])
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    struct look look = {.count = 0};
    const char *name = NULL;
    if (rmv_beneath_open_parent(runner->workspace->root_fd, out, false, &folder_fd, &name) ||
        !look_at(&look, folder_fd, name, out, 0))
        return false;
    rmv_sha256_to_hex(look.sum, hex);
    return true;
}

static bool is_missing(const struct rmv_runner *runner, const char *out)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    struct stat status;
    const char *name = NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(runner->workspace->root_fd, out, false, &folder_fd, &name);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND;
    return fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* ---- The file ------------------------------------------------------------------------------- */

static const struct rmv_error *write_mark(struct rmv_runner *runner, const struct rmv_stage *stage,
                                          const struct rmv_buf *text, bool sync)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_runner_path_of(stage, MARK_FOLDER, "");
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(runner->workspace->root_fd, path, true, &folder_fd, &name);
    if (err)
        return err;
    rmv_fs_clear_temporaries(folder_fd);
    return (sync ? rmv_fs_write_atomic_at : rmv_fs_write_unsynced_at)(folder_fd, name, text->data,
                                                                      text->size, 0666);
}

/* A command may write to what it finds at a persistent output: that is nobody's leftover. */
static void append_out(struct rmv_buf *text, const struct rmv_stage_out *out, const char *left)
{
    if (out->persist)
        return;
    rmv_buf_append(text, out->path, strlen(out->path) + 1);
    rmv_buf_append(text, left, strlen(left) + 1);
}

const struct rmv_error *rmv_runner_mark_started(struct rmv_runner *runner,
                                                const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append(&text, MARK_HEAD, sizeof(MARK_HEAD));
    for (size_t i = 0; i < stage->outs_count; i++)
        append_out(&text, &stage->outs[i], "");
    return write_mark(runner, stage, &text, false);
}

void rmv_runner_sync_mark(struct rmv_runner *runner, const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_runner_path_of(stage, MARK_FOLDER, "");
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(runner->workspace->root_fd, path, false, &folder_fd, &name);
    if (!err)
        err = rmv_fs_sync_at(folder_fd, name);
    if (err && err->code != RMV_ERR_NOT_FOUND) /* the command may have removed it */
        rmv_log_write(runner->workspace->log, RMV_LOG_WARNING, "%s", err->message);
}

void rmv_runner_mark_failed(struct rmv_runner *runner, const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append(&text, MARK_HEAD, sizeof(MARK_HEAD));
    for (size_t i = 0; i < stage->outs_count; i++) {
        const struct rmv_stage_out *out = &stage->outs[i];
        char hex[RMV_SHA256_HEX_SIZE] = "";
        if (out->persist || is_missing(runner, out->path))
            continue;
        append_out(&text, out, left_at(runner, out->path, hex) ? hex : "");
    }
    const struct rmv_error *err = write_mark(runner, stage, &text, true);
    if (err)
        rmv_log_write(runner->workspace->log, RMV_LOG_WARNING,
                      "cannot note what stage '%s' left: %s", stage->address, err->message);
}

void rmv_runner_unmark_started(struct rmv_runner *runner, const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_runner_path_of(stage, MARK_FOLDER, "");
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    if (rmv_beneath_open_parent(runner->workspace->root_fd, path, false, &folder_fd, &name))
        return;
    if (unlinkat(folder_fd, name, 0) < 0 && errno != ENOENT)
        rmv_log_write(runner->workspace->log, RMV_LOG_WARNING, "cannot remove '%s': %s", path,
                      strerror(errno));
}

/* The next string up to its NUL, or NULL. */
static const char *next_string(const char **at, const char *end)
{
    const char *string = *at;
    const char *nul = memchr(string, '\0', (size_t)(end - string));
    *at = nul ? nul + 1 : end;
    return nul ? string : NULL;
}

enum rmv_mark rmv_runner_mark_of(struct rmv_runner *runner, const struct rmv_stage *stage,
                                 const char *out)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_runner_path_of(stage, MARK_FOLDER, "");
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    char hex[RMV_SHA256_HEX_SIZE];

    if (rmv_beneath_open(runner->workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd) ||
        rmv_fd_read(fd, path, MARK_BYTES_MAX, &text))
        return RMV_MARK_NONE;
    const char *at = rmv_buf_string(&text), *end = at + text.size;
    const char *head = next_string(&at, end);
    if (!head || strcmp(head, MARK_HEAD) != 0)
        return RMV_MARK_NONE;
    for (const char *marked; (marked = next_string(&at, end));) {
        const char *left = next_string(&at, end);
        if (!left || strcmp(marked, out) != 0)
            continue;
        if (!*left)
            return RMV_MARK_UNKNOWN;
        return left_at(runner, out, hex) && strcmp(hex, left) == 0 ? RMV_MARK_LEFT : RMV_MARK_NONE;
    }
    return RMV_MARK_NONE;
}
