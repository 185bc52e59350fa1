/* `.rmvignore`: which files and folders inside tracked data do not count. The syntax is that of
 * gitignore(5), and so is what it means: a file in any folder of the workspace speaks of what is in
 * and below that folder; the last line that matches decides, inner files coming after outer ones;
 * `!` takes something in again, unless a folder around it is left out.
 *
 * What is left out is neither saved nor compared, and restoring leaves it alone. A path that is
 * tracked itself counts whatever the lines say: they are asked about what is in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

#define RMV_IGNORE_FILE_NAME ".rmvignore"
#define RMV_IGNORE_BYTES_MAX ((size_t)1024 * 1024)

/* One line. */
struct rmv_ignore_rule {
    const char *file;    /* the .rmvignore, relative to the workspace */
    unsigned long line;  /* from 1 */
    const char *text;    /* as it stands in the file */
    const char *pattern; /* without `!` and the slashes at its ends */
    bool is_negated;     /* takes in again */
    bool is_anchored;    /* from the file's folder on; otherwise a name at any depth */
    bool is_for_folders; /* matches nothing else */
};

/* The lines that hold in one folder: of its file and of those in the folders above. NULL is the
 * empty state: there are none. One thread at a time. */
struct rmv_ignore;
void rmv_ignore_close(struct rmv_ignore **ignore);

/* Another reference to the same lines, to be closed too. */
struct rmv_ignore *rmv_ignore_share(struct rmv_ignore *ignore);

/* Reads the files of `folder` (relative to the workspace) and of all folders above it. A file that
 * is a link or no file does not count, with a warning. Errors: LIMIT (longer than
 * RMV_IGNORE_BYTES_MAX), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ignore_open(const struct rmv_workspace *workspace, const char *folder,
                                        struct rmv_ignore **ignore);

/* `*ignore` holds in the folder above `folder`; afterwards it holds in the open folder `folder_fd`,
 * at `folder`. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ignore_enter(struct rmv_log *log, int folder_fd, const char *folder,
                                         struct rmv_ignore **ignore);

/* The line that decides about `path`, which is in the folder that `ignore` holds in or below it,
 * without looking at the folders it is in; NULL if none matches. It lives as long as `ignore`. */
const struct rmv_ignore_rule *rmv_ignore_find(const struct rmv_ignore *ignore, const char *path,
                                              bool is_folder);

/* Is `path` to be left out? */
bool rmv_ignore_covers(const struct rmv_ignore *ignore, const char *path, bool is_folder);

/* What decides about a path, wherever it is: the line that leaves out a folder around it, or the
 * one that matches it. */
struct rmv_ignore_verdict {
    struct rmv_ignore *ignore;          /* owns the rule */
    const struct rmv_ignore_rule *rule; /* NULL: none matches */
    bool is_ignored;
};
void rmv_ignore_verdict_free(struct rmv_ignore_verdict *verdict);

/* `path` (relative to the workspace) need not exist; with a slash at its end it is taken for a
 * folder. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ignore_check(const struct rmv_workspace *workspace, const char *path,
                                         struct rmv_ignore_verdict *verdict);
