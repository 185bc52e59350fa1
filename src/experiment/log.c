#include "experiment/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "experiment/snapshot.h"
#include "experiment/task.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/experiment/experiment.h"
#include "rmv/experiment/run.h"

#define LOGS RMV_WORKSPACE_FOLDER "/exps/logs/"
#define SUFFIX ".log"
#define READ_SIZE ((size_t)64 * 1024)
#define LOOK_NS 100000000L /* how long a line may wait before it is shown */

char *rmv_experiment_log_path_of(const struct rmv_workspace *workspace, const char *name)
{
    return rmv_str_format("%s/" LOGS "%s" SUFFIX, workspace->root, name);
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Emptied only once it is ours: another process may be writing it. */
static bool start_anew(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0 && ftruncate(fd, 0) == 0;
}

void rmv_experiment_log_open(const struct rmv_workspace *workspace, const char *name,
                             struct rmv_experiment_log *log)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;

    log->path = rmv_experiment_log_path_of(workspace, name);
    if (!rmv_experiment_folder(workspace, "logs", &folder))
        log->fd = open(log->path,
                       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (!start_anew(log->fd))
        rmv_fd_close(&log->fd);
}

void rmv_experiment_log_write(struct rmv_experiment_log *log, const char *bytes, size_t size)
{
    if (log->fd >= 0 && rmv_fd_write(log->fd, log->path, bytes, size))
        rmv_fd_close(&log->fd);
}

void rmv_experiment_log_close(struct rmv_experiment_log *log)
{
    rmv_fd_close(&log->fd);
    rmv_str_free(&log->path);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Prints what there is from here on. */
static const struct rmv_error *print_rest(int fd, const char *path,
                                          const struct rmv_experiment_log_options *options)
{
    char bytes[READ_SIZE];
    for (;;) {
        const ssize_t size = read(fd, bytes, sizeof(bytes));
        if (size < 0)
            return rmv_error_errno("cannot read '%s'", path);
        if (size == 0)
            return NULL;
        const struct rmv_error *err = options->print(options->context, bytes, (size_t)size);
        if (err)
            return err;
    }
}

const struct rmv_error *rmv_experiment_log_read(const struct rmv_workspace *workspace,
                                                const char *name,
                                                const struct rmv_experiment_log_options *options)
{
    static const struct timespec pause = {.tv_nsec = LOOK_NS};
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_experiment_log_path_of(workspace, name);
    RMV_CLEANUP(rmv_str_free) char *below_root = rmv_str_format(LOGS "%s" SUFFIX, name);
    bool is_written = true;

    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, below_root, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "there is no log of an experiment '%s'", name),
            "`rmv queue status` lists what was queued");
    while (!err && is_written) {
        is_written = options->follow && rmv_lock_is_held(path); /* before the look at its end */
        err = print_rest(fd, path, options);
        if (!err && is_written)
            nanosleep(&pause, NULL);
    }
    return err;
}

/* ---- Removing -------------------------------------------------------------------------------- */

static void list_logs(const struct rmv_workspace *workspace, struct rmv_strings *names)
{
    DIR *folder = rmv_experiment_open_folder(workspace, "logs");
    for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry;
         entry = readdir(folder))
        if (rmv_path_has_suffix(entry->d_name, SUFFIX))
            rmv_strings_take(names,
                             rmv_str_copy_n(entry->d_name, strlen(entry->d_name) - strlen(SUFFIX)));
    if (folder)
        closedir(folder);
    rmv_strings_sort(names);
}

/* Has it come to its end, and no later run of the name failed? */
static bool is_done(const struct rmv_experiments *experiments,
                    const struct rmv_vcs_references *failed, const char *name)
{
    for (size_t i = 0; i < failed->count; i++)
        if (strcmp(rmv_path_name(failed->items[i].name), name) == 0)
            return false;
    for (size_t i = 0; i < experiments->count; i++)
        if (strcmp(experiments->items[i].name, name) == 0)
            return true;
    return false;
}

const struct rmv_error *rmv_experiment_logs_remove(struct rmv_workspace *workspace, bool all,
                                                   struct rmv_strings *removed)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments experiments = {0};
    RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references failed = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};

    const struct rmv_error *err = rmv_experiments_list(workspace, &experiments);
    if (!err)
        err = rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_FAILED_REFERENCES, &failed);
    if (!err)
        list_logs(workspace, &names);
    for (size_t i = 0; !err && i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *path = rmv_experiment_log_path_of(workspace, names.items[i]);
        if (rmv_lock_is_held(path) || !(all || is_done(&experiments, &failed, names.items[i])))
            continue;
        if (unlink(path) == 0)
            rmv_strings_add(removed, names.items[i]);
        else if (errno != ENOENT)
            err = rmv_error_errno("cannot remove '%s'", path);
    }
    return err;
}
