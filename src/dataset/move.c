#include "rmv/dataset/move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/add.h"
#include "dataset/entry.h"
#include "dataset/placed.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/pointer.h"
#include "rmv/dataset/remove.h"
#include "rmv/dataset/work_file.h"

struct move {
    struct rmv_workspace *workspace;
    struct rmv_tracked tracked;
    const struct rmv_output *output; /* what the old pointer says */
    struct rmv_moved *moved;
    bool has_new_pointer; /* an earlier move was interrupted behind writing it */
};

void rmv_moved_free(struct rmv_moved *moved)
{
    rmv_str_free(&moved->old_path);
    rmv_str_free(&moved->path);
    rmv_str_free(&moved->old_pointer);
    rmv_str_free(&moved->pointer);
    *moved = (struct rmv_moved){0};
}

/* 0 if nothing is there. */
static const struct rmv_error *find_mode(const struct rmv_workspace *workspace, const char *path,
                                         mode_t *mode)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    return rmv_beneath_find(workspace->root_fd, path, &folder_fd, &name, mode);
}

/* ---- From where ------------------------------------------------------------------------------ */

static const struct rmv_error *refuse_source(const struct move *move, const char *from)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(from);
    const struct rmv_output *around = rmv_tracked_find(&move->tracked, from);

    if (!around)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not tracked", quoted),
                              "`rmv ls` lists what is; plain `mv` moves everything else");
    const size_t index = (size_t)(around - move->tracked.outputs.items);
    if (*move->tracked.stages.items[index])
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' belongs to the stage '%s'", quoted,
                                        move->tracked.stages.items[index]),
                              "change the path in rmv.yaml and run `rmv repro`");
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                    "'%s' is inside '%s', which is tracked as a whole", quoted,
                                    around->path),
                          "plain `mv` moves it, and `rmv add %s` takes note of that", around->path);
}

static const struct rmv_error *find_source(struct move *move, const char *from)
{
    const struct rmv_tracked *tracked = &move->tracked;
    for (size_t i = 0; i < tracked->outputs.count; i++) {
        const struct rmv_output *output = &tracked->outputs.items[i];
        if (*tracked->stages.items[i] ||
            (strcmp(output->path, from) != 0 && strcmp(tracked->sources.items[i], from) != 0))
            continue;
        move->output = output;
        move->moved->old_path = rmv_str_copy(output->path);
        move->moved->old_pointer = rmv_str_copy(tracked->sources.items[i]);
        return NULL;
    }
    return refuse_source(move, from);
}

/* ---- To where -------------------------------------------------------------------------------- */

/* The pointer that an interrupted move has left says what the old one says. */
static bool is_left_by_us(const struct move *move, const char *path)
{
    const struct rmv_output *there = rmv_tracked_find(&move->tracked, path);
    return there && strcmp(there->path, path) == 0 && rmv_output_equal(there, move->output) &&
           !*move->tracked.stages.items[there - move->tracked.outputs.items];
}

/* After an interrupted move `to` can be the data itself, which is not to be moved into itself. */
static const struct rmv_error *find_place(struct move *move, const char *to)
{
    const bool is_root = strcmp(to, ".") == 0;
    mode_t mode = 0;
    const struct rmv_error *err = is_root ? NULL : find_mode(move->workspace, to, &mode);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free)
    char *inside = rmv_path_join(to, rmv_path_name(move->moved->old_path));
    const bool is_into = is_root || (S_ISDIR(mode) && !is_left_by_us(move, to));
    move->moved->path = rmv_str_copy(is_into ? inside : to);
    move->moved->pointer = rmv_pointer_path_of(move->moved->path);
    return NULL;
}

static const struct rmv_error *refuse_existing(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "'%s' exists already, and is not overwritten", quoted),
        "move it away first, or choose another name");
}

