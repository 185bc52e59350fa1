/* Turning links into files of their own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/content.h"
#include "dataset/links.h"
#include "dataset/restore_file.h"
#include "rmv/base/beneath.h"
#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/sha256.h"

#define COPY_STEP_BYTES ((size_t)256 * 1024)
#define LISTED_MAX 20

/* A file to look at. */
struct candidate {
    char *path; /* relative to the workspace */
};

struct unprotecting {
    struct rmv_workspace *workspace;
    const struct rmv_unprotect_options *options;
    struct candidate *candidates;
    size_t count, capacity;
    pthread_mutex_t lock; /* for what follows */
    uint64_t done_count, failed_count;
    struct rmv_strings failed;
    enum rmv_error_code failure;
    struct stat newest;
    bool has_newest;
};

static void unprotecting_free(struct unprotecting *all)
{
    for (size_t i = 0; i < all->count; i++)
        rmv_str_free(&all->candidates[i].path);
    free(all->candidates);
    rmv_strings_free(&all->failed);
    pthread_mutex_destroy(&all->lock);
}

/* ---- Finding ---------------------------------------------------------------------------------
 */

static void add_candidate(struct unprotecting *all, const char *path)
{
    all->candidates =
        rmv_grow(all->candidates, all->count, &all->capacity, sizeof(*all->candidates));
    all->candidates[all->count++].path = rmv_str_copy(path);
}

static const struct rmv_error *find_in_folder(struct unprotecting *all, int fd, const char *path);

static const struct rmv_error *find_at(struct unprotecting *all, int folder_fd, const char *name,
                                       const char *path)
{
    struct stat status;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    if (S_ISDIR(status.st_mode)) {
        const int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? rmv_error_errno("cannot open folder '%s'", path)
                      : find_in_folder(all, fd, path);
    }
    const bool is_protected =
        S_ISREG(status.st_mode) && (status.st_nlink > 1 || (status.st_mode & 0222) == 0);
    if (is_protected || S_ISLNK(status.st_mode))
        add_candidate(all, path);
    return NULL;
}

/* Takes over `fd`. */
static const struct rmv_error *find_in_folder(struct unprotecting *all, int fd, const char *path)
{
    DIR *folder = fdopendir(fd);
    const struct rmv_error *err = NULL;
    if (!folder) {
        err = rmv_error_errno("cannot open folder '%s'", path);
        close(fd);
        return err;
    }
    for (const struct dirent *entry; !err && (entry = readdir(folder));) {
        /* A name that cannot be in a dataset is nobody's link. */
        if (rmv_path_check_name(entry->d_name, strlen(entry->d_name)))
            continue;
        RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(path, entry->d_name);
        err = find_at(all, dirfd(folder), entry->d_name, inside);
    }
    closedir(folder);
    return err;
}

static const struct rmv_error *find_path(struct unprotecting *all, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    if (strcmp(path, ".") == 0)
        return find_at(all, all->workspace->root_fd, ".", ".");
    const struct rmv_error *err =
        rmv_beneath_open_parent(all->workspace->root_fd, path, false, &folder_fd, &name);
    return err ? err : find_at(all, folder_fd, name, path);
}

/* ---- Copying ---------------------------------------------------------------------------------
 */

