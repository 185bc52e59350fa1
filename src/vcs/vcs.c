#include "rmv/vcs/vcs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "vcs/git.h"

#define LINK_FILE_BYTES_MAX ((size_t)64 * 1024)

void rmv_vcs_commit_free(struct rmv_vcs_commit *commit)
{
    rmv_str_free(&commit->author);
    rmv_str_free(&commit->summary);
    *commit = (struct rmv_vcs_commit){0};
}

/* ---- Finding the repository, without libgit2 ------------------------------------------------ */

static bool has(const char *folder, const char *name, mode_t type)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, name);
    struct stat status;
    return stat(path, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

/* HEAD may be a dangling link in very old repositories; nobody has those any more. */
static bool is_git_folder(const char *folder)
{
    return has(folder, "HEAD", S_IFREG) &&
           (has(folder, "commondir", S_IFREG) ||
            (has(folder, "objects", S_IFDIR) && has(folder, "refs", S_IFDIR)));
}

/* The path that a small file `name` in `folder` holds behind `prefix`, made absolute. */
static const struct rmv_error *read_link_file(const char *folder, const char *name,
                                              const char *prefix, char **target)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, name);

    const struct rmv_error *err = rmv_fs_read(path, LINK_FILE_BYTES_MAX, &text);
    if (err)
        return err;
    const char *content = rmv_buf_string(&text);
    const size_t skipped = strlen(prefix);
    if (strncmp(content, prefix, skipped) != 0)
        return rmv_error(RMV_ERR_CORRUPT, "'%s' does not start with '%s'", path, prefix);
    RMV_CLEANUP(rmv_str_free)
    char *value = rmv_str_copy_n(content + skipped, strcspn(content + skipped, "\r\n"));
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, value);
    *target = rmv_path_normalize(joined);
    return NULL;
}

/* A linked worktree has a commondir file; the main one is beside the folder it names, unless that
 * belongs to a bare repository or a submodule. */
static const struct rmv_error *find_main_root(struct rmv_vcs *vcs)
{
    RMV_CLEANUP(rmv_str_free) char *common = NULL;

    if (!has(vcs->git_folder, "commondir", S_IFREG))
        return NULL;
    const struct rmv_error *err = read_link_file(vcs->git_folder, "commondir", "", &common);
    if (err)
        return err;
    if (strcmp(rmv_path_name(common), ".git") == 0)
        vcs->main_root = rmv_path_parent(common);
    return NULL;
}

/* Fills in `vcs` if `folder` is the top of a repository; otherwise leaves it empty. */
static const struct rmv_error *try_folder(const char *folder, struct rmv_vcs *vcs)
{
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(folder, ".git");

    if (has(folder, ".git", S_IFREG)) {
        const struct rmv_error *err = read_link_file(folder, ".git", "gitdir: ", &vcs->git_folder);
        if (err)
            return err;
        if (!is_git_folder(vcs->git_folder))
            return rmv_error_hint(
                rmv_error(RMV_ERR_CORRUPT, "'%s' names '%s', which is not a Git repository", inside,
                          vcs->git_folder),
                "`git worktree repair` or `git submodule update --init` mends it");
        rmv_str_set(&vcs->root, folder);
    } else if (is_git_folder(inside)) {
        rmv_str_set(&vcs->git_folder, inside);
        rmv_str_set(&vcs->root, folder);
    } else if (is_git_folder(folder)) {
        rmv_str_set(&vcs->git_folder, folder);
    }
    if (!vcs->git_folder)
        return NULL;
    rmv_str_set(&vcs->opened, folder);
    return find_main_root(vcs);
}

/* Like git, does not look across the border of a filesystem. */
static bool go_up(char **folder, dev_t device)
{
    struct stat status;
    char *parent = rmv_path_parent(*folder);
    const bool is_at_top = strcmp(parent, *folder) == 0;

    rmv_str_free(folder);
    *folder = parent;
    return !is_at_top && stat(parent, &status) == 0 && status.st_dev == device;
}

const struct rmv_error *rmv_vcs_open(const char *folder, struct rmv_vcs **vcs)
{
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *opened = rmv_calloc(1, sizeof(*opened));
    RMV_CLEANUP(rmv_str_free) char *here = realpath(folder, NULL);
    struct stat status;

    if (!here || stat(here, &status) < 0)
        return rmv_error_errno("cannot open '%s'", folder);
    do {
        const struct rmv_error *err = try_folder(here, opened);
        if (err)
            return err;
    } while (!opened->git_folder && go_up(&here, status.st_dev));

    if (!opened->git_folder)
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not in a Git repository", folder);
    *vcs = opened;
    opened = NULL;
    return NULL;
}

