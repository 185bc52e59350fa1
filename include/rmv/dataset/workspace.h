/* The workspace: the folder with `.rmstore/` in it, its store, its Git repository, and what of it
 * is tracked. Everything a command works with hangs on this handle. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/lock.h"
#include "rmv/base/log.h"
#include "rmv/base/pool.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/config.h"
#include "rmv/dataset/lock_file.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/stat_index.h"
#include "rmv/store/store.h"
#include "rmv/vcs/vcs.h"

#define RMV_WORKSPACE_FOLDER ".rmstore"
#define RMV_WORKSPACE_USERS_FOLDER "users" /* in a store: who uses it through cache.dir */

struct rmv_workspace {
    char *root;   /* absolute path */
    int root_fd;  /* for rmv_beneath_open() */
    char *prefix; /* where the program was started, relative to root; "." for root itself */
    struct rmv_config *config;
    struct rmv_store *store;
    struct rmv_vcs *vcs; /* NULL outside a Git repository */
    char *vcs_prefix; /* root relative to the top of the Git work tree; "." if they are the same */
    struct rmv_stat_index *stat_index;
    struct rmv_pool *pool;
    struct rmv_trees *trees;     /* trees hashed by this process and not stored; made when needed */
    struct rmv_placed *placed;   /* which outputs rmv put where they are; opened when needed */
    struct rmv_links *links;     /* files that are links into the store; made when needed */
    struct rmv_outside *outside; /* for rmv_outside_hash(); made when needed */
    struct rmv_log *log;         /* borrowed; may be NULL */
    /* Paths that are being made data: pointers, lock files and rmv.yaml in them that Git does not
     * track, and that were never ours, count as data already. Borrowed; NULL: none. */
    const struct rmv_strings *adding;
};

/* Creates `.rmstore/` in `folder`: objects/, an empty committed config, a .gitignore. Running it
 * again repairs what is missing and changes nothing else. Errors: CONFLICT (inside another
 * workspace, unless `nested` or in a repository of its own), USAGE (no Git repository, unless
 * `no_scm`), IO. */
struct rmv_workspace_init_options {
    bool no_scm, nested;
};
RMV_MUST_CHECK
const struct rmv_error *rmv_workspace_init(const char *folder,
                                           const struct rmv_workspace_init_options *options);

/* The root of the workspace that `folder` is in, or NULL; the caller frees it. */
char *rmv_workspace_find(const char *folder);

/* Opens the workspace that `folder` is in. Errors: USAGE (not in a workspace, hint `rmv init`),
 * UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_workspace_open(const char *folder, struct rmv_log *log,
                                           struct rmv_workspace **workspace);

/* Writes the stat index and the list of placed outputs back if they changed (a failure to do so is
 * only a warning) and closes. An error on its way up survives this. */
void rmv_workspace_close(struct rmv_workspace **workspace);

/* Writes the stat index back now, which closing would do; a failure is only a warning. To be called
 * when nothing in the workspace is being read or written. */
void rmv_workspace_remember(struct rmv_workspace *workspace);

/* Turns a path as the user typed it into one relative to the workspace ("." for its root).
 * Errors: DENIED (outside the workspace, inside .git or .rmstore). */
RMV_MUST_CHECK
const struct rmv_error *rmv_workspace_path(const struct rmv_workspace *workspace, const char *typed,
                                           char **path);

/* The other way: how the user would type it from where the program was started. */
char *rmv_workspace_typed(const struct rmv_workspace *workspace, const char *path);

/* The folder for temporary files, relative to the root, created if it can be: those in it that
 * nobody has locked go when somebody takes the workspace's lock. */
const char *rmv_workspace_temporary(const struct rmv_workspace *workspace);

/* Opens the folder where files of the workspace are written before they are renamed to their place;
 * -1 if it cannot be had. The caller closes it. */
int rmv_workspace_open_temporary(const struct rmv_workspace *workspace);

/* Excludes other processes from pointer and lock files, for the short time they change. Errors:
 * DENIED (files of the store came with the clone), LOCKED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_workspace_lock(const struct rmv_workspace *workspace,
                                           struct rmv_lock *lock);

/* ---- What is tracked ------------------------------------------------------------------------
 * All pointer files and lock files of the workspace, or of a revision of it. */

struct rmv_tracked {
    struct rmv_outputs outputs; /* all outs of pointers and stages, sorted by path */
    struct rmv_strings sources; /* sources.items[i]: the pointer or lock file of outputs.items[i] */
    struct rmv_strings stages;  /* stages.items[i]: the stage's name, or "" for a pointer's */
    struct rmv_lock_file *lock_files;
    size_t lock_files_count;
    struct rmv_strings pipelines; /* as of rmv_tracked_pipelines() */
};
void rmv_tracked_free(struct rmv_tracked *tracked);

/* `revision` NULL: the workspace's own files; otherwise those of a Git revision. Two sources that
 * claim overlapping paths are an error, and so is one that cannot be read, unless it is data.
 * Errors: CORRUPT, CONFLICT, NOT_FOUND (revision). */
RMV_MUST_CHECK
const struct rmv_error *rmv_tracked_read(struct rmv_workspace *workspace, const char *revision,
                                         struct rmv_tracked *tracked);

/* The same of the work tree, but for what is below `workspace->adding`: for whoever walks through
 * that anyway. */
RMV_MUST_CHECK
const struct rmv_error *rmv_tracked_read_around(struct rmv_workspace *workspace,
                                                struct rmv_tracked *tracked);

/* Adds the paths of the rmv.yaml files, the root's first, that are no tracked data; `revision` as
 * above. Errors: CORRUPT (a pointer or lock file), NOT_FOUND (revision), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_tracked_pipelines(struct rmv_workspace *workspace, const char *revision,
                                              struct rmv_strings *files);

/* The tracked output that `path` is, or is inside of; NULL if none. */
const struct rmv_output *rmv_tracked_find(const struct rmv_tracked *tracked, const char *path);
