/* A tracked output: a file or folder in the workspace and the content it had when it was saved.
 * This is what pointer files and lock files list. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/store/object_id.h"

enum rmv_output_kind {
    RMV_OUTPUT_MISSING, /* nothing at the path */
    RMV_OUTPUT_BLOB,    /* a file */
    RMV_OUTPUT_TREE,    /* a folder */
};

/* All-zero is empty and has kind MISSING; rmv_output_free() accepts it. */
struct rmv_output {
    char *path; /* relative to the workspace, see base/path.h */
    enum rmv_output_kind kind;
    struct rmv_object_id id;
    uint64_t size;               /* bytes, of all files together */
    uint64_t nfiles;             /* files and links; 1 for a file */
    bool is_executable;          /* of a single file; in trees the entries say it */
    bool no_cache;               /* `cache: false`: recorded, but not stored by rmv */
    struct rmv_object_id record; /* of the run that made it; zero if unknown */
    struct rmv_value extra; /* a map of members we do not know, kept when they are written again */
};

void rmv_output_free(struct rmv_output *output);
void rmv_output_copy(struct rmv_output *to, const struct rmv_output *from);

/* Same kind, content and exec bit? Paths and records aside. */
bool rmv_output_equal(const struct rmv_output *a, const struct rmv_output *b);

struct rmv_outputs {
    struct rmv_output *items;
    size_t count, capacity;
};
void rmv_outputs_free(struct rmv_outputs *outputs);
struct rmv_output *rmv_outputs_add(struct rmv_outputs *outputs); /* a new empty one */
struct rmv_output *rmv_outputs_find(const struct rmv_outputs *outputs, const char *path);

/* One entry of `outs:` or `deps:`: {path, sha256, kind, size, nfiles, isexec, cache, record}; in
 * the document, paths are relative to `folder`, and may start with "../" as long as they stay in
 * the workspace. A path that is not UTF-8 is written percent-encoded as `path-bytes` instead. An
 * entry without sha256 is of kind MISSING. `name` is the document's, for messages "NAME:LINE:COL:
 * …". Errors: CORRUPT, DENIED (a path that leaves the workspace), UNSUPPORTED (another hash). */
RMV_MUST_CHECK
const struct rmv_error *rmv_output_parse(const char *name, const char *folder,
                                         const struct rmv_value *entry, struct rmv_output *output);

/* Sets `entry` to a map whose members are always in the same order. */
void rmv_output_format(const struct rmv_output *output, const char *folder,
                       struct rmv_value *entry);
