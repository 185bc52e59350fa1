/* Reading one file of the workspace: its id, and its bytes into the store where asked for. */
#pragma once

#include <stdint.h>
#include <sys/stat.h>

#include "dataset/earlier.h"
#include "dataset/stat_pending.h"
#include "dataset/tree.h"
#include "rmv/base/progress.h"
#include "rmv/dataset/workspace.h"

#define RMV_CONTENT_SMALL_MAX ((size_t)64 * 1024) /* for rmv_content_read_small() */

struct rmv_content_source {
    int folder_fd;
    const char *name; /* in that folder, without a slash */
    bool follow_link; /* where it may lead is the user's business */
    const char *path; /* relative to the workspace: for messages and the stat index */
};

/* A small file that was read, and is stored together with others. */
struct rmv_content_held {
    size_t offset, size; /* of what was read */
    size_t path_offset;
    struct stat status;
    void *place;
};

struct rmv_content_reader {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;  /* NULL: hash only */
    struct rmv_progress *progress;  /* may be NULL */
    bool keeps_files;               /* none of them is to become a link */
    struct rmv_earlier *earlier;    /* what was there before; may be NULL */
    struct rmv_buf buf;             /* one reader per thread */
    struct rmv_stat_pending learnt; /* for the stat index */
    struct rmv_content_held held[RMV_STORE_GROUP_MAX];
    size_t held_count;
    struct rmv_buf held_bytes, held_paths;
    /* Told what was found out of each file that was held; needed for these only. */
    void (*done)(void *context, void *place, const struct rmv_tree_entry *entry);
    void *context;
};
void rmv_content_reader_free(struct rmv_content_reader *reader);

/* Tells the stat index what was read since the last time. Freeing does so, too. */
void rmv_content_reader_tell(struct rmv_content_reader *reader);

/* Sets type, size and id of `*entry`, and has the stat index told. A file that changes while it is
 * read is read once more. Errors: CONFLICT (it changed again, or is no file any more), NOT_FOUND,
 * DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_content_read(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source,
                                         struct rmv_tree_entry *entry);

/* The same for a file of up to RMV_CONTENT_SMALL_MAX bytes. Of a larger one `*is_small` is false,
 * and only the size is set. */
RMV_MUST_CHECK
const struct rmv_error *rmv_content_read_small(struct rmv_content_reader *reader,
                                               const struct rmv_content_source *source,
                                               struct rmv_tree_entry *entry, bool *is_small);

/* Reads a small file with as few calls as can be, to be put with others: done() then gets what
 * rmv_content_read() would find, and `place`. A file that is large, or was changed too lately for
 * that to be safe, is not held, which `*is_held` tells: it is left to the functions above. Errors:
 * as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_content_hold(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source, void *place,
                                         bool *is_held);

/* Puts what is held still. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_content_put_held(struct rmv_content_reader *reader);

/* 'f' or 'x' for a file, 'l', 'd', or 0 for what cannot be tracked. */
char rmv_content_type(mode_t mode);
