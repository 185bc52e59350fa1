/* floors walk FOLDER    looks at every file: openat of each folder, fstatat of what is in it
 * floors read FOLDER    opens, reads and closes every file, in two threads that share the list
 * floors create FOLDER NEW    creates NEW with the same folders and names, each file with 1 KiB of
 *                         zeros, in two threads
 * floors spawn FOLDER COUNT     COUNT times, one after the other: has sh echo a line into a file of
 *                         its own in FOLDER, and waits for its end
 *
 * What no program can do without that finds out whether files changed, that stores them, that
 * restores them, or that runs short commands. The benchmarks measure rmv against these in the same
 * run. Prints how many files and bytes it saw. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/strings.h"

#define THREADS 2
#define READ_BYTES ((size_t)256 * 1024)
#define TAKEN_AT_ONCE 64 /* files */
#define CREATE_BYTES ((size_t)1024)

struct floor {
    int root_fd;
    int new_fd;                 /* where everything is to be created, or -1 */
    bool is_listing;            /* only list the files: something is to be done with each */
    struct rmv_strings folders; /* not looked into yet, relative to the root */
    struct rmv_strings files;   /* that were listed */
    atomic_size_t next;         /* of the files */
    atomic_ullong files_count, bytes_count;
};

static void floor_free(struct floor *floor)
{
    rmv_fd_close(&floor->root_fd);
    rmv_fd_close(&floor->new_fd);
    rmv_strings_free(&floor->folders);
    rmv_strings_free(&floor->files);
}

/* ---- Looking at everything ------------------------------------------------------------------- */

