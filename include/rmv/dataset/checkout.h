/* Checking out: the workspace's data becomes what pointer and lock files say, those of the
 * workspace or those of a Git revision, which are then put into the workspace too. HEAD stays where
 * it is. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/workspace.h"

struct rmv_checkout_options {
    const char *revision;            /* NULL: what the workspace's own pointer and lock files say */
    const struct rmv_strings *paths; /* only what is at, in or around them; empty: everything */
    bool force;                      /* give up unsaved data, and uncommitted pointers and locks */
    bool relink;                     /* also make files the type that cache.type says */
    bool check_only;                 /* find out whether anything stands against it */
    struct rmv_progress *progress;   /* may be NULL */
};

struct rmv_checkout_report {
    struct rmv_restore_report data;
    struct rmv_strings sources; /* pointer and lock files that were written or removed */
    struct rmv_strings files;   /* files of `cache: false` outputs that came from Git */
};
void rmv_checkout_report_free(struct rmv_checkout_report *report);

/* With a revision: its pointer and lock files, the data they name, and its `cache: false` outputs
 * are restored; pointer and lock files that HEAD has and the revision lacks are removed with their
 * data. Without: the data of outputs that nothing tracks any more, because Git switched to another
 * branch, is removed. Files that were never tracked stay.
 *
 * Errors: CONFLICT (uncommitted pointer or lock files, unsaved data: nothing was touched),
 * NOT_FOUND (a revision, a path that is not tracked), and those of rmv_dataset_restore(), after
 * which whatever could be done has been. */
RMV_MUST_CHECK
const struct rmv_error *rmv_checkout(struct rmv_workspace *workspace,
                                     const struct rmv_checkout_options *options,
                                     struct rmv_checkout_report *report);