/* What may not be added there may not be moved there. */
static const struct rmv_error *check_new_place(const struct move *move)
{
    struct rmv_add_target target = {0};
    const char *path = move->moved->path;
    mode_t mode;

    const struct rmv_error *err = rmv_add_check(move->workspace, &move->tracked, path, &target);
    const bool is_tracked = target.tracked != NULL;
    const bool is_inside = target.is_inside;
    rmv_add_target_free(&target);
    if (err)
        return err;
    if (is_inside) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is inside a folder that is tracked", quoted),
            "move it with plain `mv`, `rmv add` that folder, and `rmv remove` "
            "the old pointer");
    }
    err = find_mode(move->workspace, path, &mode);
    if (!err && (mode || is_tracked))
        err = refuse_existing(path);
    return err;
}

/* The data can be behind a link, which leads elsewhere from another folder unless it is absolute.
 */
static const struct rmv_error *check_link(const struct move *move)
{
    RMV_CLEANUP(rmv_str_free) char *old_folder = rmv_path_parent(move->moved->old_path);
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(move->moved->path);
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    char first;
    const char *name;

    if (strcmp(old_folder, folder) == 0)
        return NULL;
    const struct rmv_error *err = rmv_beneath_open_parent(
        move->workspace->root_fd, move->moved->old_path, false, &folder_fd, &name);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (readlinkat(folder_fd, name, &first, 1) != 1 || first == '/')
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                    "'%s' is a relative link, which would lead elsewhere from '%s'",
                                    move->moved->old_path, folder),
                          "make it absolute, or put the data itself there, first");
}

static const struct rmv_error *check_place(struct move *move)
{
    const struct rmv_moved *moved = move->moved;
    if (strcmp(moved->path, moved->old_path) == 0)
        return rmv_error(RMV_ERR_CONFLICT, "'%s' is there already", moved->path);
    if (rmv_path_is_in(moved->path, moved->old_path) && move->output->kind == RMV_OUTPUT_TREE)
        return rmv_error(RMV_ERR_USAGE, "'%s' cannot be moved into itself", moved->old_path);
    move->has_new_pointer = is_left_by_us(move, moved->path);
    const struct rmv_error *err = move->has_new_pointer ? NULL : check_new_place(move);
    return err ? err : check_link(move);
}

/* ---- Moving ---------------------------------------------------------------------------------- */

/* The record of the old pointer says nothing about the new path: another says where it is from. */
static const struct rmv_error *put_record(const struct move *move, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_add_origin_free) struct rmv_add_origin origin = {0};
    struct rmv_add_target target = {
        .path = rmv_str_copy(move->moved->old_path),
        .tracked = move->output,
    };
    rmv_output_copy(&target.output, output);
    const struct rmv_error *err = rmv_store_batch_open(move->workspace->store, &batch);
    if (!err)
        err = rmv_add_record(move->workspace, batch, &origin, &target);
    if (!err)
        err = rmv_store_batch_commit(batch);
    output->record = target.output.record;
    rmv_add_target_free(&target);
    return err;
}

static const struct rmv_error *write_pointer(const struct move *move)
{
    const struct rmv_moved *moved = move->moved;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    bool found;

    rmv_output_copy(&output, move->output);
    rmv_str_set(&output.path, moved->path);
    const struct rmv_error *err = put_record(move, &output);
    if (!err)
        err = rmv_work_file_read(move->workspace, moved->old_pointer, RMV_YAML_BYTES_MAX, &found,
                                 &old);
    if (!err)
        err = rmv_pointer_format(moved->pointer, rmv_buf_string(&old), old.size, &output, &text);
    return err ? err : rmv_work_file_write(move->workspace, moved->pointer, &text);
}

