#include "experiment/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/snapshot.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/dataset/checkout.h"
#include "rmv/dataset/outside.h"
#include "rmv/dataset/users.h"
#include "rmv/pipeline/runs.h"
#include "rmv/vcs/git_run.h"

#define TREES "trees"
#define LOCK_SUFFIX ".lock"
#define CONFIG_BYTES_MAX ((size_t)1024 * 1024)

static const struct rmv_error *git(const struct rmv_workspace *owner, pthread_mutex_t *mutex,
                                   const char *const *argv)
{
    const struct rmv_git_run run = {.folder = rmv_vcs_root(owner->vcs), .argv = argv};
    if (mutex)
        pthread_mutex_lock(mutex);
    const struct rmv_error *err = rmv_git_run(&run, NULL);
    if (mutex)
        pthread_mutex_unlock(mutex);
    return err;
}

/* ---- Making it ------------------------------------------------------------------------------- */

static const struct rmv_error *add_work_tree(const struct rmv_experiment_tree *tree,
                                             const char *commit)
{
    const char *const argv[] = {"worktree", "add",      "--quiet", "--detach", "--force",
                                "--force",  tree->path, commit,    NULL};
    return git(tree->owner, tree->mutex, argv);
}

/* Settings of this machine count there as they do here. */
static const struct rmv_error *copy_settings(const struct rmv_experiment_tree *tree,
                                             const char *root)
{
    RMV_CLEANUP(rmv_str_free)
    char *from = rmv_path_join(tree->owner->root, RMV_WORKSPACE_FOLDER "/config.local");
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(root, RMV_WORKSPACE_FOLDER);
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    err = rmv_fs_read(from, CONFIG_BYTES_MAX, &text);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder_fd < 0)
        return rmv_error_errno("cannot open '%s'", folder);
    return rmv_fs_write_atomic_at(folder_fd, "config.local", text.data, text.size, 0600);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* What the work tree stores has to outlive it, so its store must be the owner's, however that one
 * was found. */
static const struct rmv_error *open_workspace(struct rmv_experiment_tree *tree, const char *root,
                                              const char *prefix)
{
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(root, prefix);
    RMV_CLEANUP(rmv_str_free)
    char *objects = rmv_path_join(tree->owner->root, RMV_WORKSPACE_FOLDER "/objects");
    const char *folder = is_folder(inside) ? inside : root;

    const struct rmv_error *err = rmv_workspace_open(folder, tree->owner->log, &tree->workspace);
    if (err || rmv_users_share(tree->owner, tree->workspace))
        return err;
    const char *elsewhere = rmv_config_get(tree->owner->config, "cache.dir");
    RMV_CLEANUP(rmv_str_free)
    char *joined = elsewhere ? rmv_path_join(tree->owner->root, elsewhere) : rmv_str_copy(objects);
    err = rmv_config_set(tree->workspace->config, RMV_CONFIG_LOCAL, "cache.dir", joined);
    if (err)
        return err;
    rmv_workspace_close(&tree->workspace);
    err = rmv_workspace_open(folder, tree->owner->log, &tree->workspace);
    if (err || rmv_users_share(tree->owner, tree->workspace))
        return err;
    return rmv_error(RMV_ERR_FAILED, "the store of '%s' cannot be used from a work tree",
                     tree->owner->root);
}

static const struct rmv_error *copy_path(const struct rmv_experiment_tree *tree, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *from = rmv_path_join(tree->owner->root, path);
    RMV_CLEANUP(rmv_str_free) char *to = rmv_path_join(tree->workspace->root, path);
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(to);
    const char *const argv[] = {"cp", "-a", "-T", "--", from, to, NULL};
    const struct rmv_process_options options = {.argv = argv, .new_group = true};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    struct stat status;
    int exit_status = 0;

    if (lstat(from, &status) < 0)
        return rmv_error_errno("cannot copy '%s'", path);
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (!err)
        err = rmv_process_output(&options, CONFIG_BYTES_MAX, &out, &exit_status);
    if (!err && exit_status != 0)
        err = rmv_error(RMV_ERR_IO, "cannot copy '%s' to '%s'", path, to);
    return err;
}

