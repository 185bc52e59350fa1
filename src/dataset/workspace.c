#include "rmv/dataset/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/layout.h"
#include "dataset/links.h"
#include "dataset/placed.h"
#include "dataset/sharing.h"
#include "dataset/trees.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/outside.h"

#define LOCK_WAIT_MS 10000
#define TEMPORARY_FOLDER RMV_WORKSPACE_FOLDER "/tmp"

/* ---- Opening -------------------------------------------------------------------------------- */

/* The folder with `.rmstore/` in it that `folder` (absolute, real) is in; NULL if there is none. */
static char *find_root(const char *folder)
{
    char *root = rmv_str_copy(folder);
    for (;;) {
        if (rmv_layout_is_root(root))
            return root;
        char *parent = rmv_path_parent(root);
        const bool is_top = strcmp(parent, root) == 0;
        rmv_str_free(&root);
        if (is_top) {
            rmv_str_free(&parent);
            return NULL;
        }
        root = parent;
    }
}

char *rmv_workspace_find(const char *folder)
{
    RMV_CLEANUP(rmv_str_free) char *here = realpath(folder, NULL);
    return here ? find_root(here) : NULL;
}

static const struct rmv_error *open_vcs(struct rmv_workspace *workspace)
{
    const struct rmv_error *err = rmv_vcs_open(workspace->root, &workspace->vcs);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL;
    if (err)
        return err;
    const char *top = rmv_vcs_root(workspace->vcs);
    if (!top) {
        rmv_vcs_close(&workspace->vcs);
        return NULL;
    }
    workspace->vcs_prefix = rmv_path_relative(top, workspace->root);
    return NULL;
}

/* Refuses what came with a clone and must not have. */
static const struct rmv_error *check_not_committed(const struct rmv_workspace *workspace,
                                                   const char *name, const char *why)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(workspace->vcs_prefix, name);
    bool is_committed = false;

    const struct rmv_error *err = rmv_vcs_is_entry(workspace->vcs, path, &is_committed);
    if (err || !is_committed)
        return err;
    return rmv_error_hint(rmv_error(RMV_ERR_DENIED, "'%s' is committed to Git: %s", path, why),
                          "look at it, then `git rm --cached '%s'`", path);
}

/* config.local counts for more than what a clone may set, so it must not have come with one, on its
 * own or in a submodule. */
static const struct rmv_error *check_config(const struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings local = {0};
    static const char why[] = "its settings are somebody else's";

    const struct rmv_strings *warnings = rmv_config_warnings(workspace->config);
    for (size_t i = 0; i < warnings->count; i++)
        rmv_log_write(workspace->log, RMV_LOG_WARNING, "%s", warnings->items[i]);

    rmv_config_list(workspace->config, RMV_CONFIG_LOCAL, &local);
    if (local.count == 0 || !workspace->vcs)
        return NULL;
    const struct rmv_error *err = check_not_committed(workspace, RMV_WORKSPACE_FOLDER, why);
    return err ? err : check_not_committed(workspace, RMV_WORKSPACE_FOLDER "/config.local", why);
}

/* The user may put the objects elsewhere by a link; somebody else may not. */
static const struct rmv_error *check_objects(const struct rmv_workspace *workspace)
{
    struct stat status;
    if (!workspace->vcs || fstatat(workspace->root_fd, RMV_WORKSPACE_FOLDER "/objects", &status,
                                   AT_SYMLINK_NOFOLLOW) < 0)
        return NULL;
    if (!S_ISLNK(status.st_mode))
        return NULL;
    return check_not_committed(workspace, RMV_WORKSPACE_FOLDER "/objects",
                               "the store would be where somebody else wants it");
}

static const struct rmv_error *open_parts(struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER);
    RMV_CLEANUP(rmv_str_free) char *index = rmv_path_join(folder, "index");
    RMV_CLEANUP(rmv_str_free) char *objects = NULL;

    workspace->root_fd = open(workspace->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (workspace->root_fd < 0)
        return rmv_error_errno("cannot open '%s'", workspace->root);
    const struct rmv_error *err = rmv_layout_check(folder);
    if (!err)
        err = open_vcs(workspace);
    if (!err)
        err = rmv_config_open(folder, &workspace->config);
    if (!err)
        err = check_config(workspace);
    if (!err)
        err = check_objects(workspace);
    if (!err)
        err = rmv_layout_find_objects(workspace, &objects);
    if (err)
        return err;

    mode_t shared_bits = 0;
    err = rmv_sharing_prepare(workspace, objects, &shared_bits);
    if (err)
        return err;
    const struct rmv_config *config = workspace->config;
    const int64_t threads = rmv_config_get_int(config, "core.threads", 0);
    const struct rmv_store_options options = {
        .no_fsync = !rmv_config_get_bool(config, "core.fsync", true),
        .compression_level = (int)rmv_config_get_int(config, "core.compression", 0),
        .threads = (unsigned)threads,
        .log = workspace->log,
        .shared_bits = shared_bits,
    };
    err = rmv_store_open(objects, &options, &workspace->store);
    if (!err)
        err = rmv_stat_index_open(index, &workspace->stat_index);
    if (!err)
        rmv_pool_open((size_t)threads, &workspace->pool);
    return err;
}