static const struct rmv_error *look_at(struct floor *floor, int folder_fd, const char *folder,
                                       const struct dirent *found)
{
    struct stat status;

    if (found->d_type == DT_DIR) {
        rmv_strings_take(&floor->folders, rmv_path_join(folder, found->d_name));
        return NULL;
    }
    if (floor->is_listing) {
        rmv_strings_take(&floor->files, rmv_path_join(folder, found->d_name));
        return NULL;
    }
    if (fstatat(folder_fd, found->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s/%s'", folder, found->d_name);
    atomic_fetch_add(&floor->files_count, 1);
    atomic_fetch_add(&floor->bytes_count, (unsigned long long)status.st_size);
    return NULL;
}

/* Folders come before what is in them. */
static const struct rmv_error *create_folder(const struct floor *floor, const char *folder)
{
    if (floor->new_fd < 0 || strcmp(folder, ".") == 0 || mkdirat(floor->new_fd, folder, 0777) == 0)
        return NULL;
    return rmv_error_errno("cannot create folder '%s'", folder);
}

static const struct rmv_error *list_folder(struct floor *floor, const char *folder)
{
    const int fd = openat(floor->root_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct rmv_error *err = NULL;
    const struct dirent *found;

    if (!stream)
        return rmv_error_errno("cannot read folder '%s'", folder);
    while (!err && (errno = 0, found = readdir(stream)))
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
            err = look_at(floor, fd, folder, found);
    if (!err && errno)
        err = rmv_error_errno("cannot read folder '%s'", folder);
    closedir(stream);
    return err;
}

static const struct rmv_error *list_all(struct floor *floor)
{
    const struct rmv_error *err = NULL;
    rmv_strings_add(&floor->folders, ".");
    while (!err && floor->folders.count > 0) {
        RMV_CLEANUP(rmv_str_free) char *folder = floor->folders.items[--floor->folders.count];
        err = create_folder(floor, folder);
        if (!err)
            err = list_folder(floor, folder);
    }
    return err;
}

/* ---- Reading or creating everything ---------------------------------------------------------- */

static const struct rmv_error *create_file(struct floor *floor, const char *path, char *room)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(floor->new_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    struct stat status;

    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", path);
    const struct rmv_error *err = rmv_fd_write(fd, path, room, CREATE_BYTES);
    if (!err && fstat(fd, &status) < 0)
        err = rmv_error_errno("cannot stat '%s'", path);
    atomic_fetch_add(&floor->bytes_count, CREATE_BYTES);
    atomic_fetch_add(&floor->files_count, 1);
    return err;
}

static const struct rmv_error *read_file(struct floor *floor, const char *path, char *room)
{
    RMV_CLEANUP(rmv_fd_close) int fd = openat(floor->root_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = 0;

    if (fd < 0)
        return rmv_error_errno("cannot open '%s'", path);
    while ((size = read(fd, room, READ_BYTES)) > 0)
        atomic_fetch_add(&floor->bytes_count, (unsigned long long)size);
    atomic_fetch_add(&floor->files_count, 1);
    return size < 0 ? rmv_error_errno("cannot read '%s'", path) : NULL;
}

/* A thread's work; what went wrong is what it returns. */
static void *take_some(void *context)
{
    struct floor *floor = context;
    const struct rmv_error *err = NULL;
    char *room = rmv_calloc(READ_BYTES, 1);

    for (;;) {
        const size_t first = atomic_fetch_add(&floor->next, TAKEN_AT_ONCE);
        if (err || first >= floor->files.count)
            break;
        for (size_t i = first; !err && i < first + TAKEN_AT_ONCE && i < floor->files.count; i++)
            err = floor->new_fd < 0 ? read_file(floor, floor->files.items[i], room)
                                    : create_file(floor, floor->files.items[i], room);
    }
    free(room);
    return rmv_error_take(err);
}

static const struct rmv_error *take_all(struct floor *floor)
{
    pthread_t threads[THREADS];
    struct rmv_error *failure = NULL;

    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_some, floor) != 0) {
            fputs("floors: cannot start a thread\n", stderr);
            exit(RMV_ERR_IO);
        }
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        struct rmv_error *found = result;
        if (failure)
            rmv_error_free(&found);
        else
            failure = found;
    }
    return rmv_error_raise(&failure);
}

/* ---- Running commands ------------------------------------------------------------------------ */

static const struct rmv_error *spawn_one(const char *folder, size_t number)
{
    RMV_CLEANUP(rmv_str_free) char *line = rmv_str_format("echo %zu >%zu", number, number);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const struct rmv_process_options options = {.argv = argv, .folder = folder};
    int status = 0;
    pid_t pid;

    const struct rmv_error *err = rmv_process_start(&options, &pid);
    if (!err)
        err = rmv_process_wait(pid, &status);
    return err || status == 0 ? err : rmv_error(RMV_ERR_FAILED, "'%s' failed", line);
}

static const struct rmv_error *spawn_all(const char *folder, const char *count)
{
    const size_t wanted = strtoul(count, NULL, 10);
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    for (size_t i = 0; !err && i < wanted; i++)
        err = spawn_one(folder, i);
    return err;
}

static const struct rmv_error *open_new(const char *folder, struct floor *floor)
{
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    floor->new_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return floor->new_fd < 0 ? rmv_error_errno("cannot open folder '%s'", folder) : NULL;
}

static const struct rmv_error *measure(const char *what, const char *folder, const char *new,
                                       struct floor *floor)
{
    const bool is_creating = strcmp(what, "create") == 0;
    if (new &&strcmp(what, "spawn") == 0)
        return spawn_all(folder, new);
    floor->is_listing = is_creating || strcmp(what, "read") == 0;
    if ((!floor->is_listing && strcmp(what, "walk") != 0) || is_creating != (new != NULL))
        return rmv_error(RMV_ERR_USAGE,
                         "usage: floors walk FOLDER | read FOLDER | create FOLDER NEW | "
                         "spawn FOLDER COUNT");
    floor->root_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (floor->root_fd < 0)
        return rmv_error_errno("cannot open folder '%s'", folder);
    const struct rmv_error *err = new ? open_new(new, floor) : NULL;
    if (!err)
        err = list_all(floor);
    if (err || !floor->is_listing)
        return err;
    rmv_strings_sort(&floor->files);
    return take_all(floor);
}

int main(int argc, char **argv)
{
    RMV_CLEANUP(floor_free) struct floor floor = {.root_fd = -1, .new_fd = -1};
    const char *const *arguments = (const char *const *)argv;
    const struct rmv_error *err =
        argc < 3 || argc > 4
            ? measure("", "", NULL, &floor)
            : measure(arguments[1], arguments[2], argc > 3 ? arguments[3] : NULL, &floor);
    if (err) {
        fprintf(stderr, "floors: %s\n", err->message);
        return (int)err->code;
    }
    printf("%llu files, %llu bytes\n", floor.files_count, floor.bytes_count);
    return EXIT_SUCCESS;
}
