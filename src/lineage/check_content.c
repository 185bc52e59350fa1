#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/trace.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

#define NAMED_MAX 10 /* files named for one artifact */

/* Two passes. The first makes a list of all files' contents in the order of the folders, where
 * neighbours lie in one frame of a pack, and checks it with all threads; only if something is
 * wrong does the second look for who has it. */
struct content_check {
    struct rmv_trace *trace;
    struct rmv_ids trees, blobs;
    struct rmv_ids bad;                    /* blobs */
    enum rmv_lineage_status *bad_statuses; /* of bad.items[i] */
    size_t bad_capacity;
    uint64_t hashed_size;
    int null_fd;                           /* where content goes that is only hashed */
    pthread_mutex_t lock;                  /* of everything from `bad` on */
    struct rmv_lineage_artifact *artifact; /* being walked through */
    size_t named_count;
};

static void free_check(struct content_check *check)
{
    rmv_ids_free(&check->trees);
    rmv_ids_free(&check->blobs);
    rmv_ids_free(&check->bad);
    free(check->bad_statuses);
    rmv_fd_close(&check->null_fd);
    pthread_mutex_destroy(&check->lock);
}

static char *path_inside(const struct rmv_lineage_artifact *artifact, const char *path)
{
    RMV_CLEANUP(rmv_str_free)
    char *joined = *path ? rmv_path_join(artifact->path, path) : rmv_str_copy(artifact->path);
    return rmv_path_quote(joined);
}

/* ---- First pass: is everything there, and what it should be? -------------------------------- */

/* Folders of the workspace can be looked into without the store, so that is asked by itself. */
static void check_tree(struct content_check *check, const struct rmv_object_id *id,
                       const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *name = path_inside(check->artifact, path);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(id, hex);
    if (!rmv_store_has(check->trace->workspace->store, id))
        rmv_trace_blame_artifact(check->artifact, RMV_LINEAGE_MISSING,
                                 "folder '%s': object %s is not in the store", name, hex);
}

static const struct rmv_error *collect_item(void *context, const struct rmv_tree_item *item,
                                            bool *descend)
{
    struct content_check *check = context;
    if (item->type == 'd') {
        *descend = rmv_ids_add(&check->trees, &item->id);
        check_tree(check, &item->id, item->path);
    } else {
        rmv_ids_add(&check->blobs, &item->id);
    }
    return NULL;
}

static const struct rmv_error *blame_tree(void *context, const char *path,
                                          const struct rmv_error *err)
{
    struct content_check *check = context;
    RMV_CLEANUP(rmv_str_free) char *name = path_inside(check->artifact, path);
    if (err->code != RMV_ERR_NOT_FOUND) /* said already */
        rmv_trace_blame_artifact(check->artifact, RMV_LINEAGE_DAMAGED, "folder '%s': %s", name,
                                 err->message);
    return NULL;
}

static void add_bad(struct content_check *check, const struct rmv_object_id *id,
                    enum rmv_lineage_status status)
{
    pthread_mutex_lock(&check->lock);
    if (rmv_ids_add(&check->bad, id)) {
        check->bad_statuses = rmv_grow(check->bad_statuses, check->bad.count - 1,
                                       &check->bad_capacity, sizeof(status));
        check->bad_statuses[check->bad.count - 1] = status;
    }
    pthread_mutex_unlock(&check->lock);
}

static const struct rmv_error *check_blob(void *context, size_t i)
{
    struct content_check *check = context;
    const struct rmv_object_id *id = &check->blobs.items[i];
    struct rmv_store *store = check->trace->workspace->store;
    uint64_t size = 0;

    const struct rmv_error *err = rmv_store_size(store, id, &size);
    if (!err && !check->trace->options->quick)
        err = rmv_store_write_to(store, id, check->null_fd, "/dev/null");
    if (err) {
        /* Running out of descriptors, say, is not the object's fault. */
        if (err->code != RMV_ERR_NOT_FOUND && err->code != RMV_ERR_CORRUPT)
            return err;
        add_bad(check, id, rmv_trace_status_of(err));
        return NULL;
    }
    rmv_progress_add(check->trace->options->progress, 1, size);
    __atomic_add_fetch(&check->hashed_size, size, __ATOMIC_RELAXED);
    return NULL;
}

