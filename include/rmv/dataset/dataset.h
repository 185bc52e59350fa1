/* Datasets: files and folders of the workspace as content in the store. Hashing, saving, restoring
 * and comparing outputs; everything the commands, the pipeline and lineage do with data goes
 * through here.
 *
 * Paths are relative to the workspace. Work on many files is done by the workspace's pool of
 * threads; nothing is read whose entry in the stat index is still good. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/dataset/output.h"
#include "rmv/dataset/workspace.h"

/* Sets `*output` to what is at `path` now, hashed but not stored; kind MISSING if nothing is there.
 * A path that is itself a symbolic link is followed; links inside a folder are content.
 * Errors: CONFLICT (a file changed while it was read), DENIED (below a linked folder),
 * USAGE (a FIFO, socket or device), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_hash(struct rmv_workspace *workspace, const char *path,
                                         struct rmv_progress *progress, struct rmv_output *output);

/* The same, and sets `*is_stored` to whether all that was found is in the store, according to its
 * index. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_look(struct rmv_workspace *workspace, const char *path,
                                         struct rmv_output *output, bool *is_stored);

/* What is to be saved. */
struct rmv_dataset_source {
    const char *path;
    const struct rmv_output *before; /* what was saved from there last, likely similar, or NULL */
    struct rmv_progress *progress;   /* may be NULL */
    /* Asked when everything was walked through, if there may be pointers, lock files or pipelines
     * inside: some were seen, or a folder was ignored. An error ends the saving. May be NULL. */
    const struct rmv_error *(*check_sources)(void *context);
    void *context;
};

/* As rmv_dataset_hash(), and the content is put into `batch`. It is acknowledged once the batch is
 * committed. What is known to be stored already is not read again. The workspace remembers that the
 * output is tracked data, which rmv checkout may remove again where no pointer or lock file names
 * it. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_save(struct rmv_workspace *workspace,
                                         struct rmv_store_batch *batch,
                                         const struct rmv_dataset_source *source,
                                         struct rmv_output *output);

/* The same for files that stay what they are, whatever type of link the workspace uses: because Git
 * has them, say. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_save_copy(struct rmv_workspace *workspace,
                                              struct rmv_store_batch *batch, const char *path,
                                              struct rmv_output *output);

/* Sets `*updated` to what the folder `whole` becomes when only `paths` inside it are taken from the
 * workspace as they are now: saved into `batch` (NULL: hashed only), or dropped where nothing is.
 * None of the paths lies in another. The rest of `whole` need not be in the workspace. A link at a
 * path is content. Errors: as above, NOT_FOUND (a path is neither there nor in `whole`; a tree is
 * not in the store). */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_update(struct rmv_workspace *workspace,
                                           struct rmv_store_batch *batch,
                                           const struct rmv_output *whole,
                                           const struct rmv_strings *paths,
                                           struct rmv_output *updated);

/* Is the content of `output`, with everything inside, in the store? */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_is_stored(struct rmv_workspace *workspace,
                                              const struct rmv_output *output, bool *stored);

/* ---- Comparing ------------------------------------------------------------------------------ */

enum rmv_change_kind {
    RMV_CHANGE_ADDED,
    RMV_CHANGE_MODIFIED,
    RMV_CHANGE_DELETED,
    RMV_CHANGE_RENAMED
};

struct rmv_change {
    enum rmv_change_kind kind;
    char *path;
    char *old_path; /* of a rename, otherwise NULL */
    uint64_t old_size, new_size;
    struct rmv_object_id old_id, new_id; /* zero where there is none; links and folders too */
};

struct rmv_changes {
    struct rmv_change *items; /* sorted by path */
    size_t count, capacity;
};
void rmv_changes_free(struct rmv_changes *changes);
void rmv_changes_count(const struct rmv_changes *changes, enum rmv_change_kind kind, size_t *count);

/* Turns additions and deletions of the same content into renames, and sorts by path: for changes of
 * several outputs taken together. */
void rmv_changes_find_renames(struct rmv_changes *changes);

/* Adds what differs, file by file, between two states of the same path; either may be MISSING.
 * Trees of the workspace's present state need not be in the store: hashing remembers them. Renames
 * are exact matches of content. Errors: NOT_FOUND (a tree that is not in the store). */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_compare(struct rmv_workspace *workspace,
                                            const struct rmv_output *old_state,
                                            const struct rmv_output *new_state,
                                            struct rmv_changes *changes);

