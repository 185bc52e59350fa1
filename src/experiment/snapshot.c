#include "experiment/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/snapshot_data.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/vcs/git_run.h"

#define FOLDER RMV_WORKSPACE_FOLDER "/exps"
#define INDEX_BYTES_MAX ((size_t)1024 * 1024 * 1024)
#define INDEX_HEAD "index-"

const struct rmv_error *rmv_experiment_folder(const struct rmv_workspace *workspace,
                                              const char *inside, char **path)
{
    RMV_CLEANUP(rmv_str_free)
    char *below_root = *inside ? rmv_path_join(FOLDER, inside) : rmv_str_copy(FOLDER);
    RMV_CLEANUP(rmv_str_free) char *any = rmv_path_join(below_root, "any");
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const char *name = NULL;

    const struct rmv_error *err =
        rmv_beneath_open_parent(workspace->root_fd, any, true, &fd, &name);
    if (err)
        return err;
    *path = rmv_path_join(workspace->root, below_root);
    return NULL;
}

DIR *rmv_experiment_open_folder(const struct rmv_workspace *workspace, const char *inside)
{
    RMV_CLEANUP(rmv_str_free)
    char *below_root = *inside ? rmv_path_join(FOLDER, inside) : rmv_str_copy(FOLDER);
    int fd = -1;
    DIR *folder = NULL;

    if (rmv_beneath_open(workspace->root_fd, below_root, O_RDONLY | O_DIRECTORY, 0, &fd))
        return NULL;
    folder = fdopendir(fd);
    if (!folder)
        rmv_fd_close(&fd);
    return folder;
}

void rmv_snapshot_clear(const struct rmv_workspace *workspace)
{
    DIR *folder = rmv_experiment_open_folder(workspace, "");

    for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry;
         entry = readdir(folder)) {
        if (strncmp(entry->d_name, INDEX_HEAD, strlen(INDEX_HEAD)) != 0)
            continue;
        const long pid = strtol(entry->d_name + strlen(INDEX_HEAD), NULL, 10);
        if (pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
}

void rmv_snapshot_close(struct rmv_snapshot *snapshot)
{
    if (snapshot->index)
        unlink(snapshot->index);
    rmv_str_free(&snapshot->index);
    snapshot->workspace = NULL;
}

/* Runs git with the index of the snapshot, at the top of the work tree. */
static const struct rmv_error *git(const struct rmv_snapshot *snapshot, const char *const *argv,
                                   const struct rmv_buf *input, struct rmv_buf *out)
{
    const struct rmv_git_run run = {.folder = rmv_vcs_root(snapshot->workspace->vcs),
                                    .argv = argv,
                                    .index = snapshot->index,
                                    .input = input ? input->data : NULL,
                                    .input_size = input ? input->size : 0};
    return rmv_git_run(&run, out);
}

/* ---- A copy of the index --------------------------------------------------------------------- */

static const struct rmv_error *copy_file(const char *from, const char *to)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    const struct rmv_error *err = rmv_fs_read(from, INDEX_BYTES_MAX, &bytes);
    if (err)
        return err;
    RMV_CLEANUP(rmv_fd_close)
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", to);
    return rmv_fd_write(fd, to, bytes.data, bytes.size);
}

/* Decides where the snapshot's index is; the file itself is not there yet. */
static const struct rmv_error *place_index(struct rmv_snapshot *snapshot)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    const struct rmv_error *err = rmv_experiment_folder(snapshot->workspace, "", &folder);
    if (!err)
        snapshot->index = rmv_str_format("%s/" INDEX_HEAD "%ld-%llx", folder, (long)getpid(),
                                         (unsigned long long)rmv_time_monotonic_ns());
    return err;
}

static const struct rmv_error *copy_index(struct rmv_snapshot *snapshot)
{
    static const char *const where[] = {"rev-parse", "--absolute-git-dir", NULL};
    static const char *const read_head[] = {"read-tree", "HEAD", NULL};
    const struct rmv_git_run run = {.folder = rmv_vcs_root(snapshot->workspace->vcs),
                                    .argv = where};
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;

    const struct rmv_error *err = rmv_git_ask(&run, &folder);
    if (!err)
        err = place_index(snapshot);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *index = rmv_path_join(folder, "index");
    if (rmv_fs_exists(index))
        return copy_file(index, snapshot->index);
    return git(snapshot, read_head, NULL, NULL);
}