void rmv_vcs_close(struct rmv_vcs **vcs)
{
    if (!*vcs)
        return;
    git_repository_free((*vcs)->repository);
    rmv_str_free(&(*vcs)->git_folder);
    rmv_str_free(&(*vcs)->root);
    rmv_str_free(&(*vcs)->main_root);
    rmv_str_free(&(*vcs)->opened);
    free(*vcs);
    *vcs = NULL;
}

const char *rmv_vcs_root(const struct rmv_vcs *vcs)
{
    return vcs->root;
}

const char *rmv_vcs_main_root(const struct rmv_vcs *vcs)
{
    return vcs->main_root;
}

/* ---- Opening it with libgit2 ---------------------------------------------------------------- */

static const struct rmv_error *opening_failed(const struct rmv_vcs *vcs, int status)
{
    const git_error *reason = git_error_last();
    const char *message = reason ? reason->message : "";

    /* libgit2 1.5 says that the setting is missing where it should say that the owner is wrong. */
    if (status == GIT_EOWNER || strstr(message, "safe.directory"))
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "the Git repository of '%s' is not yours", vcs->opened),
            "if you trust its owner: "
            "git config --global --add safe.directory '%s'",
            vcs->opened);
    if (strstr(message, "objectformat"))
        return rmv_error_hint(
            rmv_error(RMV_ERR_UNSUPPORTED,
                      "the Git repository of '%s' uses SHA-256 object names, which "
                      "this version of rmv cannot read",
                      vcs->opened),
            "keep the project in a repository made with "
            "`git init --object-format=sha1`");
    if (strstr(message, "unsupported"))
        return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                        "the Git repository of '%s' cannot be read: %.200s",
                                        vcs->opened, message),
                              "`git config --get-regexp ^extensions` lists what it uses; a fresh "
                              "`git clone` has none");
    return rmv_git_error(status, "cannot open the Git repository of '%s'", vcs->opened);
}

static bool is_same_folder(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static const struct rmv_error *check_root(const struct rmv_vcs *vcs, git_repository *repository)
{
    const char *work_tree = git_repository_workdir(repository);

    if (!vcs->root || !work_tree || is_same_folder(work_tree, vcs->root))
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                    "the Git repository in '%s' has its work tree elsewhere: '%s'",
                                    vcs->root, work_tree),
                          "`git config --unset core.worktree` if that is not meant");
}

const struct rmv_error *rmv_git_need(struct rmv_vcs *vcs)
{
    git_repository *repository = NULL;

    if (vcs->repository)
        return NULL;
    const struct rmv_error *err = rmv_git_start();
    if (err)
        return err;
    const int status =
        git_repository_open_ext(&repository, vcs->opened, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
    if (status < 0)
        return opening_failed(vcs, status);
    err = check_root(vcs, repository);
    if (err) {
        git_repository_free(repository);
        return err;
    }
    vcs->repository = repository;
    return NULL;
}

/* ---- Revisions ------------------------------------------------------------------------------ */

static bool is_about_head(const char *revision)
{
    return strncmp(revision, "HEAD", 4) == 0 || revision[0] == '@';
}

static const struct rmv_error *revision_failed(struct rmv_vcs *vcs, const char *revision,
                                               int status)
{
    if (is_about_head(revision) && git_repository_head_unborn(vcs->repository) == 1)
        return rmv_error(RMV_ERR_NOT_FOUND, "cannot read '%s': HEAD has no commit yet", revision);
    if (status == GIT_EAMBIGUOUS)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "'%s' is the start of several Git objects' ids", revision),
            "give more digits");
    return rmv_error_hint(
        rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not a Git revision that leads to a commit", revision),
        "branches, tags and ids of commits are; `git log --oneline --all` lists commits");
}

const struct rmv_error *rmv_vcs_resolve(struct rmv_vcs *vcs, const char *revision,
                                        struct rmv_vcs_commit *commit)
{
    RMV_CLEANUP(rmv_git_object_free) git_object *object = NULL;
    RMV_CLEANUP(rmv_git_object_free) git_object *peeled = NULL;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    int status = git_revparse_single(&object, vcs->repository, revision);
    if (status == 0)
        status = git_object_peel(&peeled, object, GIT_OBJECT_COMMIT);
    if (status < 0)
        return revision_failed(vcs, revision, status);
    rmv_git_describe((const git_commit *)peeled, commit);
    return NULL;
}

char *rmv_vcs_branch(struct rmv_vcs *vcs)
{
    static const char prefix[] = "refs/heads/";
    git_reference *head = NULL;
    char *name = NULL;

    if (rmv_git_need(vcs) || git_reference_lookup(&head, vcs->repository, "HEAD") < 0)
        return NULL;
    const char *target = git_reference_symbolic_target(head);
    if (target && strncmp(target, prefix, strlen(prefix)) == 0)
        name = rmv_str_copy(target + strlen(prefix));
    git_reference_free(head);
    return name;
}