/* ---- Restoring ------------------------------------------------------------------------------ */

struct rmv_restore_options {
    bool force;                    /* overwrite unsaved data and remove untracked files */
    bool partial;                  /* `outputs` are parts of what is tracked, not all of it */
    bool relink;                   /* also where the content is right: as cache.type says */
    bool check_only;               /* find out whether anything stands against it, touch nothing */
    struct rmv_progress *progress; /* may be NULL */
};

struct rmv_restore_report {
    uint64_t added, modified, deleted, unchanged; /* files */
    uint64_t relinked;                            /* of the same content, but another type */
    struct rmv_strings kept;                      /* untracked files left where they were */
    struct rmv_changes outputs; /* what was done, by output; an error may have ended it early */
    bool is_begun;              /* the checks were passed: data may have been touched */
};
void rmv_restore_report_free(struct rmv_restore_report *report);

/* Makes the workspace's data what `outputs` say. Checks everything first: unsaved modifications are
 * an error that lists them (CONFLICT) and nothing is touched. Afterwards each path is done as far
 * as possible; missing or damaged objects are named in the error (NOT_FOUND, CORRUPT) that is
 * returned at the end. An output of kind MISSING removes what is at its path, if that is saved.
 * Files in a tracked folder that were not tracked there before are kept. Nothing is written through
 * a link (DENIED; with force, the link itself is replaced). */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_restore(struct rmv_workspace *workspace,
                                            const struct rmv_output *outputs, size_t count,
                                            const struct rmv_restore_options *options,
                                            struct rmv_restore_report *report);

/* ---- Looking inside ------------------------------------------------------------------------- */

/* One entry of a stored tree. */
struct rmv_tree_item {
    const char *path; /* relative to the output, "" for the output itself */
    char type;        /* 'f' file, 'x' executable file, 'l' link, 'd' folder */
    uint64_t size;
    struct rmv_object_id id; /* a link's: of its target text */
};

/* Calls visit() for everything inside `output`, in order; a single file is one item with path "".
 */
RMV_MUST_CHECK
const struct rmv_error *
rmv_dataset_walk(struct rmv_workspace *workspace, const struct rmv_output *output,
                 const struct rmv_error *(*visit)(void *context, const struct rmv_tree_item *item),
                 void *context);

/* For those who check what they see. */
struct rmv_dataset_visitor {
    /* As above; clearing `*descend` leaves out what is inside a folder. */
    const struct rmv_error *(*visit)(void *context, const struct rmv_tree_item *item,
                                     bool *descend);
    /* The folder visited last (`path` "": the output itself) cannot be read. NULL goes on without
     * it, an error ends the walk; so does every such folder if this is NULL. */
    const struct rmv_error *(*unreadable)(void *context, const char *path,
                                          const struct rmv_error *err);
    void *context;
};
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_examine(struct rmv_workspace *workspace,
                                            const struct rmv_output *output,
                                            const struct rmv_dataset_visitor *visitor);

/* Finds `path` (relative to the workspace) inside `output`. Errors: NOT_FOUND. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_find(struct rmv_workspace *workspace,
                                         const struct rmv_output *output, const char *path,
                                         struct rmv_output *found);

/* ---- .gitignore ----------------------------------------------------------------------------- */

/* Could the line for `path` be added? To be asked before anything relies on it. Errors: DENIED (the
 * .gitignore is a link or no file), IO (not readable, or not writable). */
RMV_MUST_CHECK
const struct rmv_error *rmv_gitignore_check(struct rmv_workspace *workspace, const char *path);

/* Adds or removes the line for `path` in the .gitignore beside it (escaped as gitignore wants it);
 * nothing is written if it is already so, or there is no Git repository. Of many paths, each file
 * is written once, and one that is written gets the lines of `ahead` (may be NULL) that belong
 * there, too. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_gitignore_add(struct rmv_workspace *workspace, const char *path);
RMV_MUST_CHECK
const struct rmv_error *rmv_gitignore_add_all(struct rmv_workspace *workspace,
                                              const struct rmv_strings *paths,
                                              const struct rmv_strings *ahead);
RMV_MUST_CHECK
const struct rmv_error *rmv_gitignore_remove(struct rmv_workspace *workspace, const char *path);