/* Data of stages may be missing, since they may be about to run anyway: they say so themselves. */
static const struct rmv_error *restore_data(const struct rmv_experiment_tree *tree)
{
    static const struct rmv_strings everything = {0};
    RMV_CLEANUP(rmv_checkout_report_free) struct rmv_checkout_report report = {0};
    const struct rmv_checkout_options options = {.paths = &everything};

    const struct rmv_error *err = rmv_checkout(tree->workspace, &options, &report);
    if (!err || err->code != RMV_ERR_NOT_FOUND)
        return err;
    rmv_log_write(tree->owner->log, RMV_LOG_WARNING, "%s", err->message);
    return NULL;
}

static const struct rmv_error *fill(struct rmv_experiment_tree *tree,
                                    const struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(tree->path, tree->owner->vcs_prefix);
    RMV_CLEANUP(rmv_str_free) char *root = rmv_path_normalize(joined);

    const struct rmv_error *err = add_work_tree(tree, task->snapshot);
    if (!err)
        err = copy_settings(tree, root);
    if (!err)
        err = open_workspace(tree, root, task->prefix);
    if (!err)
        rmv_outside_share(tree->owner, tree->workspace);
    if (!err)
        err = rmv_runs_share(tree->owner, tree->workspace);
    if (!err)
        err = restore_data(tree);
    for (size_t i = 0; !err && i < task->copied.count; i++)
        err = copy_path(tree, task->copied.items[i]);
    return err;
}

/* ---- Taking it away -------------------------------------------------------------------------- */

static void warn(const struct rmv_workspace *owner, const struct rmv_error *err)
{
    if (err)
        rmv_log_write(owner->log, RMV_LOG_WARNING, "%s", err->message);
}

/* Where the store keeps a register of its users, the work tree must not stay in it. */
static void forget_user(const struct rmv_workspace *owner, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(path, owner->vcs_prefix);
    RMV_CLEANUP(rmv_str_free) char *root = rmv_path_normalize(joined);
    RMV_CLEANUP(rmv_str_free) char *entry = rmv_users_entry(owner, root);
    if (entry)
        unlink(entry);
}

/* A stage may have left folders that nobody may write to. */
static void remove_files(const char *path)
{
    const char *const unlock[] = {"chmod", "-R", "u+rwX", "--", path, NULL};
    const char *const remove[] = {"rm", "-rf", "--one-file-system", "--", path, NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    struct rmv_process_options options = {.argv = unlock, .new_group = true};
    int status;

    if (!rmv_process_output(&options, CONFIG_BYTES_MAX, &out, &status)) {
        options.argv = remove;
        if (rmv_process_output(&options, CONFIG_BYTES_MAX, &out, &status))
            return; /* the next one tries again */
    }
}

/* A `git worktree` that was killed can leave a state that Git itself stumbles over. */
static void forget_state(const struct rmv_workspace *owner, pthread_mutex_t *mutex,
                         const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings states = {0};
    if (mutex)
        pthread_mutex_lock(mutex);
    warn(owner, rmv_vcs_linked_in(owner->vcs, folder, &names, &states));
    if (mutex)
        pthread_mutex_unlock(mutex);
    for (size_t i = 0; i < states.count; i++)
        if (strcmp(names.items[i], rmv_path_name(path)) == 0)
            remove_files(states.items[i]);
}

/* The caller holds the lock. A symbolic link is none of our work trees, and where it leads none of
 * our business. */
static void remove_tree(const struct rmv_workspace *owner, pthread_mutex_t *mutex, const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        unlink(path);
        return;
    }
    const char *const remove[] = {"worktree", "remove", "--force", "--force", path, NULL};
    if (is_folder(path) && git(owner, mutex, remove) && is_folder(path))
        remove_files(path);
    if (is_folder(path))
        rmv_log_write(owner->log, RMV_LOG_WARNING, "cannot remove the work tree '%s'", path);
    else
        forget_state(owner, mutex, path);
    forget_user(owner, path);
}