static const struct rmv_error *copy(int from_fd, int to_fd, const char *path,
                                    struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf buf = {0};
    char *bytes = rmv_buf_reserve(&buf, COPY_STEP_BYTES);
    struct rmv_sha256_state state;

    rmv_sha256_start(&state);
    for (;;) {
        const ssize_t n = read(from_fd, bytes, COPY_STEP_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", path);
        if (n == 0)
            break;
        const struct rmv_error *err = rmv_fd_write(to_fd, path, bytes, (size_t)n);
        if (err)
            return err;
        rmv_sha256_update(&state, bytes, (size_t)n);
    }
    rmv_sha256_finish(&state, id->sha256);
    return NULL;
}

/* A file that is to have an own copy. */
struct link_file {
    int fd;            /* of what it leads to */
    struct stat named; /* of the name itself */
    bool is_executable;
    bool is_known;                 /* by its name in the store */
    struct rmv_object_id expected; /* then */
};

static void link_file_free(struct link_file *file)
{
    rmv_fd_close(&file->fd);
}

/* Sets file->fd only if there is something to do. */
static const struct rmv_error *open_link(struct rmv_workspace *workspace, int folder_fd,
                                         const char *name, const char *path, struct link_file *file)
{
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};

    if (fstatat(folder_fd, name, &file->named, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    file->is_executable = file->named.st_mode & S_IXUSR;
    if (S_ISREG(file->named.st_mode) && file->named.st_nlink > 1)
        return rmv_beneath_open(folder_fd, name, O_RDONLY | O_NONBLOCK, 0, &file->fd);
    if (!S_ISLNK(file->named.st_mode))
        return NULL;
    const enum rmv_link_state state = rmv_links_find(workspace, folder_fd, name, &link);
    if (state == RMV_LINK_STALE)
        return rmv_links_refuse(path, &link);
    if (state == RMV_LINK_NONE)
        return NULL;
    file->is_executable = link.is_executable;
    file->is_known = true;
    file->expected = link.id;
    if (!rmv_links_open(workspace, folder_fd, name, &file->fd))
        return rmv_error(RMV_ERR_CONFLICT, "'%s' changed meanwhile", path);
    return NULL;
}

/* What nobody has stored must not be lost in a power cut for having been copied. */
static const struct rmv_error *check_copy(const struct unprotecting *all,
                                          const struct link_file *file, int fd, const char *path,
                                          const struct rmv_object_id *id)
{
    if (file->is_known && !rmv_object_id_equal(id, &file->expected) && !all->options->force)
        return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT,
                                        "'%s' was written to through a link: it is not what was "
                                        "stored",
                                        path),
                              "--force keeps what is there now; `rmv checkout -f` brings back "
                              "what was stored, if the store has it elsewhere");
    if (!rmv_store_is_saved(all->workspace->store, id) && fsync(fd) < 0)
        return rmv_error_errno("cannot make '%s' durable", path);
    return NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Puts the copy in the place of the link, if that is still what it was. */
static const struct rmv_error *replace(int folder_fd, const char *temporary, const char *name,
                                       const char *path, const struct link_file *file)
{
    struct stat now;
    if (fstatat(folder_fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    if (!is_same_file(&now, &file->named))
        return rmv_error(RMV_ERR_CONFLICT, "'%s' changed meanwhile", path);
    if (renameat(folder_fd, temporary, folder_fd, name) < 0)
        return rmv_error_errno("cannot replace '%s'", path);
    return NULL;
}

static void note_done(struct unprotecting *all, const char *path, const struct stat *status,
                      const struct rmv_object_id *id)
{
    if (id)
        rmv_stat_index_set(all->workspace->stat_index, path, status, id);
    pthread_mutex_lock(&all->lock);
    all->done_count++;
    all->newest = *status; /* about the last, and settling waits for the clock anyway */
    all->has_newest = true;
    pthread_mutex_unlock(&all->lock);
}

static const struct rmv_error *copy_link(struct unprotecting *all, int folder_fd, const char *name,
                                         const char *path, const struct link_file *file)
{
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_restore_temporary_name();
    struct rmv_object_id id;
    struct stat status;
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(folder_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    file->is_executable ? 0777 : 0666);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", temporary);
    const struct rmv_error *err = copy(file->fd, fd, path, &id);
    if (!err)
        err = check_copy(all, file, fd, path, &id);
    if (!err)
        err = replace(folder_fd, temporary, name, path, file);
    if (err) {
        unlinkat(folder_fd, temporary, 0);
        return err;
    }
    if (fstat(fd, &status) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    note_done(all, path, &status, &id);
    return NULL;
}

/* Its object is gone from the store, or it is not ours: who asks for it may write to it. */
static const struct rmv_error *make_writable(struct unprotecting *all, int folder_fd,
                                             const char *name, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_object_id id;
    struct stat status;

    const struct rmv_error *err = rmv_beneath_open(folder_fd, name, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err)
        return err;
    if (fstat(fd, &status) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    if (!S_ISREG(status.st_mode) || (status.st_mode & 0222))
        return NULL;
    const bool is_known = rmv_stat_index_find(all->workspace->stat_index, path, &status, &id);
    if (fchmod(fd, (status.st_mode & 07777) | S_IWUSR) < 0 || fstat(fd, &status) < 0)
        return rmv_error_errno("cannot change the mode of '%s'", path);
    note_done(all, path, &status, is_known ? &id : NULL);
    return NULL;
}

static const struct rmv_error *unprotect(struct unprotecting *all, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(link_file_free) struct link_file file = {.fd = -1};
    const char *name;

    const struct rmv_error *err =
        rmv_beneath_open_parent(all->workspace->root_fd, path, false, &folder_fd, &name);
    if (!err)
        err = open_link(all->workspace, folder_fd, name, path, &file);
    if (err)
        return err;
    if (file.fd >= 0)
        return copy_link(all, folder_fd, name, path, &file);
    return S_ISREG(file.named.st_mode) ? make_writable(all, folder_fd, name, path) : NULL;
}

static const struct rmv_error *unprotect_one(void *context, size_t i)
{
    struct unprotecting *all = context;
    const struct rmv_error *err = unprotect(all, all->candidates[i].path);
    if (!err)
        return NULL;
    pthread_mutex_lock(&all->lock);
    if (all->failed_count++ < LISTED_MAX)
        rmv_strings_add(&all->failed, err->message);
    if (all->failure != RMV_ERR_CORRUPT)
        all->failure = err->code;
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

static const struct rmv_error *summarize(const struct unprotecting *all)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    if (all->failed_count == 0)
        return NULL;
    if (all->failed_count == 1)
        return rmv_error(all->failure, "%s", all->failed.items[0]);
    for (size_t i = 0; i < all->failed.count; i++)
        rmv_buf_append_format(&text, "\n  %s", all->failed.items[i]);
    return rmv_error(all->failure, "%llu files stay links:%s",
                     (unsigned long long)all->failed_count, rmv_buf_string(&text));
}

const struct rmv_error *rmv_unprotect(struct rmv_workspace *workspace,
                                      const struct rmv_strings *paths,
                                      const struct rmv_unprotect_options *options,
                                      struct rmv_unprotected *unprotected)
{
    RMV_CLEANUP(unprotecting_free)
    struct unprotecting all = {.workspace = workspace, .options = options};
    pthread_mutex_init(&all.lock, NULL);

    for (size_t i = 0; i < paths->count; i++) {
        const struct rmv_error *err = find_path(&all, paths->items[i]);
        if (err)
            return err;
    }
    const struct rmv_error *err = rmv_pool_run(workspace->pool, all.count, unprotect_one, &all);
    if (all.has_newest)
        rmv_stat_index_settle(workspace->stat_index, &all.newest);
    unprotected->files_count = all.done_count;
    return err ? err : summarize(&all);
}
