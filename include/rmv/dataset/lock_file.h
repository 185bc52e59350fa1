/* rmv.lock: what every stage of the rmv.yaml beside it was run with, and what came out. The shape
 * is that of dvc.lock, with `sha256` in place of `md5` and the id of the run's record:
 *
 *     schema: '2.0'
 *     stages:
 *       train:
 *         cmd: recomart train
 *         deps:
 *         - {path: data/features, sha256: …, kind: tree, size: …, nfiles: …}
 *         params:
 *           params.yaml:
 *             train.rank: 10
 *         outs:
 *         - {path: data/models/model.bin, sha256: …, kind: blob, size: …}
 *         record: 5f3a…
 */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/dataset/output.h"

#define RMV_LOCK_FILE_NAME "rmv.lock"

struct rmv_lock_stage {
    char *name;
    struct rmv_value cmd;    /* a string or a list of strings */
    struct rmv_value params; /* map: parameter file → map: dotted key → value */
    struct rmv_outputs deps, outs;
    struct rmv_object_id record; /* zero if unknown */
    struct rmv_value extra;      /* members we do not know, kept as they are */
    char *text;                  /* see rmv_lock_file_remember(); or NULL */
};

struct rmv_lock_file {
    char *path;                    /* relative to the workspace */
    struct rmv_lock_stage *stages; /* sorted by name */
    size_t count, capacity;
    struct rmv_value extra; /* members of the document we do not know, kept as they are */
    bool is_tidy;           /* for who publishes stages: it has no stage and no output that
                               its pipeline does not declare; false when it has been parsed */
};

void rmv_lock_stage_free(struct rmv_lock_stage *stage);
void rmv_lock_file_free(struct rmv_lock_file *lock);

/* `path` is the lock file's own, relative to the workspace: the paths inside are relative to its
 * folder. An empty text is an empty lock file.
 * Errors: CORRUPT (file:line:column), UNSUPPORTED (a newer schema), DENIED (hostile paths). */
RMV_MUST_CHECK
const struct rmv_error *rmv_lock_file_parse(const char *path, const char *text, size_t size,
                                            struct rmv_lock_file *lock);
void rmv_lock_file_format(const struct rmv_lock_file *lock, struct rmv_buf *out);

/* Keeps with every stage how it is formatted, for those who format a lock file again and again: a
 * pipeline's is written once per stage that ran. From then on whoever changes a stage has to call
 * rmv_lock_stage_forget(). */
void rmv_lock_file_remember(struct rmv_lock_file *lock);
void rmv_lock_stage_forget(struct rmv_lock_stage *stage);

struct rmv_lock_stage *rmv_lock_file_find(const struct rmv_lock_file *lock, const char *name);

/* The stage of that name, added if it is new; pointers to other stages become stale. */
struct rmv_lock_stage *rmv_lock_file_add(struct rmv_lock_file *lock, const char *name);
void rmv_lock_file_remove(struct rmv_lock_file *lock, const char *name);