void rmv_experiment_tree_close(struct rmv_experiment_tree *tree)
{
    struct rmv_error *pending = rmv_error_take(rmv_error_last());

    rmv_workspace_close(&tree->workspace);
    if (tree->path)
        remove_tree(tree->owner, tree->mutex, tree->path);
    if (tree->lock.fd >= 0 && tree->lock_path)
        unlink(tree->lock_path);
    rmv_lock_release(&tree->lock);
    rmv_str_free(&tree->path);
    rmv_str_free(&tree->lock_path);
    rmv_error_raise(&pending);
}

/* ---- All of them ----------------------------------------------------------------------------- */

const struct rmv_error *rmv_experiment_tree_open(struct rmv_workspace *owner,
                                                 const struct rmv_experiment_task *task,
                                                 pthread_mutex_t *mutex,
                                                 struct rmv_experiment_tree *tree)
{
    RMV_CLEANUP(rmv_experiment_tree_close)
    struct rmv_experiment_tree opened = {.owner = owner, .mutex = mutex, .lock = RMV_LOCK_EMPTY};
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    struct stat status;

    const struct rmv_error *err = rmv_experiment_folder(owner, TREES, &folder);
    if (err)
        return err;
    opened.lock_path = rmv_str_format("%s/%s" LOCK_SUFFIX, folder, task->name);
    err = rmv_lock_take(opened.lock_path, true, 0, &opened.lock);
    if (err)
        return rmv_error_context(err, "experiment '%s'", task->name);
    opened.path = rmv_path_join(folder, task->name);
    if (lstat(opened.path, &status) == 0)
        remove_tree(owner, mutex, opened.path);
    err = fill(&opened, task);
    if (err)
        return err;
    *tree = opened;
    opened = (struct rmv_experiment_tree){.lock = RMV_LOCK_EMPTY};
    return NULL;
}

bool rmv_experiment_tree_is_used(const struct rmv_workspace *owner, const char *name)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/" RMV_WORKSPACE_FOLDER "/exps/" TREES "/%s" LOCK_SUFFIX,
                                owner->root, name);
    return rmv_lock_is_held(path);
}

static void clear_tree(struct rmv_workspace *owner, const char *folder, const char *name)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, name);
    RMV_CLEANUP(rmv_str_free) char *lock_path = rmv_str_format("%s" LOCK_SUFFIX, path);

    if (rmv_lock_take(lock_path, true, 0, &lock))
        return; /* somebody uses it */
    remove_tree(owner, NULL, path);
    unlink(lock_path);
}

void rmv_experiment_trees_clear(struct rmv_workspace *owner)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(owner->root, RMV_WORKSPACE_FOLDER "/exps/" TREES);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings states = {0};
    DIR *folder = rmv_experiment_open_folder(owner, TREES);

    rmv_snapshot_clear(owner);
    warn(owner, rmv_vcs_linked_in(owner->vcs, path, &names, &states));
    for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry;
         entry = readdir(folder)) {
        const char *name = entry->d_name;
        RMV_CLEANUP(rmv_str_free)
        char *bare = rmv_path_has_suffix(name, LOCK_SUFFIX)
                         ? rmv_str_copy_n(name, strlen(name) - strlen(LOCK_SUFFIX))
                         : rmv_str_copy(name);
        if (*bare != '.' && !rmv_strings_has(&names, bare))
            rmv_strings_add(&names, bare);
    }
    if (folder)
        closedir(folder);
    for (size_t i = 0; i < names.count; i++)
        clear_tree(owner, path, names.items[i]);
}