static const struct rmv_error *check_merged(const struct rmv_snapshot *snapshot)
{
    static const char *const argv[] = {"ls-files", "--unmerged", NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const struct rmv_error *err = git(snapshot, argv, NULL, &out);
    if (err || out.size == 0)
        return err;
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "Git's index has files that are not merged yet"),
        "`git status` lists them");
}

/* ---- Files that Git does not track yet ------------------------------------------------------- */

/* Is it one of the files that say what the project's data and pipelines are? */
static bool is_ours(const char *path)
{
    static const char *const names[] = {RMV_PIPELINE_FILE_NAME, RMV_LOCK_FILE_NAME, ".rmvignore",
                                        ".gitignore"};
    const char *name = rmv_path_name(path);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strcmp(path, RMV_WORKSPACE_FOLDER "/config") == 0 ||
           (rmv_path_has_suffix(name, ".rmv") && strlen(name) > strlen(".rmv"));
}

static bool is_there(const struct rmv_workspace *workspace, const char *path)
{
    struct stat status;
    return fstatat(workspace->root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Appends names that end in NUL, as git takes them. */
static void add_name(struct rmv_buf *names, const char *path)
{
    rmv_buf_append(names, path, strlen(path) + 1);
}

static const struct rmv_error *add_ours(const struct rmv_snapshot *snapshot, struct rmv_buf *names)
{
    static const char *const argv[] = {"ls-files", "-z", "--others", "--exclude-standard", NULL};
    const struct rmv_git_run run = {
        .folder = snapshot->workspace->root, .argv = argv, .index = snapshot->index};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    const struct rmv_error *err = rmv_git_run(&run, &out);
    const char *end = rmv_buf_string(&out) + out.size;
    for (const char *path = out.data; !err && path < end; path += strlen(path) + 1)
        if (is_ours(path))
            add_name(names, path);
    return err;
}

/* Outputs of stages that belong to Git, such as metrics. A pipeline that cannot be read says so
 * when it is to be run. */
static void add_uncached(const struct rmv_snapshot *snapshot, struct rmv_buf *names)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    if (rmv_pipeline_read(snapshot->workspace, &pipeline))
        return;
    for (size_t i = 0; i < pipeline.count; i++)
        for (size_t k = 0; k < pipeline.stages[i].outs_count; k++) {
            const struct rmv_stage_out *out = &pipeline.stages[i].outs[k];
            if (out->no_cache && is_there(snapshot->workspace, out->path))
                add_name(names, out->path);
        }
}

static const struct rmv_error *add_included(const struct rmv_snapshot *snapshot,
                                            const struct rmv_strings *include,
                                            struct rmv_buf *names)
{
    for (size_t i = 0; include && i < include->count; i++) {
        if (!is_there(snapshot->workspace, include->items[i]))
            return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s'", include->items[i]);
        add_name(names, include->items[i]);
    }
    return NULL;
}

static const struct rmv_error *add_untracked(const struct rmv_snapshot *snapshot,
                                             const struct rmv_strings *include)
{
    static const char *const argv[] = {"add", "--force", "--pathspec-from-file=-",
                                       "--pathspec-file-nul", NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf names = {0};

    const struct rmv_error *err = add_included(snapshot, include, &names);
    if (!err)
        err = add_ours(snapshot, &names);
    if (err)
        return err;
    add_uncached(snapshot, &names);
    if (!names.size)
        return NULL;
    const struct rmv_git_run run = {.folder = snapshot->workspace->root,
                                    .argv = argv,
                                    .index = snapshot->index,
                                    .input = names.data,
                                    .input_size = names.size};
    return rmv_git_run(&run, NULL);
}

/* ---- Contents that are not in the work tree -------------------------------------------------- */

/* Puts one edited file into the index at `index`. Its mode stays what it is. */
static const struct rmv_error *put_edit(const struct rmv_snapshot *snapshot,
                                        const struct rmv_file_edit *edit)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(snapshot->workspace->vcs_prefix, edit->path);
    const char *const hash[] = {"hash-object", "-w", "--stdin", "--path", path, NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf id = {0};
    struct stat status;

    const struct rmv_error *err = git(snapshot, hash, &edit->text, &id);
    if (err)
        return err;
    const bool is_executable =
        fstatat(snapshot->workspace->root_fd, edit->path, &status, 0) == 0 && status.st_mode & 0100;
    const char *hex = rmv_buf_string(&id);
    RMV_CLEANUP(rmv_str_free)
    char *entry = rmv_str_format("%s,%.*s,%s", is_executable ? "100755" : "100644",
                                 (int)strcspn(hex, "\n"), hex, path);
    const char *const update[] = {"update-index", "--add", "--cacheinfo", entry, NULL};
    return git(snapshot, update, NULL, NULL);
}

static const struct rmv_error *put_edits(const struct rmv_snapshot *snapshot,
                                         const struct rmv_file_edits *edits)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && edits && i < edits->count; i++)
        err = put_edit(snapshot, &edits->items[i]);
    return err;
}

