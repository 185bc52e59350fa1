#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataset/entry.h"
#include "dataset/links.h"
#include "dataset/restore_new.h"
#include "dataset/trees.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* ---- Removing ---------------------------------------------------------------------------------
 */

/* Without a memory of what was placed, an output that is to go takes with it what is saved. */
static bool is_ours(const struct rmv_restore *restore, const struct rmv_tree_visit *visit)
{
    const struct rmv_restore_target *target = restore->target;
    if (restore->options->force || visit->entries[RMV_SIDE_PLACED] || restore->doomed_size > 0)
        return true;
    return !target->has_memory && target->output->kind == RMV_OUTPUT_MISSING &&
           rmv_store_is_saved(restore->workspace->store, &visit->entries[RMV_SIDE_NOW]->id);
}

static void remove_file(struct rmv_restore *restore, const char *path,
                        const struct rmv_tree_entry *now)
{
    const struct rmv_error *err = rmv_restore_check_still(restore, path, now);
    if (!err)
        err = rmv_restore_remove(restore, path, false);
    if (err)
        rmv_restore_fail(restore, path, err);
    else
        restore->report.deleted++;
}

/* Nothing is wanted where something is. */
static void leave_out(struct rmv_restore *restore, struct rmv_tree_visit *visit, const char *path)
{
    const struct rmv_tree_entry *now = visit->entries[RMV_SIDE_NOW];
    const bool is_other_output = *visit->path && rmv_map_find(&restore->outputs, path);

    bool is_ignored = false;
    const struct rmv_error *err =
        rmv_restore_is_ignored(restore, path, now->type == 'd', &is_ignored);
    if (err)
        rmv_restore_fail(restore, path, err);
    if (err || is_other_output || (is_ignored && restore->doomed_size == 0)) {
        visit->descend = false;
        return;
    }
    /* A folder full of unsaved files is known by its tree, which then is not stored: look inside.
     */
    const bool may_look_inside = now->type == 'd' && !restore->target->has_memory &&
                                 restore->target->output->kind == RMV_OUTPUT_MISSING;
    if (!is_ours(restore, visit) && !may_look_inside) {
        rmv_strings_add(&restore->report.kept, path);
        visit->descend = false;
    } else if (now->type != 'd') {
        remove_file(restore, path, now);
    }
}

/* ---- Folders ----------------------------------------------------------------------------------
 */

/* Removes the file in the place of a folder: not before it is known that there is something to put
 * there. */
static const struct rmv_error *clear_place(struct rmv_restore *restore, const char *path,
                                           const struct rmv_tree_entry *now,
                                           const struct rmv_tree_entry *wanted)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf tree = {0};
    const struct rmv_error *err = rmv_trees_get(restore->workspace, &wanted->id, &tree);
    if (!err)
        err = rmv_restore_check_still(restore, path, now);
    return err ? err : rmv_restore_remove(restore, path, false);
}

/* A folder is wanted. */
static void restore_folder(struct rmv_restore *restore, struct rmv_tree_visit *visit,
                           const char *path)
{
    const struct rmv_tree_entry *now = visit->entries[RMV_SIDE_NOW];
    const struct rmv_tree_entry *wanted = visit->entries[RMV_SIDE_WANTED];
    const struct rmv_error *err = NULL;

    if (now && now->type == 'd')
        return;
    visit->descend = false;
    if (now)
        err = clear_place(restore, path, now, wanted);
    if (!err)
        err = rmv_restore_make_folder(restore, path);
    if (err)
        rmv_restore_fail(restore, path, err);
    else if (rmv_links_are_links(restore->workspace))
        visit->descend = true; /* what links lead to is prepared for many files of the queue */
    else
        rmv_restore_new_add(restore, rmv_str_copy(path), wanted);
}

/* ---- Files where a folder is ------------------------------------------------------------------
 */

static void start_replacing_folder(struct rmv_restore *restore, struct rmv_tree_visit *visit,
                                   const char *path)
{
    const struct rmv_error *err = rmv_restore_write_aside(
        restore, path, visit->entries[RMV_SIDE_WANTED], &restore->doomed_file);
    if (err) {
        rmv_restore_fail(restore, path, err);
        visit->descend = false;
        return;
    }
    restore->doomed_size = strlen(visit->path) + 1;
}

static const struct rmv_error *rename_aside(struct rmv_restore *restore, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(restore->workspace->root_fd, path, false, &folder_fd, &name);
    if (err)
        return err;
    const char *temporary = rmv_path_name(restore->doomed_file);
    if (renameat(folder_fd, temporary, folder_fd, name) < 0) {
        err = rmv_error_errno("cannot put '%s' in the place of the folder", path);
        unlinkat(folder_fd, temporary, 0);
    }
    return err;
}

