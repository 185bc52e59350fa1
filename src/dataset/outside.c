#include "rmv/dataset/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/entry.h"
#include "dataset/examine.h"
#include "dataset/links.h"
#include "dataset/trees.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define INDEX_NAME "outside"

/* The whole filesystem as if it were a workspace, to look at. */
struct rmv_outside {
    char *index_path;
    struct rmv_workspace world; /* config, store, pool and log are the workspace's */
};

static struct rmv_outside *outside_new(const struct rmv_workspace *owner)
{
    struct rmv_outside *outside = rmv_calloc(1, sizeof(*outside));
    outside->index_path = rmv_str_format("%s/" RMV_WORKSPACE_FOLDER "/" INDEX_NAME, owner->root);
    outside->world.root_fd = -1;
    return outside;
}

void rmv_outside_close(struct rmv_outside **outside)
{
    struct rmv_outside *closed = *outside;
    *outside = NULL;
    if (!closed)
        return;
    rmv_stat_index_close(&closed->world.stat_index);
    rmv_links_free(&closed->world.links);
    rmv_trees_free(&closed->world.trees);
    rmv_fd_close(&closed->world.root_fd);
    rmv_str_free(&closed->index_path);
    free(closed);
}

void rmv_outside_share(const struct rmv_workspace *from, struct rmv_workspace *to)
{
    rmv_outside_close(&to->outside);
    to->outside = outside_new(from);
}

const struct rmv_error *rmv_outside_write(struct rmv_outside *outside)
{
    return outside && outside->world.stat_index ? rmv_stat_index_write(outside->world.stat_index)
                                                : NULL;
}

static const struct rmv_error *open_world(struct rmv_workspace *workspace,
                                          struct rmv_workspace **world)
{
    static char root[] = "/", prefix[] = ".";
    if (!workspace->outside)
        workspace->outside = outside_new(workspace);
    struct rmv_outside *outside = workspace->outside;
    *world = &outside->world;
    if (outside->world.stat_index)
        return NULL;
    outside->world.root = root;
    outside->world.prefix = prefix;
    outside->world.config = workspace->config;
    outside->world.store = workspace->store;
    outside->world.pool = workspace->pool;
    outside->world.log = workspace->log;
    if (outside->world.root_fd < 0)
        outside->world.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (outside->world.root_fd < 0)
        return rmv_error_errno("cannot open '/'");
    return rmv_stat_index_open(outside->index_path, &outside->world.stat_index);
}

const struct rmv_error *rmv_outside_hash(struct rmv_workspace *workspace, const char *path,
                                         struct rmv_output *output)
{
    struct rmv_workspace *world = NULL;
    struct rmv_tree_entry entry = {0};
    RMV_CLEANUP(rmv_str_free) char *real = realpath(path, NULL);
    if (!real && errno != ENOENT && errno != ENOTDIR)
        return rmv_error_errno("cannot look at '%s'", path);
    if (real && strcmp(real, "/") == 0)
        return rmv_error(RMV_ERR_USAGE, "'%s' is the whole filesystem", path);

    const struct rmv_error *err = real ? open_world(workspace, &world) : NULL;
    if (!err && real) {
        const struct rmv_examine_request request = {
            .workspace = world, .path = real + 1, .take_ignored = true};
        err = rmv_examine(&request, &entry);
        /* Only comparing would need their texts. */
        rmv_trees_free(&world->trees);
        if (err)
            err = rmv_error_context(err, "'%s', with paths from '/'", path);
    }
    if (err)
        return err;
    rmv_output_free(output);
    output->path = rmv_str_copy(path);
    rmv_entry_to_output(&entry, output);
    return NULL;
}
