#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/dataset.h"
#include "rmv/pipeline/status.h"

/* A lock file as it was read; every writer replaces it, so another file is another inode. */
struct seen_lock_file {
    struct rmv_lock_file lock;
    struct stat status; /* all zero: there was none */
};

static void free_state(struct rmv_output *state)
{
    if (state)
        rmv_output_free(state);
    free(state);
}

static void free_lock_file(struct seen_lock_file *seen)
{
    if (seen)
        rmv_lock_file_free(&seen->lock);
    free(seen);
}

void rmv_stage_view_free(struct rmv_stage_view *view)
{
    for (size_t i = 0; i < view->states.count; i++)
        free_state(view->states.entries[i].value);
    for (size_t i = 0; i < view->lock_files.count; i++)
        free_lock_file(view->lock_files.entries[i].value);
    rmv_map_free(&view->states);
    rmv_map_free(&view->lock_files);
    rmv_params_files_free(&view->params);
}

/* ---- Data ----------------------------------------------------------------------------------- */

const struct rmv_error *rmv_stage_view_state(struct rmv_stage_view *view, const char *path,
                                             const struct rmv_output **state)
{
    struct rmv_output *known = rmv_map_find(&view->states, path);
    if (!known) {
        struct rmv_output now = {0};
        const struct rmv_error *err = rmv_dataset_hash(view->workspace, path, NULL, &now);
        if (err)
            return err;
        known = rmv_calloc(1, sizeof(*known));
        *known = now;
        rmv_map_set(&view->states, path, known);
    }
    *state = known;
    return NULL;
}

void rmv_stage_view_assume(struct rmv_stage_view *view, const struct rmv_output *output)
{
    struct rmv_output *state = rmv_calloc(1, sizeof(*state));
    rmv_output_copy(state, output);
    free_state(rmv_map_set(&view->states, output->path, state));
}

void rmv_stage_view_forget_all(struct rmv_stage_view *view)
{
    for (size_t i = 0; i < view->states.count; i++)
        free_state(view->states.entries[i].value);
    rmv_map_free(&view->states);
    rmv_params_files_forget_all(&view->params);
}

void rmv_stage_view_forget(struct rmv_stage_view *view, const char *path)
{
    for (size_t i = 0; i < view->states.count; i++) {
        struct rmv_map_entry *entry = &view->states.entries[i];
        if (entry->value &&
            (rmv_path_is_in(entry->key, path) || rmv_path_is_in(path, entry->key))) {
            free_state(entry->value);
            entry->value = NULL;
        }
    }
    for (size_t i = 0; i < view->params.files.count; i++)
        if (rmv_path_is_in(view->params.files.entries[i].key, path))
            rmv_params_files_forget(&view->params, view->params.files.entries[i].key);
}

/* ---- Lock files ----------------------------------------------------------------------------- */

static const struct rmv_error *read_lock_file(const struct rmv_stage_view *view, const char *path,
                                              struct seen_lock_file *seen)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err =
        rmv_beneath_open(view->workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return err;
    if (!err && fstat(fd, &seen->status) < 0)
        return rmv_error_errno("cannot look at '%s'", path);
    err = fd >= 0 ? rmv_fd_read(fd, path, RMV_YAML_BYTES_MAX, &text) : NULL;
    if (err)
        return err;
    return rmv_lock_file_parse(path, rmv_buf_string(&text), text.size, &seen->lock);
}

static const struct rmv_error *load(struct rmv_stage_view *view, const char *path,
                                    struct seen_lock_file **seen)
{
    struct seen_lock_file *read = rmv_calloc(1, sizeof(*read));
    const struct rmv_error *err = read_lock_file(view, path, read);
    if (err) {
        free_lock_file(read);
        return err;
    }
    free_lock_file(rmv_map_set(&view->lock_files, path, read));
    *seen = read;
    return NULL;
}

const struct rmv_error *rmv_stage_view_lock_file(struct rmv_stage_view *view, const char *file,
                                                 struct rmv_lock_file **lock)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_pipeline_lock_path_of(file);
    struct seen_lock_file *seen = rmv_map_find(&view->lock_files, path);
    if (!seen) {
        const struct rmv_error *err = load(view, path, &seen);
        if (err)
            return err;
    }
    *lock = &seen->lock;
    return NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

const struct rmv_error *rmv_stage_view_refresh(struct rmv_stage_view *view, const char *file,
                                               bool *changed)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_pipeline_lock_path_of(file);
    struct seen_lock_file *seen = rmv_map_find(&view->lock_files, path);
    struct stat status = {0};

    if (fstatat(view->workspace->root_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return rmv_error_errno("cannot look at '%s'", path);
        status = (struct stat){0};
    }
    *changed = !seen || !is_same_file(&status, &seen->status);
    return *changed ? load(view, path, &seen) : NULL;
}

const struct rmv_error *rmv_stage_view_write(struct rmv_stage_view *view, const char *file)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_pipeline_lock_path_of(file);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct seen_lock_file *seen = rmv_map_find(&view->lock_files, path);
    const int root_fd = view->workspace->root_fd;

    rmv_lock_file_remember(&seen->lock);
    rmv_lock_file_format(&seen->lock, &text);
    RMV_CLEANUP(rmv_fd_close) int via_fd = rmv_workspace_open_temporary(view->workspace);
    const struct rmv_error *err =
        rmv_fs_write_atomic_via(via_fd, root_fd, path, text.data, text.size);
    if (err) { /* what it was changed to is nowhere */
        free_lock_file(rmv_map_set(&view->lock_files, path, NULL));
        return err;
    }
    if (fstatat(root_fd, path, &seen->status, AT_SYMLINK_NOFOLLOW) < 0)
        seen->status = (struct stat){0};
    return NULL;
}
