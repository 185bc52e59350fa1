/* What the parts of adding share: add_check.c refuses what cannot be tracked, add_publish.c writes
 * records and pointers. */
#pragma once

#include "rmv/base/replace.h"
#include "rmv/dataset/add.h"

/* A pointer file to write. */
struct rmv_add_target {
    char *path;                       /* what is to be added, relative to the workspace */
    char *pointer;                    /* path of the pointer file */
    const struct rmv_output *tracked; /* what the pointer says, NULL if it is new; borrowed */
    struct rmv_output output;         /* what it is to say */
    bool is_inside;                   /* `path` is inside `tracked` and not the same */
};
void rmv_add_target_free(struct rmv_add_target *target);

/* Sets `*target` for `path`, with nothing saved yet. Errors: see rmv_add(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_add_check(struct rmv_workspace *workspace,
                                      const struct rmv_tracked *tracked, const char *path,
                                      struct rmv_add_target *target);

/* What the records of one command say alike. All-zero but for `source` at first. */
struct rmv_add_origin {
    const char *source;            /* where the data came from; NULL if it is where it was */
    const struct rmv_add_run *run; /* the command that made it, or NULL */
    bool is_described;             /* the rest is known */
    char *git_commit, *git_branch; /* of HEAD; NULL without */
    bool git_dirty;
};
void rmv_add_origin_free(struct rmv_add_origin *origin);

/* Puts a record of kind ADD into `batch` and names it in the output. Git is asked once for all
 * records of `origin`: whether anything differs from HEAD takes a look at every file. */
RMV_MUST_CHECK
const struct rmv_error *rmv_add_record(struct rmv_workspace *workspace,
                                       struct rmv_store_batch *batch, struct rmv_add_origin *origin,
                                       struct rmv_add_target *target);

/* Adds the pointer to those to be written if it does not say so already. The caller holds the
 * workspace's lock. Errors: CONFLICT (the pointer changed meanwhile), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_add_prepare(struct rmv_workspace *workspace,
                                        const struct rmv_add_target *target,
                                        struct rmv_replacements *pointers, bool *changed);