static const struct rmv_error *rename_data(const struct move *move)
{
    const struct rmv_moved *moved = move->moved;
    const int root_fd = move->workspace->root_fd;
    RMV_CLEANUP(rmv_fd_close) int from_fd = -1;
    RMV_CLEANUP(rmv_fd_close) int to_fd = -1;
    const char *from;
    const char *to;

    const struct rmv_error *err =
        rmv_beneath_open_parent(root_fd, moved->old_path, false, &from_fd, &from);
    if (!err)
        err = rmv_beneath_open_parent(root_fd, moved->path, true, &to_fd, &to);
    if (err)
        return err;
    if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0) {
        if (fsync(to_fd) < 0 || fsync(from_fd) < 0)
            return rmv_error_errno("cannot make the move of '%s' last", moved->old_path);
        return NULL;
    }
    if (errno == EEXIST)
        return refuse_existing(moved->path);
    return rmv_error_errno("cannot move '%s' to '%s'", moved->old_path, moved->path);
}

/* The files are the same as before: what is known of them holds at their new paths too. */
static const struct rmv_error *carry_over(void *context, const struct rmv_tree_item *item)
{
    const struct move *move = context;
    const struct rmv_moved *moved = move->moved;
    struct rmv_stat_index *index = move->workspace->stat_index;
    RMV_CLEANUP(rmv_str_free) char *old_path = rmv_path_join(moved->old_path, item->path);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(moved->path, item->path);
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    struct rmv_object_id id;
    struct stat status;
    const char *name;

    if (*item->path == '\0' || (item->type != 'f' && item->type != 'x'))
        return NULL;
    const struct rmv_error *err =
        rmv_beneath_open_parent(move->workspace->root_fd, path, false, &folder_fd, &name);
    if (!err && fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        rmv_stat_index_find(index, old_path, &status, &id) && rmv_stat_index_settle(index, &status))
        rmv_stat_index_set(index, path, &status, &id);
    return NULL;
}

static const struct rmv_error *move_data(struct move *move)
{
    struct rmv_moved *moved = move->moved;
    mode_t from;
    mode_t to;

    const struct rmv_error *err = find_mode(move->workspace, moved->old_path, &from);
    if (!err)
        err = find_mode(move->workspace, moved->path, &to);
    if (err)
        return err;
    moved->has_data = from || to;
    if (!from)
        return NULL;
    if (to)
        return refuse_existing(moved->path);
    err = rename_data(move);
    if (err || move->output->kind != RMV_OUTPUT_TREE)
        return err;
    /* What cannot be carried over is read again, that is all. */
    if (rmv_dataset_walk(move->workspace, move->output, carry_over, move))
        rmv_log_write(move->workspace->log, RMV_LOG_DEBUG, "the files of '%s' will be read again",
                      moved->path);
    return NULL;
}

static const struct rmv_error *run(struct move *move)
{
    struct rmv_workspace *workspace = move->workspace;
    const struct rmv_moved *moved = move->moved;
    const struct rmv_tree_entry entry = rmv_entry_of_output(move->output);

    const struct rmv_error *err = move->has_new_pointer ? NULL : write_pointer(move);
    if (!err)
        err = rmv_gitignore_add(workspace, moved->path);
    if (!err)
        err = move_data(move);
    if (err)
        return err;
    if (rmv_placed_find(rmv_placed_of(workspace), moved->old_path))
        rmv_placed_set(rmv_placed_of(workspace), moved->path, &entry);
    return rmv_remove_pointer(workspace, moved->old_pointer, move->output);
}

static void move_free(struct move *move)
{
    rmv_tracked_free(&move->tracked);
}

const struct rmv_error *rmv_move(struct rmv_workspace *workspace, const char *from, const char *to,
                                 struct rmv_moved *moved)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(move_free) struct move move = {.workspace = workspace, .moved = moved};

    const struct rmv_error *err = rmv_workspace_lock(workspace, &lock);
    if (!err)
        err = rmv_tracked_read(workspace, NULL, &move.tracked);
    if (!err)
        err = find_source(&move, from);
    if (!err)
        err = find_place(&move, to);
    if (!err)
        err = check_place(&move);
    return err ? err : run(&move);
}