/* ---- Second pass: who has what is wrong ----------------------------------------------------- */

static void blame_blob(struct content_check *check, const struct rmv_object_id *id,
                       const char *path)
{
    size_t i = 0;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    RMV_CLEANUP(rmv_str_free) char *name = path_inside(check->artifact, path);

    while (!rmv_object_id_equal(&check->bad.items[i], id))
        i++;
    const bool is_missing = check->bad_statuses[i] == RMV_LINEAGE_MISSING;
    if (++check->named_count > NAMED_MAX)
        return;
    rmv_object_id_to_hex(id, hex);
    rmv_trace_blame_artifact(check->artifact, check->bad_statuses[i], "'%s': object %s is %s", name,
                             hex, is_missing ? "not in the store" : "damaged");
}

static const struct rmv_error *blame_item(void *context, const struct rmv_tree_item *item,
                                          bool *descend)
{
    struct content_check *check = context;
    (void)descend;
    if (item->type != 'd' && rmv_ids_has(&check->bad, &item->id))
        blame_blob(check, &item->id, item->path);
    return NULL;
}

/* ---- Both ----------------------------------------------------------------------------------- */

/* Walks through everything in an artifact that the store should have. */
static const struct rmv_error *examine(struct content_check *check,
                                       const struct rmv_dataset_visitor *visitor)
{
    struct rmv_lineage *lineage = check->trace->lineage;
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < lineage->artifacts_count; i++) {
        struct rmv_lineage_artifact *artifact = &lineage->artifacts[i];
        const struct rmv_output output = {
            .path = artifact->path,
            .kind = artifact->is_tree ? RMV_OUTPUT_TREE : RMV_OUTPUT_BLOB,
            .id = artifact->id,
            .size = artifact->size,
            .nfiles = artifact->nfiles,
        };
        check->artifact = artifact;
        check->named_count = 0;
        if (artifact->origin != RMV_LINEAGE_BY_RUN || artifact->is_not_stored)
            continue;
        if (artifact->is_tree && visitor->visit == collect_item) {
            rmv_ids_add(&check->trees, &artifact->id);
            check_tree(check, &artifact->id, "");
        }
        err = rmv_dataset_examine(check->trace->workspace, &output, visitor);
        if (check->named_count > NAMED_MAX)
            rmv_trace_blame_artifact(artifact, artifact->status, "and %zu more files like that",
                                     check->named_count - NAMED_MAX);
    }
    return err;
}

const struct rmv_error *rmv_trace_check_contents(struct rmv_trace *trace)
{
    RMV_CLEANUP(free_check) struct content_check check = {.trace = trace, .null_fd = -1};
    const struct rmv_dataset_visitor collector = {collect_item, blame_tree, &check};
    const struct rmv_dataset_visitor blamer = {blame_item, rmv_trace_pass_over, &check};

    pthread_mutex_init(&check.lock, NULL);
    check.null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (check.null_fd < 0)
        return rmv_error_errno("cannot open '/dev/null'");
    const struct rmv_error *err = examine(&check, &collector);
    rmv_progress_expect(trace->options->progress, check.blobs.count, 0);
    if (!err)
        err = rmv_pool_run(trace->workspace->pool, check.blobs.count, check_blob, &check);
    if (!err && check.bad.count > 0)
        err = examine(&check, &blamer);
    trace->lineage->objects_count += check.trees.count + check.blobs.count;
    if (!trace->options->quick)
        trace->lineage->hashed_size += check.hashed_size;
    return err;
}
