/* Lineage: which run made a file, from what, and so on back to named sources, with every hash on
 * the way checked.
 *
 * The result is a graph of artifacts (a path with the content it had) and runs (records of stages
 * and adds). An artifact was made by at most one run and a run used any number of artifacts. Each
 * stands in the graph once, however many ways lead to it, and each has a status of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/record/record.h"
#include "rmv/vcs/vcs.h"

#define RMV_LINEAGE_NONE SIZE_MAX /* no index */

/* From good to bad; up to DIRTY the chain holds. */
enum rmv_lineage_status {
    RMV_LINEAGE_VERIFIED,   /* everything that was claimed is so */
    RMV_LINEAGE_DIRTY,      /* so far: what ran, or what it ran on, is in no commit yet */
    RMV_LINEAGE_UNRECORDED, /* nobody knows where it came from */
    RMV_LINEAGE_CHANGED,    /* two places that must agree do not */
    RMV_LINEAGE_MISSING,    /* an object is not in the store */
    RMV_LINEAGE_DAMAGED,    /* an object is not what its id says, or cannot be read */
};

/* "verified", …; lives for ever. */
const char *rmv_lineage_status_name(enum rmv_lineage_status status);

/* What makes an artifact known. */
enum rmv_lineage_origin {
    RMV_LINEAGE_BY_RUN,    /* an output of a run, or part of one */
    RMV_LINEAGE_BY_GIT,    /* a file that Git tracks: a source */
    RMV_LINEAGE_BY_PARTS,  /* a folder in which outputs of several runs lie */
    RMV_LINEAGE_BY_NOBODY, /* see its status and problems */
};

/* A list of indexes. All-zero is empty. */
struct rmv_lineage_indexes {
    size_t *items;
    size_t count, capacity;
};

struct rmv_lineage_artifact {
    char *path; /* relative to the workspace */
    bool is_tree;
    struct rmv_object_id id;
    uint64_t size, nfiles; /* bytes; files and links */
    enum rmv_lineage_origin origin;
    size_t run;                       /* that made it, or RMV_LINEAGE_NONE */
    struct rmv_lineage_indexes parts; /* artifacts, of a folder by parts */
    bool is_not_stored; /* `cache: false`: Git or the work tree has it, not the store */
    char *within;       /* the output it is a part of; NULL if it is one itself */
    char *listed_in;    /* its pointer or lock file, or NULL */
    char *commit;       /* hex of the commit whose files say so; NULL: the workspace's own */
    bool is_older;      /* the revision asked for has another version of it */
    enum rmv_lineage_status status;
    struct rmv_strings problems, notes; /* sentences without a full stop */
};

struct rmv_lineage_run {
    struct rmv_object_id id; /* of its record */
    bool is_readable;        /* the record could be read, and `record` is filled in */
    struct rmv_record record;
    char *stage, *listed_in;         /* the stage, "" for an add; the lock or pointer file */
    struct rmv_vcs_commit bound_to;  /* the first commit that names the record; id "" for none */
    struct rmv_lineage_indexes deps; /* artifacts, in the order of record.deps */
    enum rmv_lineage_status status;
    struct rmv_strings problems, notes;
};

struct rmv_lineage {
    struct rmv_lineage_artifact *artifacts; /* [0] is what was asked for */
    size_t artifacts_count, artifacts_capacity;
    struct rmv_lineage_run *runs;
    size_t runs_count, runs_capacity;
    char *revision;         /* as asked for; NULL for the workspace */
    bool is_quick;          /* contents of files were not hashed again */
    uint64_t objects_count; /* objects checked */
    uint64_t hashed_size;   /* bytes of file content that were hashed again */
};

struct rmv_lineage_options {
    const char *revision; /* the chain as of a revision; NULL for the workspace */
    bool quick;           /* check records, trees and that objects are there, not their content */
    struct rmv_progress *progress; /* may be NULL */
};

/* Follows `target` back to its sources. `target` is a path relative to the workspace, or the id of
 * an object in hex, or the unique start of one. The caller frees `*lineage`. That the chain does
 * not hold is no error: see rmv_lineage_status_of().
 * Errors: NOT_FOUND (no such path, object or revision), USAGE (a folder that is no output), those
 * of rmv_tracked_read(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_lineage_trace(struct rmv_workspace *workspace, const char *target,
                                          const struct rmv_lineage_options *options,
                                          struct rmv_lineage *lineage);
void rmv_lineage_free(struct rmv_lineage *lineage);

/* The worst status in the graph. */
enum rmv_lineage_status rmv_lineage_status_of(const struct rmv_lineage *lineage);

/* ---- Showing it ----------------------------------------------------------------------------- */

struct rmv_lineage_style {
    bool ascii;  /* no characters beyond ASCII for the lines */
    bool colors; /* ANSI colours */
    bool all;    /* every dependency and parameter, however many; otherwise long lists are cut */
};

/* Appends a tree for people; what was shown above is referred to, not repeated. */
void rmv_lineage_format_text(const struct rmv_lineage *lineage,
                             const struct rmv_lineage_style *style, struct rmv_buf *out);

/* Appends a JSON document; docs/LINEAGE.md lists its members. */
void rmv_lineage_format_json(const struct rmv_lineage *lineage, struct rmv_buf *out);

/* Appends a digraph in the language of Graphviz. */
void rmv_lineage_format_dot(const struct rmv_lineage *lineage, struct rmv_buf *out);
