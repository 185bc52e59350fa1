/* What the parts of checking out share. checkout.c decides which data is wanted, checkout_sources.c
 * moves pointer and lock files, checkout_files.c the outputs that belong to Git. */
#pragma once

#include "rmv/dataset/checkout.h"

struct rmv_checkout {
    struct rmv_workspace *workspace;
    const struct rmv_checkout_options *options;
    struct rmv_checkout_report *report;
    char commit[RMV_VCS_ID_SIZE]; /* of the revision; "" without one */
    char *last_commit;            /* that an earlier checkout took, or NULL */
    struct rmv_tracked now;       /* what the workspace's own files say */
    struct rmv_tracked wanted;    /* what is to be; the same without a revision */
    struct rmv_strings restored;  /* pointer and lock files to take from the revision */
    struct rmv_strings removed;   /* those to remove */
    struct rmv_strings files;     /* of `cache: false` outputs, to take from the revision */
    struct rmv_outputs outputs;   /* data to restore, or of kind MISSING to remove */
    struct rmv_outputs parts;     /* the same for parts of outputs */
};

/* Is `path` to be touched: at, in or around one of the paths asked for? */
bool rmv_checkout_is_chosen(const struct rmv_checkout *checkout, const char *path);

/* Is it in a sorted list? */
bool rmv_checkout_has(const struct rmv_strings *sorted, const char *string);

/* Fills in `restored` and `removed`. Errors: CONFLICT (one of them was edited and not committed).
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_plan_sources(struct rmv_checkout *checkout);

/* Writes and removes them. */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_move_sources(struct rmv_checkout *checkout);

/* Fills in `files`. Errors: CONFLICT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_plan_files(struct rmv_checkout *checkout);
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_write_files(struct rmv_checkout *checkout);

/* Is what is in the workspace at `path` also in HEAD, in the last checkout's revision or in this
 * one's, or nothing? */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_is_committed(struct rmv_checkout *checkout, const char *path,
                                                  bool *is_committed);

/* Makes files of the workspace those of the revision, all at once, and adds those that were others
 * to `changed`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_take(struct rmv_checkout *checkout,
                                          const struct rmv_strings *paths,
                                          struct rmv_strings *changed);

/* The error for `paths` that are not committed, NULL if there are none. */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_refuse(const struct rmv_strings *paths);

/* The commit that the last checkout of a revision took. */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_read_last(struct rmv_checkout *checkout);
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout_write_last(struct rmv_checkout *checkout);
