/* Reading one file of the workspace: its id, and its bytes into the store where asked for. */
#pragma once

#include <stdint.h>

#include "dataset/tree.h"
#include "rmv/base/progress.h"
#include "rmv/dataset/workspace.h"

struct rmv_content_source {
    int folder_fd;    /* where `name` starts from */
    const char *name; /* may have folders in it, none of which may be a link */
    bool follow_link; /* of a bare name: where it may lead is the user's business */
    const char *path; /* relative to the workspace: for messages and the stat index */
};

struct rmv_content_reader {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch; /* NULL: hash only */
    struct rmv_progress *progress; /* may be NULL */
    struct rmv_buf buf;            /* one reader per thread */
};
void rmv_content_reader_free(struct rmv_content_reader *reader);

/* Sets type, size and id of `*entry`, and tells the stat index. A file that changes while it is
 * read is read once more. Errors: CONFLICT (it changed again, or is no file any more), NOT_FOUND,
 * DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_content_read(struct rmv_content_reader *reader,
                                         const struct rmv_content_source *source,
                                         struct rmv_tree_entry *entry);

/* 'f' or 'x' for a file, 'l', 'd', or 0 for what cannot be tracked. */
char rmv_content_type(mode_t mode);
