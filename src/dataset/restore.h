/* What the parts of restoring share; see rmv_dataset_restore(). restore.c prepares and sums up,
 * restore_check.c looks for data that would be lost, restore_odd.c deals with what cannot be
 * tracked, restore_apply.c walks through the differences, restore_queue.c has files written in
 * parallel, restore_new.c whole folders, and restore_file.c writes one file. */
#pragma once

#include <pthread.h>
#include <sys/stat.h>

#include "dataset/examine.h"
#include "dataset/placed.h"
#include "dataset/tree_join.h"
#include "rmv/base/map.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/ignore.h"

#define RMV_RESTORE_LISTED_MAX 20 /* paths named in a message */

/* The sides of the walk through one output. */
enum rmv_restore_side { RMV_SIDE_NOW, RMV_SIDE_WANTED, RMV_SIDE_PLACED, RMV_SIDES_COUNT };

/* One output to restore. */
struct rmv_restore_target {
    const struct rmv_output *output;
    struct rmv_tree_entry now, wanted, placed; /* type 0: nothing */
    bool is_link;                              /* the path itself is a symbolic link */
    bool has_memory;                           /* `placed` is known to be what it was */
    bool has_ignored;                          /* `now` has files that .rmvignore leaves out */
};

/* Paths that something is wrong with: some are named, all are counted. */
struct rmv_restore_list {
    struct rmv_strings named;
    size_t count;
};
void rmv_restore_list_add(struct rmv_restore_list *list, const char *path);

/* A file or link to write. */
struct rmv_restore_op {
    char *path; /* relative to the workspace */
    struct rmv_tree_entry entry;
    struct rmv_tree_entry now; /* what is at the path; type 0: nothing */
    bool replaces;             /* there is a file or link at the path */
    bool mode_only;            /* with the right content already */
    bool relinks;              /* the same, but perhaps of the wrong type */
};

struct rmv_restore {
    struct rmv_workspace *workspace;
    const struct rmv_restore_options *options;
    struct rmv_restore_report report;
    struct rmv_restore_target *targets;
    size_t targets_count;
    struct rmv_map outputs; /* paths of all outputs */
    struct rmv_odd odd;     /* in what is restored */

    const struct rmv_restore_target *target; /* the one being walked through */
    size_t doomed_size; /* of the path of the folder that a file takes the place of, plus 1; or 0 */
    char *doomed_file;  /* the temporary file that will be renamed to it, or NULL */
    struct rmv_placed *interrupted; /* what an earlier run was writing when it ended early */

    struct rmv_restore_list unsaved;
    struct rmv_ignore *ignore; /* the lines that hold in the folder asked about last */
    char *ignore_folder;

    struct rmv_restore_op *ops;
    struct rmv_store_batch *batch; /* of what links lead to, while ops are done */
    size_t ops_count, ops_capacity;
    struct rmv_restore_folder *new_folders; /* see restore_new.h */
    size_t new_folders_count, new_folders_capacity;

    pthread_mutex_t lock; /* for what follows */
    struct rmv_restore_list failed;
    enum rmv_error_code failure; /* of the worst */
    struct stat newest;          /* of the files written, the one changed last */
    bool has_newest;
};

/* The path of something in the target, relative to the workspace; the caller frees it. */
char *rmv_restore_path(const struct rmv_restore *restore, const char *inside);

/* Adds what would be lost to `unsaved`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_check(struct rmv_restore *restore);

/* Is `path` inside the target, and does .rmvignore leave it out? Such files stay. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_is_ignored(struct rmv_restore *restore, const char *path,
                                               bool is_folder, bool *is_ignored);

/* Removes what cannot be tracked and is in the target, if that is forced; otherwise it is kept. */
void rmv_restore_odd(struct rmv_restore *restore);

/* Makes the target what is wanted, as far as possible. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_apply(struct rmv_restore *restore);

/* Notes that a path could not be restored. Thread-safe. */
void rmv_restore_fail(struct rmv_restore *restore, const char *path, const struct rmv_error *err);

/* Queues a file or link; takes ownership of the op's path. Writes the queue when it is long. */
void rmv_restore_queue(struct rmv_restore *restore, const struct rmv_restore_op *op);

/* The file was just written. Called with the lock. */
void rmv_restore_note_newest(struct rmv_restore *restore, const struct stat *status);

/* Writes what is queued. */
void rmv_restore_flush(struct rmv_restore *restore);

/* Writes a file or link under a temporary name beside `path`, which the caller renames or removes,
 * and frees. Errors: of the store, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_write_aside(struct rmv_restore *restore, const char *path,
                                                const struct rmv_tree_entry *entry,
                                                char **temporary);

/* Removes a file, link or empty folder; a folder that is not empty stays. Errors: DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_remove(struct rmv_restore *restore, const char *path,
                                           bool is_folder);

/* Is the file at `path` still what was checked? Minutes may have passed. Errors: CONFLICT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_restore_check_still(const struct rmv_restore *restore, const char *path,
                                                const struct rmv_tree_entry *now);
