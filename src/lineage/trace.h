/* Building the graph, shared by the files that do it: trace.c follows dependencies, trace_run.c
 * finds runs and trace_artifact.c where an artifact comes from; check_run.c compares records with
 * pointers and lock files, check_source.c checks what Git tracks and parameters, check_content.c
 * checks objects. */
#pragma once

#include "lineage/ids.h"
#include "lineage/versions.h"
#include "rmv/base/map.h"
#include "rmv/lineage/lineage.h"

/* What is tracked in one revision, or in the workspace. */
struct rmv_lineage_view {
    char *commit; /* hex; NULL: the workspace */
    struct rmv_tracked tracked;
};

/* Where an output is listed. */
struct rmv_lineage_entry {
    const struct rmv_lineage_view *view;
    const struct rmv_output *output;
    const char *listed_in;               /* pointer or lock file */
    const char *stage;                   /* "" for a pointer's */
    const struct rmv_lock_stage *locked; /* NULL for a pointer's */
    struct rmv_object_id record;         /* zero if unknown */
};

struct rmv_trace {
    struct rmv_workspace *workspace;
    const struct rmv_lineage_options *options;
    struct rmv_lineage *lineage;
    struct rmv_versions history;
    struct rmv_lineage_view *views; /* [0] is the one asked for; adding one moves them */
    size_t views_count, views_capacity;
    struct rmv_map artifacts; /* "ID PATH" → index + 1 */
    struct rmv_map runs;      /* hex id of the record → index + 1 */
    struct rmv_map compared;  /* records compared with the entries of a view */
    size_t *run_views;        /* of each run: index of the view it was found in */
    size_t run_views_capacity;
};

/* Adds a sentence and makes the status at least as bad. */
void rmv_trace_blame_artifact(struct rmv_lineage_artifact *artifact, enum rmv_lineage_status status,
                              const char *format, ...) RMV_PRINTF(3, 4);
void rmv_trace_blame_run(struct rmv_lineage_run *run, enum rmv_lineage_status status,
                         const char *format, ...) RMV_PRINTF(3, 4);

/* The status that goes with an error about an object. */
enum rmv_lineage_status rmv_trace_status_of(const struct rmv_error *err);

/* For walks that do not mind folders that cannot be read: somebody else says so. */
const struct rmv_error *rmv_trace_pass_over(void *context, const char *path,
                                            const struct rmv_error *err);

/* What the commit (NULL: the workspace) tracks; read once. `*index` is its place in `views`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_open_view(struct rmv_trace *trace, const char *commit,
                                            size_t *index);
void rmv_trace_free_view(struct rmv_lineage_view *view);

/* Where an output of a view is listed; what is found lives as long as what the view tracks. */
void rmv_trace_find_entry(const struct rmv_lineage_view *view, const struct rmv_output *output,
                          struct rmv_lineage_entry *entry);

/* The index of the run that the entry of a view names, added if it is new. */
size_t rmv_trace_add_run(struct rmv_trace *trace, size_t view,
                         const struct rmv_lineage_entry *entry);

/* The index of the artifact of that path and id, added if it is new: then it is to be settled. */
size_t rmv_trace_add_artifact(struct rmv_trace *trace, const struct rmv_record_artifact *claim,
                              bool *is_new);
void rmv_trace_add_index(struct rmv_lineage_indexes *indexes, size_t index);

struct rmv_trace_places;

/* Finds out where a new artifact comes from, as of a view; `places` is where sources are. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_settle(struct rmv_trace *trace, size_t view, size_t index,
                                         const struct rmv_trace_places *places);

/* Compares a run with the entry that names it: is everything the lock or pointer file says what the
 * record says? */
void rmv_trace_compare(const struct rmv_lineage_entry *entry, struct rmv_lineage_run *run);

/* Where the code and parameters of a run may have come from: commits in order of trust. */
struct rmv_trace_places {
    const char *commits[4]; /* hex ids; NULL where there is none */
    const char *bound_to;   /* the first of them, if it is the one the run is bound to */
    bool has_workspace;     /* and, last, the workspace as it is */
};
struct rmv_trace_places rmv_trace_places_of(const struct rmv_trace *trace, size_t run);

/* Looks for an artifact in Git and, where `places` allows, in the work tree, and sets its origin,
 * status and commit. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_check_source(struct rmv_trace *trace,
                                               const struct rmv_trace_places *places,
                                               struct rmv_lineage_artifact *artifact);

/* The same for an output that rmv records, but does not store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_check_kept(struct rmv_trace *trace,
                                             struct rmv_lineage_artifact *artifact);

/* Are the parameters of a run those of the commit it is bound to? */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_check_params(struct rmv_trace *trace, size_t run);

/* Checks the objects of all artifacts that the store keeps. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_check_contents(struct rmv_trace *trace);

/* Reads a file of a commit, by its path in the workspace. Errors: NOT_FOUND, LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_trace_read_committed(struct rmv_trace *trace, const char *commit,
                                                 const char *path, struct rmv_buf *out);
