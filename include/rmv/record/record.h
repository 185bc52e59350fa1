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

#define RMV_RECORD_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define RMV_RECORD_VALUES_MAX ((size_t)1024 * 1024) /* JSON values in one record */

/* How a thing came to be; each has its own buildType in the statement. */
enum rmv_record_kind { RMV_RECORD_STAGE, RMV_RECORD_ADD, RMV_RECORD_IMPORT };

/* A file or folder that was used or made. */
struct rmv_record_artifact {
    char *path;         /* relative to the workspace; bytes, escaped in the JSON where needed */
    bool is_tree;       /* its digest is written as rmvTree1, a file's as sha256 */
    bool is_executable; /* of a single file */
    bool no_cache;      /* recorded, but not stored by rmv (`cache: false`) */
    struct rmv_object_id id;
    uint64_t size, nfiles; /* bytes of all files together; files and links, 1 for a file */
};

struct rmv_record_artifacts {
    struct rmv_record_artifact *items;
    size_t count, capacity;
};

/* Adds an empty one; earlier pointers into the list become stale. */
struct rmv_record_artifact *rmv_record_artifacts_add(struct rmv_record_artifacts *artifacts);

/* The one at `path`, or NULL. */
const struct rmv_record_artifact *
rmv_record_artifacts_find(const struct rmv_record_artifacts *artifacts, const char *path);

struct rmv_record {
    enum rmv_record_kind kind;
    char *name;           /* of the stage, with its file ("rmv.yaml:train"); the path of an add */
    struct rmv_value cmd; /* string or list of strings; null for an add */
    struct rmv_value params;          /* map: file → map: dotted key → value; null for an add */
    char *source;                     /* of an add or import: where it came from, a path or URL */
    struct rmv_record_artifacts outs; /* the statement's subjects; a stage may have none */
    struct rmv_record_artifacts deps; /* resolved dependencies */
    struct rmv_object_id
        definition;               /* SHA-256 of the stage's canonical definition; zero for an add */
    char *invocation;             /* unique id of the run */
    int64_t started_ns, ended_ns; /* since 1970-01-01T00:00:00Z; written to the millisecond */
    int exit_status;
    char *host, *user, *system; /* node name, login, "Linux 6.1 x86_64" */
    char *tool_version;
    char *git_commit; /* hex of HEAD, or NULL */
    char *git_branch; /* or NULL; branch and dirtiness are kept only with a commit */
    bool git_dirty;   /* the work tree differed from the commit when it began */
};

void rmv_record_free(struct rmv_record *record);

/* Fills in who, where and with what: invocation, host, user, system, tool_version. */
void rmv_record_identify(struct rmv_record *record);

/* Sorts outs and deps by path. */
void rmv_record_sort(struct rmv_record *record);

/* Appends the JSON text, canonical: the same record always gives the same bytes. Outs and deps are
 * written in the order they have. */
void rmv_record_format(const struct rmv_record *record, struct rmv_buf *out);

/* Reads a statement of ours back; `*record` is written only on success and freed by the caller.
 * Every member must be known and of its type, every id and path proper, no path twice. `name` is
 * for messages. Errors: CORRUPT, DENIED (a path that leaves the workspace), LIMIT, UNSUPPORTED (a
 * statement, predicate or buildType that this version does not know). */
RMV_MUST_CHECK
const struct rmv_error *rmv_record_parse(const char *name, const char *text, size_t size,
                                         struct rmv_record *record);

/* Stores the record in `batch`; it is durable after the batch's commit. Errors: CORRUPT or DENIED
 * (what rmv_record_parse() would refuse, so that nothing unreadable is ever stored), LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_record_put(const struct rmv_record *record,
                                       struct rmv_store_batch *batch, struct rmv_object_id *id);

/* Reads a record from the store. Errors: NOT_FOUND, and those of rmv_record_parse() and
 * rmv_store_get(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_record_get(struct rmv_store *store, const struct rmv_object_id *id,
                                       struct rmv_record *record);
