/* What the project needs from its store: everything that pointer files, lock files and records of
 * the workspace and of all Git revisions lead to. Is it all there and sound, and if not, which
 * data of which revisions is hit? Objects that nothing leads to are nobody's concern. */
#pragma once

#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/progress.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/store/store.h"

enum rmv_reach_kind {
    RMV_REACH_MISSING,    /* an object is not in the store */
    RMV_REACH_DAMAGED,    /* an object is not what its id says */
    RMV_REACH_UNREADABLE, /* a pointer, lock file or record cannot be understood */
    RMV_REACH_STORE,      /* the store has something wrong with it that hits no object in use */
};

/* One path that leads to what is wrong. */
struct rmv_reach_use {
    char *path;               /* relative to the workspace */
    bool in_workspace;        /* its own files lead to it */
    struct rmv_strings names; /* "HEAD", branches and tags that do */
    size_t revisions_count;   /* commits that brought in a version that does */
    char *revision;           /* the newest of them, hex, or NULL */
};

struct rmv_reach_problem {
    enum rmv_reach_kind kind;
    struct rmv_object_id id; /* zero if it is no object */
    char *what;              /* "file", "folder", "record", or the path of a pointer or lock file */
    char *pack;              /* file name of the pack at fault, or NULL */
    char *message;           /* what is wrong, if there is more to say; or NULL */
    bool is_accepted;        /* the user knows: see rmv_store_accept_loss() */
    struct rmv_reach_use *uses; /* sorted by path */
    size_t uses_count, uses_capacity;
};

struct rmv_reach {
    uint64_t outputs_count;  /* different contents of outputs */
    uint64_t versions_count; /* of pointer and lock files in the history */
    uint64_t objects_count;  /* that are in use */
    struct rmv_reach_problem *problems;
    size_t problems_count, problems_capacity;
    size_t accepted_count; /* of the problems */
};

/* Checks everything. `store` is what rmv_store_fsck() found, or NULL to only look whether files are
 * there. The caller frees `*reach`. Damage is listed, not returned. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_reach_check(struct rmv_workspace *workspace,
                                        const struct rmv_store_fsck *store,
                                        struct rmv_reach *reach);
void rmv_reach_free(struct rmv_reach *reach);

/* Accepts that all objects among the problems are lost, instead of what was accepted before, and
 * marks these problems. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_reach_accept(struct rmv_workspace *workspace, struct rmv_reach *reach);
