/* What all commits of the project say about outputs and records: read once, by looking only at the
 * pointer and lock files that each commit changed. */
#pragma once

#include "rmv/base/map.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

/* One version of a pointer or lock file. */
struct rmv_version {
    size_t commit;   /* index: the commit that brought it in */
    char *listed_in; /* path of the file, relative to the workspace */
    struct rmv_outputs outputs;
    struct rmv_strings stages; /* stages.items[i]: of outputs.items[i]; "" for a pointer's */
};

struct rmv_versions {
    struct rmv_vcs_commit *commits; /* that changed any such file, newest first */
    size_t commits_count, commits_capacity;
    struct rmv_version *versions; /* newest first */
    size_t versions_count, versions_capacity;
    struct rmv_map records;  /* hex of a record → index + 1 of the oldest commit that names it */
    struct rmv_map contents; /* path and hex id → index + 1 of the newest version that lists it */
    struct rmv_strings unreadable; /* "FILE at COMMIT: why": versions that were left out */
};

/* Reads the history of all references. Without Git, or without a commit, it is empty. Errors: IO.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_versions_read(struct rmv_workspace *workspace,
                                          struct rmv_versions *history);
void rmv_versions_free(struct rmv_versions *history);

/* The oldest commit whose files name the record; NULL if none does. */
const struct rmv_vcs_commit *rmv_versions_find_binding(const struct rmv_versions *history,
                                                       const struct rmv_object_id *record);

/* The newest version that lists `path` with that content; NULL if none does. */
const struct rmv_version *rmv_versions_find_content(const struct rmv_versions *history,
                                                    const char *path,
                                                    const struct rmv_object_id *id);
