/* Garbage collection: removes from the store what nothing leads to any more. What leads to an
 * object: the pointer and lock files of every revision that Git keeps (references, reflogs, indexes
 * and HEADs of all work trees), those of all work trees as they are now, symbolic links in them,
 * and the run cache of the last 90 days; and all of that of every other project that uses the
 * store. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/store/store.h"

struct rmv_gc_options {
    int64_t grace_ns; /* packs modified less long ago stay */
    bool dry_run;
    bool repack; /* write packs anew that hold anything that goes */
    bool force;  /* go on where something cannot be known */
    /* Which part of our history counts; NULL: all that Git keeps. Work trees and run caches always
     * do, and all of other projects. */
    const struct rmv_vcs_scope *scope;
    const struct rmv_strings *projects; /* that count, too, whether they are known to use the store
                                           or not; may be NULL */
};

struct rmv_gc_report {
    struct rmv_store_gc_report store;
    struct rmv_strings unknown; /* sentences: what could not be known, if forced */
};
void rmv_gc_report_free(struct rmv_gc_report *report);

/* The caller frees `*report`. Where something cannot be known, nothing is removed unless forced.
 * Errors: NOT_FOUND (a revision of the scope), USAGE (a project that is no workspace), CONFLICT
 * (not everything is known: another project that uses the store cannot be looked at, say; outside
 * Git, where history is unknown), LOCKED, CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_gc(struct rmv_workspace *workspace,
                               const struct rmv_gc_options *options, struct rmv_gc_report *report);
