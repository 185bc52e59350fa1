/* The project's Git history: reading any revision without touching the work tree (libgit2), and the
 * few questions about the work tree that the rest of the program asks. Nothing here writes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"

struct rmv_vcs;

/* The version of libgit2 that this process runs with, "1.5.1". Static text. */
const char *rmv_vcs_libgit2_version(void);

#define RMV_VCS_ID_SIZE 65 /* hex of SHA-1 or SHA-256, with the NUL */

struct rmv_vcs_commit {
    char id[RMV_VCS_ID_SIZE];
    int64_t time;  /* of the author, seconds since 1970 */
    char *author;  /* "Name <mail>" */
    char *summary; /* first line of the message */
};
void rmv_vcs_commit_free(struct rmv_vcs_commit *commit);

/* Finds the repository that `folder` is in (submodules and linked worktrees included). This is
 * cheap; the repository itself is opened by the first question that needs it, so every function
 * below may also fail with DENIED (safe.directory), UNSUPPORTED (SHA-256 object names, unknown
 * extensions) or IO. One thread at a time. Errors: NOT_FOUND (no repository), CORRUPT (a .git file
 * that leads nowhere), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_open(const char *folder, struct rmv_vcs **vcs);
void rmv_vcs_close(struct rmv_vcs **vcs);

/* The top folder of the work tree, absolute, no trailing slash; NULL for a bare repository. */
const char *rmv_vcs_root(const struct rmv_vcs *vcs);

/* The top folder of the main work tree if this is a linked one (`git worktree add`); NULL if it is
 * not, or there is no main one. */
const char *rmv_vcs_main_root(const struct rmv_vcs *vcs);

/* Adds the names of the linked work trees directly in `folder` (absolute) that Git knows of,
 * whether or not they are there, and for each the folder where Git keeps its state. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_linked_in(struct rmv_vcs *vcs, const char *folder,
                                          struct rmv_strings *names, struct rmv_strings *states);

/* Resolves a revision as `git rev-parse REV^{commit}` does. Errors: NOT_FOUND (unknown or
 * ambiguous, or no commit yet). */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_resolve(struct rmv_vcs *vcs, const char *revision,
                                        struct rmv_vcs_commit *commit);

/* Appends the content of `path` (relative to the top folder) in a commit.
 * Errors: NOT_FOUND, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_read(struct rmv_vcs *vcs, const char *commit_id, const char *path,
                                     size_t max_bytes, struct rmv_buf *out);

/* Adds the paths of all files in a commit for which `wanted(context, path)` is true, sorted. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_list(struct rmv_vcs *vcs, const char *commit_id,
                                     bool (*wanted)(void *context, const char *path), void *context,
                                     struct rmv_strings *paths);

/* Adds the paths of the files for which `wanted(context, path)` is true and that a commit adds,
 * changes or removes against its first parent, sorted. Equal folders are not looked into. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_list_changed(struct rmv_vcs *vcs, const char *commit_id,
                                             bool (*wanted)(void *context, const char *path),
                                             void *context, struct rmv_strings *paths);

/* Adds the names of what people call revisions: "HEAD" if there is a commit, then branches, remote
 * branches and tags by their short names, sorted. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_list_names(struct rmv_vcs *vcs, struct rmv_strings *names);

/* Adds what stands behind `prefix` ("refs/tags/", say) in the names of the references that begin
 * with it, sorted. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_list_references(struct rmv_vcs *vcs, const char *prefix,
                                                struct rmv_strings *names);

struct rmv_vcs_reference {
    char *name; /* whole, "refs/exps/…" */
    char id[RMV_VCS_ID_SIZE];
};

struct rmv_vcs_references {
    struct rmv_vcs_reference *items; /* sorted by name */
    size_t count, capacity;
};
void rmv_vcs_references_free(struct rmv_vcs_references *references);

/* Adds all references whose names start with `prefix` ("refs/exps/"). */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_find_references(struct rmv_vcs *vcs, const char *prefix,
                                                struct rmv_vcs_references *references);

/* Appends the whole message of a commit. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_read_message(struct rmv_vcs *vcs, const char *commit_id,
                                             struct rmv_buf *out);

/* A file that differs between two commits; an id is "" where there is none. */
struct rmv_vcs_difference {
    char *path; /* from the top folder */
    char before[RMV_VCS_ID_SIZE], after[RMV_VCS_ID_SIZE];
};