static void finish_replacing_folder(struct rmv_restore *restore, const char *path)
{
    const struct rmv_error *err = rmv_restore_remove(restore, path, true);
    if (!err)
        err = rename_aside(restore, path);
    if (err)
        rmv_restore_fail(restore, path, err);
    else
        restore->report.added++;
    rmv_str_free(&restore->doomed_file);
    restore->doomed_size = 0;
}

/* ---- The walk ---------------------------------------------------------------------------------
 */

static void leave_folder(struct rmv_restore *restore, const struct rmv_tree_visit *visit,
                         const char *path)
{
    const struct rmv_error *err = NULL;
    if (restore->doomed_size == strlen(visit->path) + 1)
        finish_replacing_folder(restore, path);
    else if (visit->entries[RMV_SIDE_NOW] && !visit->entries[RMV_SIDE_WANTED])
        err = rmv_restore_remove(restore, path, true);
    if (err)
        rmv_restore_fail(restore, path, err);
}

/* A file or link is wanted. */
static void restore_file(struct rmv_restore *restore, struct rmv_tree_visit *visit, char **path)
{
    const struct rmv_tree_entry *now = visit->entries[RMV_SIDE_NOW];
    const struct rmv_tree_entry *wanted = visit->entries[RMV_SIDE_WANTED];

    if (now && now->type == 'd') {
        start_replacing_folder(restore, visit, *path);
        return;
    }
    const struct rmv_restore_op op = {
        .path = *path,
        .entry = *wanted,
        .now = now ? *now : (struct rmv_tree_entry){0},
        .replaces = now != NULL,
        .mode_only = now && rmv_tree_is_file(now->type) && rmv_tree_is_file(wanted->type) &&
                     rmv_object_id_equal(&now->id, &wanted->id),
    };
    *path = NULL;
    visit->descend = false;
    rmv_restore_queue(restore, &op);
}

/* The content is right; the type of the files may not be. */
static void leave_as_is(struct rmv_restore *restore, struct rmv_tree_visit *visit, char **path)
{
    const struct rmv_tree_entry *wanted = visit->entries[RMV_SIDE_WANTED];

    if (wanted && restore->options->relink && wanted->type == 'd')
        return;
    visit->descend = false;
    if (!wanted || !restore->options->relink || !rmv_tree_is_file(wanted->type)) {
        restore->report.unchanged += wanted ? wanted->nfiles : 0;
        return;
    }
    const struct rmv_restore_op op = {
        .path = *path,
        .entry = *wanted,
        .now = *wanted,
        .replaces = true,
        .relinks = true,
    };
    *path = NULL;
    rmv_restore_queue(restore, &op);
}

/* Where something is wanted: nothing is lost by replacing a FIFO, but somebody may be using it. */
static bool is_blocked(struct rmv_restore *restore, const char *path)
{
    const char *what = rmv_map_find(&restore->odd.paths, path);
    if (!what)
        return false;
    rmv_restore_fail(restore, path,
                     rmv_error(RMV_ERR_CONFLICT, "%s is in its place; -f replaces it", what));
    return true;
}

static const struct rmv_error *apply(void *context, struct rmv_tree_visit *visit)
{
    struct rmv_restore *restore = context;
    const struct rmv_tree_entry *now = visit->entries[RMV_SIDE_NOW];
    const struct rmv_tree_entry *wanted = visit->entries[RMV_SIDE_WANTED];
    RMV_CLEANUP(rmv_str_free) char *path = rmv_restore_path(restore, visit->path);

    if (visit->is_leaving) {
        leave_folder(restore, visit, path);
    } else if (rmv_entry_equal(now, wanted)) {
        leave_as_is(restore, visit, &path);
    } else if (!wanted) {
        leave_out(restore, visit, path);
    } else if (!now && is_blocked(restore, path)) {
        visit->descend = false;
    } else if (wanted->type == 'd') {
        restore_folder(restore, visit, path);
    } else {
        restore_file(restore, visit, &path);
    }
    return NULL;
}

static const struct rmv_error *unreadable(void *context, const char *path, size_t side,
                                          const struct rmv_error *err, bool *skip)
{
    struct rmv_restore *restore = context;
    if (side == RMV_SIDE_NOW)
        return err;
    if (side == RMV_SIDE_WANTED) {
        RMV_CLEANUP(rmv_str_free) char *whole = rmv_restore_path(restore, path);
        rmv_restore_fail(restore, whole, err);
        *skip = true;
    }
    return NULL;
}

const struct rmv_error *rmv_restore_apply(struct rmv_restore *restore)
{
    const struct rmv_tree_join join = {
        .workspace = restore->workspace,
        .sides_count = RMV_SIDES_COUNT,
        .roots = {restore->target->now, restore->target->wanted, restore->target->placed},
        .visit = apply,
        .unreadable = unreadable,
        .context = restore,
    };
    restore->doomed_size = 0;
    const struct rmv_error *err = rmv_tree_join(&join);
    rmv_restore_flush(restore);
    rmv_restore_new_fill(restore);
    return err;
}
