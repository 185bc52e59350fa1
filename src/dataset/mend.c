#include "rmv/dataset/mend.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/trees.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

struct mending {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;
    struct rmv_object_id *wanted; /* sorted */
    bool *is_found;               /* of each */
    size_t count;
    const char *output; /* the path being looked into */
};

static void mending_free(struct mending *mending)
{
    rmv_store_batch_close(&mending->batch);
    free(mending->wanted);
    free(mending->is_found);
}

static int by_id(const void *a, const void *b)
{
    return rmv_object_id_compare(a, b);
}

/* Where a wanted object that was not found yet has its mark, or NULL. */
static bool *find_wanted(const struct mending *mending, const struct rmv_object_id *id)
{
    const struct rmv_object_id *found =
        bsearch(id, mending->wanted, mending->count, sizeof(*id), by_id);
    if (!found)
        return NULL;
    bool *mark = &mending->is_found[found - mending->wanted];
    return *mark ? NULL : mark;
}

static const struct rmv_error *put_folder(struct mending *mending, const struct rmv_object_id *id,
                                          struct rmv_object_id *stored)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_error *err = rmv_trees_get(mending->workspace, id, &text);
    return err ? err : rmv_store_batch_put_lines(mending->batch, text.data, text.size, stored);
}

static const struct rmv_error *put_link(struct mending *mending, const char *path,
                                        struct rmv_object_id *stored)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    char target[PATH_MAX];
    const struct rmv_error *err =
        rmv_beneath_open_parent(mending->workspace->root_fd, path, false, &folder_fd, &name);
    if (err)
        return err;
    const ssize_t size = readlinkat(folder_fd, name, target, sizeof(target));
    if (size < 0)
        return rmv_error_errno("cannot read link '%s'", path);
    return rmv_store_batch_put(mending->batch, target, (size_t)size, stored);
}

static const struct rmv_error *put_file(struct mending *mending, const char *path,
                                        struct rmv_object_id *stored)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct rmv_store_file file;
    const struct rmv_error *err = rmv_beneath_open(mending->workspace->root_fd, path,
                                                   O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, &fd);
    const struct rmv_store_source source = {.fd = fd, .path = path};
    if (!err)
        err = rmv_store_batch_put_file(mending->batch, &source, &file);
    if (!err)
        *stored = file.id;
    return err;
}

static const struct rmv_error *visit(void *context, const struct rmv_tree_item *item, bool *descend)
{
    struct mending *mending = context;
    struct rmv_object_id stored = {0};
    bool *mark = find_wanted(mending, &item->id);
    (void)descend;
    if (!mark)
        return NULL;
    RMV_CLEANUP(rmv_str_free)
    char *path =
        *item->path ? rmv_path_join(mending->output, item->path) : rmv_str_copy(mending->output);
    const struct rmv_error *err = NULL;
    if (item->type == 'd')
        err = put_folder(mending, &item->id, &stored);
    else if (item->type == 'l')
        err = put_link(mending, path, &stored);
    else
        err = put_file(mending, path, &stored);
    if (err && err->code == RMV_ERR_IO)
        return err;
    *mark = !err && rmv_object_id_equal(&stored, &item->id);
    return NULL;
}

static const struct rmv_error *pass_over(void *context, const char *path,
                                         const struct rmv_error *err)
{
    (void)context;
    (void)path;
    return err->code == RMV_ERR_IO ? err : NULL;
}

/* What cannot be read in the workspace cannot help; that is no reason to leave out the rest. */
static const struct rmv_error *look_into(struct mending *mending, const char *path)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    const struct rmv_dataset_visitor visitor = {visit, pass_over, mending};
    const struct rmv_error *err = rmv_dataset_hash(mending->workspace, path, NULL, &now);
    if (err) {
        rmv_log_write(mending->workspace->log, RMV_LOG_DEBUG, "%s", err->message);
        return NULL;
    }
    if (now.kind == RMV_OUTPUT_MISSING)
        return NULL;
    mending->output = path;
    const struct rmv_tree_item all = {
        .path = "", .type = now.kind == RMV_OUTPUT_TREE ? 'd' : 'f', .id = now.id};
    bool descend = true;
    err = visit(mending, &all, &descend);
    if (err || now.kind != RMV_OUTPUT_TREE)
        return err;
    return rmv_dataset_examine(mending->workspace, &now, &visitor);
}

static const struct rmv_error *look_everywhere(struct mending *mending)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(mending->workspace, NULL, &tracked);
    if (err && err->code != RMV_ERR_IO) {
        rmv_log_write(mending->workspace->log, RMV_LOG_WARNING,
                      "the workspace's data is of no help as long as this is so: %s", err->message);
        return NULL;
    }
    for (size_t i = 0; !err && i < tracked.outputs.count; i++)
        err = look_into(mending, tracked.outputs.items[i].path);
    return err;
}

const struct rmv_error *rmv_dataset_mend(struct rmv_workspace *workspace,
                                         const struct rmv_object_id *wanted, size_t count,
                                         uint64_t *mended)
{
    RMV_CLEANUP(mending_free) struct mending mending = {.workspace = workspace, .count = count};
    *mended = 0;
    if (count == 0)
        return NULL;
    mending.wanted = rmv_calloc(count, sizeof(*wanted));
    mending.is_found = rmv_calloc(count, sizeof(bool));
    memcpy(mending.wanted, wanted, count * sizeof(*wanted));
    qsort(mending.wanted, count, sizeof(*wanted), by_id);

    const struct rmv_error *err = rmv_store_batch_open(workspace->store, &mending.batch);
    if (!err)
        err = look_everywhere(&mending);
    if (!err)
        err = rmv_store_batch_commit(mending.batch);
    for (size_t i = 0; !err && i < count; i++)
        *mended += mending.is_found[i];
    /* What is looked at next is what the store has, not what was hashed here. */
    rmv_trees_free(&workspace->trees);
    return err;
}
