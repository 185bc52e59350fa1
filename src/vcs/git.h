/* What the files of this folder share: the handle, starting libgit2, and its errors as ours.
 * libgit2's own types go no further than this folder.
 *
 * Starting libgit2 costs milliseconds (it loads every certificate authority of the system), so it
 * is put off until the first question that only libgit2 can answer. */
#pragma once

#include <git2.h>

#include "rmv/vcs/vcs.h"

struct rmv_vcs {
    char *git_folder; /* where HEAD and the index are: .git, or what a .git file points at */
    char *root;       /* top of the work tree; NULL if the repository is bare */
    char *main_root;  /* top of the main work tree if this is a linked one, else NULL */
    char *opened;     /* what libgit2 is asked to open */
    git_repository *repository; /* NULL until the first question */
};

/* Starts libgit2 for this process, once; it is never stopped, since starting it again is dear. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_start(void);

/* Makes sure that vcs->repository is open. Errors: DENIED, UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_need(struct rmv_vcs *vcs);

/* libgit2's last error, which made it return `status`, as one of ours: "what: reason". */
const struct rmv_error *rmv_git_error(int status, const char *format, ...) RMV_PRINTF(2, 3);

/* Destructors for RMV_CLEANUP. */
void rmv_git_object_free(git_object **object);
void rmv_git_commit_free(git_commit **commit);
void rmv_git_tree_free(git_tree **tree);
void rmv_git_entry_free(git_tree_entry **entry);

/* The commit of that full hex id. Errors: NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_find_commit(struct rmv_vcs *vcs, const char *id,
                                            git_commit **commit);

/* Sets `*tree` to the tree of HEAD's commit, NULL if there is no commit yet. */
RMV_MUST_CHECK
const struct rmv_error *rmv_git_head_tree(struct rmv_vcs *vcs, git_tree **tree);

/* The parts of a commit that callers see. */
void rmv_git_describe(const git_commit *from, struct rmv_vcs_commit *to);