const struct rmv_error *rmv_workspace_open(const char *folder, struct rmv_log *log,
                                           struct rmv_workspace **workspace)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *opened = rmv_calloc(1, sizeof(*opened));
    RMV_CLEANUP(rmv_str_free) char *here = realpath(folder, NULL);

    opened->root_fd = -1;
    opened->log = log;
    if (!here)
        return rmv_error_errno("cannot open '%s'", folder);
    opened->root = find_root(here);
    if (!opened->root)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is not in an rmv workspace", here),
                              "`rmv init` makes one, here or in a folder above");
    opened->prefix = rmv_path_relative(opened->root, here);
    const struct rmv_error *err = open_parts(opened);
    if (err)
        return err;
    *workspace = opened;
    opened = NULL;
    return NULL;
}

void rmv_workspace_remember(struct rmv_workspace *workspace)
{
    const struct rmv_error *err =
        workspace->stat_index ? rmv_stat_index_write(workspace->stat_index) : NULL;
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_WARNING, "%s", err->message);
    err = rmv_outside_write(workspace->outside);
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_WARNING, "%s", err->message);
}

/* The workspace may be closed on the way out with an error, which is not to be written over. */
static void write_caches(struct rmv_workspace *workspace)
{
    struct rmv_error *pending = rmv_error_take(rmv_error_last());

    rmv_workspace_remember(workspace);
    const struct rmv_error *err = workspace->placed ? rmv_placed_write(workspace->placed) : NULL;
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_WARNING, "%s", err->message);
    rmv_error_raise(&pending);
}

void rmv_workspace_close(struct rmv_workspace **workspace)
{
    struct rmv_workspace *closed = *workspace;
    if (!closed)
        return;
    write_caches(closed);
    rmv_stat_index_close(&closed->stat_index);
    rmv_outside_close(&closed->outside);
    rmv_trees_free(&closed->trees);
    rmv_placed_close(&closed->placed);
    rmv_links_free(&closed->links);
    rmv_store_close(&closed->store);
    rmv_pool_close(&closed->pool);
    rmv_config_close(&closed->config);
    rmv_vcs_close(&closed->vcs);
    rmv_fd_close(&closed->root_fd);
    rmv_str_free(&closed->vcs_prefix);
    rmv_str_free(&closed->prefix);
    rmv_str_free(&closed->root);
    free(closed);
    *workspace = NULL;
}

/* ---- Making one ----------------------------------------------------------------------------- */

static const struct rmv_error *check_nesting(const char *folder, bool nested)
{
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(folder);
    RMV_CLEANUP(rmv_str_free) char *outer = find_root(parent);
    RMV_CLEANUP(rmv_str_free) char *git = rmv_path_join(folder, ".git");

    /* A repository of its own is none of the outer workspace's business: it cannot be added. */
    if (!outer || nested || strcmp(folder, "/") == 0 || rmv_fs_exists(git))
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "'%s' is inside the workspace '%s'", folder, outer),
        "`rmv add` works here as it is; --nested makes a workspace of its own");
}

static const struct rmv_error *check_git(const char *folder, bool no_scm)
{
    RMV_CLEANUP(rmv_vcs_close) struct rmv_vcs *vcs = NULL;

    if (no_scm)
        return NULL;
    const struct rmv_error *err = rmv_vcs_open(folder, &vcs);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is not in a Git repository", folder),
            "`git init` first, or `rmv init --no-scm` to do without versions of pointer files");
    if (!err && !rmv_vcs_root(vcs))
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is a Git repository without a work tree", folder),
            "`git clone` it, and `rmv init` in the clone");
    return err;
}