static const struct rmv_error *fill(struct rmv_snapshot *snapshot,
                                    const struct rmv_strings *include,
                                    const struct rmv_strings *only)
{
    static const char *const add[] = {"add", "--update", NULL};
    RMV_CLEANUP(rmv_file_edits_free) struct rmv_file_edits edits = {0};

    const struct rmv_error *err = copy_index(snapshot);
    if (!err)
        err = check_merged(snapshot);
    if (!err)
        err = git(snapshot, add, NULL, NULL);
    if (!err)
        err = add_untracked(snapshot, include);
    if (!err)
        err = rmv_snapshot_save_data(snapshot->workspace, only, &edits);
    return err ? err : put_edits(snapshot, &edits);
}

const struct rmv_error *rmv_snapshot_open(struct rmv_workspace *workspace,
                                          const struct rmv_strings *include,
                                          const struct rmv_strings *only,
                                          struct rmv_snapshot *snapshot)
{
    RMV_CLEANUP(rmv_snapshot_close) struct rmv_snapshot opened = {.workspace = workspace};
    const struct rmv_error *err = fill(&opened, include, only);
    if (err)
        return err;
    *snapshot = opened;
    opened = (struct rmv_snapshot){0};
    return NULL;
}

static const struct rmv_error *commit_index(const struct rmv_snapshot *snapshot, const char *parent,
                                            const char *message, char id[RMV_VCS_ID_SIZE])
{
    static const char *const write_tree[] = {"write-tree", NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    const struct rmv_error *err = git(snapshot, write_tree, NULL, &out);
    if (err)
        return err;
    const char *hex = rmv_buf_string(&out);
    RMV_CLEANUP(rmv_str_free) char *tree = rmv_str_copy_n(hex, strcspn(hex, "\n"));
    const char *const commit[] = {"commit-tree", "-p", parent, "-m", message, tree, NULL};
    out.size = 0;
    err = git(snapshot, commit, NULL, &out);
    if (err)
        return err;
    hex = rmv_buf_string(&out);
    const size_t size = strcspn(hex, "\n");
    if (size >= RMV_VCS_ID_SIZE)
        return rmv_error(RMV_ERR_FAILED, "`git commit-tree` printed no id");
    memcpy(id, hex, size);
    id[size] = '\0';
    return NULL;
}

const struct rmv_error *rmv_snapshot_commit(const struct rmv_snapshot *snapshot,
                                            const struct rmv_file_edits *edits, const char *parent,
                                            const char *message, char id[RMV_VCS_ID_SIZE])
{
    RMV_CLEANUP(rmv_snapshot_close)
    struct rmv_snapshot copy = {.workspace = snapshot->workspace};
    if (!edits || !edits->count)
        return commit_index(snapshot, parent, message, id);
    copy.index =
        rmv_str_format("%s-%llx", snapshot->index, (unsigned long long)rmv_time_monotonic_ns());
    const struct rmv_error *err = copy_file(snapshot->index, copy.index);
    if (!err)
        err = put_edits(&copy, edits);
    return err ? err : commit_index(&copy, parent, message, id);
}

const struct rmv_error *rmv_snapshot_write_files(struct rmv_workspace *workspace,
                                                 const char *commit,
                                                 const struct rmv_strings *paths)
{
    const char *const read_tree[] = {"read-tree", commit, NULL};
    static const char *const write[] = {"checkout-index", "--force", "-z", "--stdin", NULL};
    RMV_CLEANUP(rmv_snapshot_close) struct rmv_snapshot snapshot = {.workspace = workspace};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf names = {0};

    if (!paths->count)
        return NULL;
    for (size_t i = 0; i < paths->count; i++)
        add_name(&names, paths->items[i]);
    const struct rmv_error *err = place_index(&snapshot);
    if (!err)
        err = git(&snapshot, read_tree, NULL, NULL);
    return err ? err : git(&snapshot, write, &names, NULL);
}