struct rmv_vcs_differences {
    struct rmv_vcs_difference *items; /* sorted by path */
    size_t count, capacity;
};
void rmv_vcs_differences_free(struct rmv_vcs_differences *differences);

/* Adds what differs between the trees of two commits (or two trees themselves), without looking for
 * renames. A file whose mode alone differs is one. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_compare(struct rmv_vcs *vcs, const char *before, const char *after,
                                        struct rmv_vcs_differences *differences);

/* Is the object at `path` in that commit (or tree) `id`? "" asks whether there is none. */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_has_version(struct rmv_vcs *vcs, const char *commit_id,
                                            const char *path, const char *id, bool *has);

/* Calls visit() for each commit reachable from `from` (NULL: from every ref), newest first in
 * topological order, until it returns an error or sets `*stop`. A shallow clone ends at its border.
 * If `path` is not NULL, only commits that change it against their first parent (or introduce it)
 * are visited. */
RMV_MUST_CHECK
const struct rmv_error *
rmv_vcs_walk(struct rmv_vcs *vcs, const char *from, const char *path,
             const struct rmv_error *(*visit)(void *context, const struct rmv_vcs_commit *commit,
                                              bool *stop),
             void *context);

/* ---- Everything that Git keeps --------------------------------------------------------------
 * For those who must not overlook anything: all commits that references, reflogs, HEADs and
 * operations under way lead to, and the indexes, of the main and of all linked work trees. */

struct rmv_vcs_keeper {
    bool (*wanted)(void *context, const char *path); /* a regular file, from the top folder */
    const struct rmv_error *(*found)(void *context, const char *path, const struct rmv_buf *text);
    /* Something is not known: a shallow clone ends, an object is missing. An error ends it all. */
    const struct rmv_error *(*unknown)(void *context, const char *message);
    void *context;
};

/* Calls found() once for each version of each wanted file, and unknown() for what cannot be read.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_visit_kept(struct rmv_vcs *vcs,
                                           const struct rmv_vcs_keeper *keeper);

/* Part of that: which commits count. With nothing set, none. */
struct rmv_vcs_scope {
    bool branches;    /* the last commit of each, remote ones included */
    bool tags;        /* what they are of */
    bool experiments; /* the references below refs/exps/ */
    bool commits;     /* all that references lead to */
    bool has_since;   /* all that references lead to and that were committed at `since` or later */
    int64_t since;    /* seconds since 1970 */
    const struct rmv_strings *revisions; /* may be NULL */
    size_t revisions_count; /* how many commits of each, it and its first parents; 0: as 1 */
};

/* The same for those commits. Errors: also NOT_FOUND (a revision). */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_visit_scope(struct rmv_vcs *vcs, const struct rmv_vcs_scope *scope,
                                            const struct rmv_vcs_keeper *keeper);

/* Adds the top folders of all work trees of the repository, our own first. One that is listed but
 * not there is told to unknown(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_list_work_trees(struct rmv_vcs *vcs,
                                                const struct rmv_vcs_keeper *keeper,
                                                struct rmv_strings *roots);

/* Is the path, or anything below it, in Git's index? */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_is_tracked(struct rmv_vcs *vcs, const char *path, bool *tracked);

/* Is the path itself in Git's index: a file, a link or a submodule? */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_is_entry(struct rmv_vcs *vcs, const char *path, bool *is_entry);

/* Does a .gitignore (or an exclude file) cover the path? */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_is_ignored(struct rmv_vcs *vcs, const char *path, bool is_folder,
                                           bool *ignored);

/* Does the work tree differ from HEAD in tracked files? */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_is_dirty(struct rmv_vcs *vcs, bool *dirty);

/* Would `path` (work tree) differ from its content in HEAD, or is it not in HEAD? */
RMV_MUST_CHECK
const struct rmv_error *rmv_vcs_is_modified(struct rmv_vcs *vcs, const char *path, bool *modified);

/* Git's core.sharedRepository, or NULL; the caller frees it. It is looked for only if the
 * repository's own config mentions it. */
char *rmv_vcs_shared_repository(struct rmv_vcs *vcs);

/* The name of the branch HEAD is on ("main"), or NULL when it is detached; the caller frees it. */
char *rmv_vcs_branch(struct rmv_vcs *vcs);