const struct rmv_error *rmv_workspace_init(const char *folder,
                                           const struct rmv_workspace_init_options *options)
{
    RMV_CLEANUP(rmv_str_free) char *here = realpath(folder, NULL);
    const struct rmv_error *err = NULL;

    if (!here)
        return rmv_error_errno("cannot open '%s'", folder);
    if (!rmv_layout_is_root(here)) {
        err = check_nesting(here, options->nested);
        if (!err)
            err = check_git(here, options->no_scm);
    }
    if (err)
        return err;
    return rmv_layout_create(here);
}

/* ---- Paths ---------------------------------------------------------------------------------- */

/* Resolves the links in as much of `path` (absolute, normalized) as exists. */
static char *resolve_links(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *existing = rmv_str_copy(path);
    for (;;) {
        RMV_CLEANUP(rmv_str_free) char *real = realpath(existing, NULL);
        if (real) {
            const char *rest = path + strlen(existing);
            return rmv_path_join(real, *rest == '/' ? rest + 1 : rest);
        }
        if (strcmp(existing, "/") == 0)
            return rmv_str_copy(path);
        char *parent = rmv_path_parent(existing);
        rmv_str_free(&existing);
        existing = parent;
    }
}

/* The last name stays as it is: a tracked path may itself be a link. */
static char *resolve_parents(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(path);
    RMV_CLEANUP(rmv_str_free) char *real = resolve_links(parent);
    return rmv_path_join(real, rmv_path_name(path));
}

const struct rmv_error *rmv_workspace_path(const struct rmv_workspace *workspace, const char *typed,
                                           char **path)
{
    RMV_CLEANUP(rmv_str_free) char *start = rmv_path_join(workspace->root, workspace->prefix);
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(start, typed);
    RMV_CLEANUP(rmv_str_free) char *absolute = rmv_path_normalize(joined);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(typed);

    if (*typed == '\0')
        return rmv_error(RMV_ERR_USAGE, "an empty path");
    if (!rmv_path_is_in(absolute, workspace->root)) {
        /* It may get here by way of a link, as from a home folder that is one. */
        char *real = resolve_parents(absolute);
        rmv_str_free(&absolute);
        absolute = real;
    }
    if (!rmv_path_is_in(absolute, workspace->root))
        return rmv_error_hint(rmv_error(RMV_ERR_DENIED, "'%s' is outside the workspace", quoted),
                              "the workspace is '%s'", workspace->root);

    RMV_CLEANUP(rmv_str_free) char *relative = rmv_path_relative(workspace->root, absolute);
    if (strcmp(relative, ".") != 0) {
        const struct rmv_error *err = rmv_path_check(relative);
        if (err)
            return err;
    }
    *path = relative;
    relative = NULL;
    return NULL;
}

char *rmv_workspace_typed(const struct rmv_workspace *workspace, const char *path)
{
    return rmv_path_relative(workspace->prefix, path);
}

const char *rmv_workspace_temporary(const struct rmv_workspace *workspace)
{
    (void)!mkdirat(workspace->root_fd, TEMPORARY_FOLDER, 0777);
    return TEMPORARY_FOLDER;
}

int rmv_workspace_open_temporary(const struct rmv_workspace *workspace)
{
    return openat(workspace->root_fd, rmv_workspace_temporary(workspace),
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What somebody left who was killed while he replaced a file. */
static void clear_temporaries(const struct rmv_workspace *workspace)
{
    static const char *const names[] = {TEMPORARY_FOLDER, RMV_WORKSPACE_FOLDER};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RMV_CLEANUP(rmv_fd_close)
        int fd =
            openat(workspace->root_fd, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            rmv_fs_clear_temporaries(fd);
    }
}

/* Packs and indexes that came with a clone may claim to hold what they do not: it would not be
 * stored, and a pointer would lead to nothing. */
static const struct rmv_error *check_own_store(const struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    bool is_tracked = false;

    if (!workspace->vcs)
        return NULL;
    path = rmv_path_join(workspace->vcs_prefix, RMV_WORKSPACE_FOLDER "/objects");
    if (rmv_vcs_is_tracked(workspace->vcs, path, &is_tracked) || !is_tracked)
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_DENIED,
                  "files in '%s' are committed to Git: what they claim to store "
                  "need not be there",
                  path),
        "`git rm -r --cached '%s'` if it is your own store; else `rm -rf` it as well", path);
}

const struct rmv_error *rmv_workspace_lock(const struct rmv_workspace *workspace,
                                           struct rmv_lock *lock)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER "/lock");
    const struct rmv_error *err = check_own_store(workspace);
    if (!err)
        err = rmv_lock_take(path, true, LOCK_WAIT_MS, lock);
    if (!err)
        clear_temporaries(workspace);
    return err;
}
