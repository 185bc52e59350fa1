/* Questions about the work tree and the index. */
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "vcs/git.h"

#define CONFIG_BYTES_MAX ((size_t)1024 * 1024)

static void index_free(git_index **index)
{
    git_index_free(*index);
    *index = NULL;
}

static void diff_free(git_diff **diff)
{
    git_diff_free(*diff);
    *diff = NULL;
}

static const struct rmv_error *need_work_tree(struct rmv_vcs *vcs)
{
    const struct rmv_error *err = rmv_git_need(vcs);
    if (!err && !vcs->root)
        err =
            rmv_error(RMV_ERR_UNSUPPORTED, "the Git repository '%s' has no work tree", vcs->opened);
    return err;
}

static const struct rmv_error *read_index(struct rmv_vcs *vcs, git_index **index)
{
    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    int status = git_repository_index(index, vcs->repository);
    if (status == 0)
        status = git_index_read(*index, false);
    return status < 0 ? rmv_git_error(status, "cannot read Git's index") : NULL;
}

const struct rmv_error *rmv_vcs_is_tracked(struct rmv_vcs *vcs, const char *path, bool *tracked)
{
    RMV_CLEANUP(index_free) git_index *index = NULL;
    RMV_CLEANUP(rmv_str_free) char *below = rmv_str_format("%s/", path);
    size_t position;

    const struct rmv_error *err = read_index(vcs, &index);
    if (err)
        return err;
    *tracked = strcmp(path, ".") == 0 ? git_index_entrycount(index) > 0
                                      : git_index_find(&position, index, path) == 0 ||
                                            git_index_find_prefix(&position, index, below) == 0;
    return NULL;
}

const struct rmv_error *rmv_vcs_is_entry(struct rmv_vcs *vcs, const char *path, bool *is_entry)
{
    RMV_CLEANUP(index_free) git_index *index = NULL;
    size_t position;

    const struct rmv_error *err = read_index(vcs, &index);
    if (!err)
        *is_entry = git_index_find(&position, index, path) == 0;
    return err;
}

const struct rmv_error *rmv_vcs_is_ignored(struct rmv_vcs *vcs, const char *path, bool is_folder,
                                           bool *ignored)
{
    RMV_CLEANUP(rmv_str_free) char *marked = rmv_str_format("%s%s", path, is_folder ? "/" : "");
    int answer = 0;

    const struct rmv_error *err = need_work_tree(vcs);
    if (err)
        return err;
    const int status = git_ignore_path_is_ignored(&answer, vcs->repository, marked);
    if (status < 0)
        return rmv_git_error(status, "cannot tell whether Git ignores '%s'", path);
    *ignored = answer != 0;
    return NULL;
}

/* One difference is enough. */
static int stop_at_first(const git_diff *diff, const git_diff_delta *delta, const char *pathspec,
                         void *payload)
{
    bool *differs = payload;

    (void)diff;
    (void)pathspec;
    if (delta->status == GIT_DELTA_UNMODIFIED)
        return 1;
    *differs = true;
    return GIT_EUSER;
}

/* Does anything tracked in HEAD or the index differ from the work tree, below `path` if not NULL?
 */
static const struct rmv_error *differs_from_head(struct rmv_vcs *vcs, const char *path,
                                                 bool *differs)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    RMV_CLEANUP(diff_free) git_diff *diff = NULL;
    char *paths[] = {path ? rmv_str_copy(path) : NULL};
    git_diff_options options;

    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags =
        GIT_DIFF_DISABLE_PATHSPEC_MATCH | GIT_DIFF_IGNORE_SUBMODULES | GIT_DIFF_SKIP_BINARY_CHECK;
    options.notify_cb = stop_at_first;
    options.payload = differs;
    options.pathspec = (git_strarray){.strings = paths, .count = path ? 1 : 0};
    *differs = false;
    const struct rmv_error *err = rmv_git_head_tree(vcs, &tree);
    int status = 0;
    if (!err)
        status = git_diff_tree_to_workdir_with_index(&diff, vcs->repository, tree, &options);
    rmv_str_free(&paths[0]);
    if (!err && status < 0 && !*differs)
        err = rmv_git_error(status, "cannot compare the work tree with Git's HEAD");
    return err;
}

const struct rmv_error *rmv_vcs_is_dirty(struct rmv_vcs *vcs, bool *dirty)
{
    const struct rmv_error *err = need_work_tree(vcs);
    if (err)
        return err;
    return differs_from_head(vcs, NULL, dirty);
}

/* Hashes the file as `git add` would, line endings and all. */
static const struct rmv_error *differs_from_entry(struct rmv_vcs *vcs, const char *path,
                                                  const git_tree_entry *entry, bool *modified)
{
    RMV_CLEANUP(rmv_str_free) char *full = rmv_path_join(vcs->root, path);
    struct stat status;
    git_oid id;

    *modified = true;
    if (lstat(full, &status) < 0 || !S_ISREG(status.st_mode))
        return NULL;
    const bool was_executable = git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB_EXECUTABLE;
    if (was_executable != ((status.st_mode & S_IXUSR) != 0))
        return NULL;
    const int failure = git_repository_hashfile(&id, vcs->repository, full, GIT_OBJECT_BLOB, path);
    if (failure < 0)
        return rmv_git_error(failure, "cannot compare '%s' with Git's HEAD", path);
    *modified = !git_oid_equal(&id, git_tree_entry_id(entry));
    return NULL;
}

const struct rmv_error *rmv_vcs_is_modified(struct rmv_vcs *vcs, const char *path, bool *modified)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    RMV_CLEANUP(rmv_git_entry_free) git_tree_entry *entry = NULL;

    const struct rmv_error *err = need_work_tree(vcs);
    if (!err)
        err = rmv_git_head_tree(vcs, &tree);
    if (err)
        return err;
    const int status = tree ? git_tree_entry_bypath(&entry, tree, path) : GIT_ENOTFOUND;
    if (status == GIT_ENOTFOUND) {
        *modified = true;
        return NULL;
    }
    if (status < 0)
        return rmv_git_error(status, "cannot look for '%s' in Git's HEAD", path);
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE)
        return differs_from_entry(vcs, path, entry, modified);
    return differs_from_head(vcs, path, modified);
}

/* ---- Git's own settings ---------------------------------------------------------------------- */

/* libgit2 takes milliseconds to start, so the file is looked into first. */
static bool mentions_sharing(const struct rmv_vcs *vcs)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free)
    char *path = vcs->main_root ? rmv_path_join(vcs->main_root, ".git/config")
                                : rmv_path_join(vcs->git_folder, "config");
    const struct rmv_error *err = rmv_fs_read(path, CONFIG_BYTES_MAX, &text);
    return !err && strcasestr(rmv_buf_string(&text), "sharedrepository");
}

char *rmv_vcs_shared_repository(struct rmv_vcs *vcs)
{
    git_config *config = NULL;
    git_buf value = {0};
    char *found = NULL;

    if (!mentions_sharing(vcs) || rmv_git_need(vcs) ||
        git_repository_config_snapshot(&config, vcs->repository) < 0)
        return NULL;
    if (git_config_get_string_buf(&value, config, "core.sharedrepository") == 0)
        found = rmv_str_copy(value.ptr);
    git_buf_dispose(&value);
    git_config_free(config);
    return found;
}
