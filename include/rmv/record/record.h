/* Records: what happened, as an immutable JSON object in the store. Each is an in-toto Statement v1
 * (https://in-toto.io/Statement/v1) whose predicate is SLSA provenance v1
 * (https://slsa.dev/provenance/v1), readable by standard tools as it is. docs/FORMATS.md lists
 * every member. A run of a stage leaves one, and so does `rmv add`, so every path ends at a named
 * source. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/store/store.h"

#define RMV_RECORD_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* How a thing came to be; each has its own buildType in the statement. */
enum rmv_record_kind { RMV_RECORD_STAGE, RMV_RECORD_ADD, RMV_RECORD_IMPORT };

/* A file or folder that was used or made. */
struct rmv_record_artifact {
    char *path;   /* relative to the workspace; bytes, escaped in the JSON where needed */
    bool is_tree; /* its digest is written as rmvTree1, a file's as sha256 */
    struct rmv_object_id id;
    uint64_t size, nfiles;
};

struct rmv_record_artifacts {
    struct rmv_record_artifact *items;
    size_t count, capacity;
};
struct rmv_record_artifact *rmv_record_artifacts_add(struct rmv_record_artifacts *artifacts);

struct rmv_record {
    enum rmv_record_kind kind;
    char *name;           /* of the stage, with its file ("rmv.yaml:train"); the path of an add */
    struct rmv_value cmd; /* string or list of strings; null for an add */
    struct rmv_value params;          /* file → dotted key → value */
    char *source;                     /* of an add or import: where it came from, a path or URL */
    struct rmv_record_artifacts outs; /* the statement's subjects */
    struct rmv_record_artifacts deps; /* resolved dependencies */
    struct rmv_object_id
        definition;   /* SHA-256 of the stage's canonical definition; zero for an add */
    char *invocation; /* unique id of the run */
    int64_t started_ns, ended_ns;
    int exit_status;
    char *host, *user, *system; /* node name, login, "Linux 6.1 x86_64" */
    char *tool_version;
    char *git_commit; /* hex of HEAD, or NULL */
    char *git_branch; /* or NULL */
    bool git_dirty;
};

void rmv_record_free(struct rmv_record *record);

/* Fills in who, where and with what: invocation, host, user, system, tool_version. */
void rmv_record_identify(struct rmv_record *record);

/* The JSON text, canonical: the same record always gives the same bytes. */
void rmv_record_format(const struct rmv_record *record, struct rmv_buf *out);

/* Reads a statement of ours back. Errors: CORRUPT, UNSUPPORTED (a buildType or version we do not
 * know). `name` is for messages. */
RMV_MUST_CHECK
const struct rmv_error *rmv_record_parse(const char *name, const char *text, size_t size,
                                         struct rmv_record *record);

/* Stores the record in `batch`; it is durable after the batch's commit. */
RMV_MUST_CHECK
const struct rmv_error *rmv_record_put(const struct rmv_record *record,
                                       struct rmv_store_batch *batch, struct rmv_object_id *id);

/* Errors: NOT_FOUND, CORRUPT, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_record_get(struct rmv_store *store, const struct rmv_object_id *id,
                                       struct rmv_record *record);
