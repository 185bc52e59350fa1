#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/runner.h"
#include "pipeline/runner_marks.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/links.h"

/* Uncached outputs are metrics and the like; up to here the run cache keeps a copy all the same. */
#define UNCACHED_KEPT_SIZE_MAX ((uint64_t)16 * 1024 * 1024)

/* ---- Protecting ----------------------------------------------------------------------------- */

static const struct rmv_error *keep_copy(struct rmv_runner *runner, const char *path,
                                         bool is_edited)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_output_free) struct rmv_output kept = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    const struct rmv_error *err = rmv_store_batch_open(runner->workspace->store, &batch);
    if (!err)
        err = rmv_dataset_save_copy(runner->workspace, batch, path, &kept);
    if (!err)
        err = rmv_store_batch_commit(batch);
    if (err)
        return rmv_error_context(err, "keeping a copy of '%s'", path);
    rmv_object_id_to_hex(&kept.id, hex);
    rmv_log_write(runner->workspace->log, RMV_LOG_WARNING,
                  is_edited ? "'%s' had been edited and is replaced; the edit is kept as %s %s"
                            : "'%s' was not in the store and is replaced; it is kept as %s %s",
                  path, kept.kind == RMV_OUTPUT_TREE ? "tree" : "object", hex);
    return NULL;
}

/* Does Git's last commit have exactly this file? */
static bool is_in_git(struct rmv_runner *runner, const struct rmv_output *now)
{
    bool modified = true;
    const struct rmv_workspace *workspace = runner->workspace;
    if (!workspace->vcs || now->kind != RMV_OUTPUT_BLOB)
        return false;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(workspace->vcs_prefix, now->path);
    return !rmv_vcs_is_modified(workspace->vcs, path, &modified) && !modified;
}

/* What another run has just made may not be durable yet: then it is made so. */
static const struct rmv_error *is_stored(struct rmv_runner *runner, const struct rmv_output *now,
                                         bool *stored)
{
    const struct rmv_error *err = rmv_dataset_is_stored(runner->workspace, now, stored);
    if (err || *stored || !runner->batch)
        return err;
    err = rmv_store_batch_commit(runner->batch);
    return err ? err : rmv_dataset_is_stored(runner->workspace, now, stored);
}

static const struct rmv_error *protect(struct rmv_runner *runner, const struct rmv_stage *stage,
                                       const struct rmv_lock_stage *locked,
                                       const struct rmv_output *now)
{
    bool stored = false;
    const struct rmv_output *known = locked ? rmv_outputs_find(&locked->outs, now->path) : NULL;

    /* What the lock file knows may be gone from the store, and be only here. */
    const bool is_same = known && rmv_output_equal(known, now);
    const bool is_kept_out = is_same && (known->no_cache || runner->options->no_commit);
    if (is_kept_out)
        return NULL;
    const enum rmv_mark mark = rmv_runner_mark_of(runner, stage, now->path);
    if (mark == RMV_MARK_LEFT)
        return NULL;
    const struct rmv_error *err = is_stored(runner, now, &stored);
    if (err || stored || is_in_git(runner, now))
        return err;
    if (known)
        return keep_copy(runner, now->path, !is_same);
    if (runner->options->force)
        return NULL;
    if (mark == RMV_MARK_UNKNOWN)
        return keep_copy(runner, now->path, false);
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                    "stage '%s' would replace '%s', which rmv has never saved",
                                    stage->address, now->path),
                          "move it away, accept it as the output with `rmv commit %s`, or replace "
                          "it with `rmv repro --force %s`",
                          stage->address, stage->address);
}

const struct rmv_error *rmv_runner_protect_outs(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                const struct rmv_outputs *wanted)
{
    struct rmv_lock_file *lock = NULL;
    const struct rmv_error *err = rmv_stage_view_lock_file(&runner->view, stage->file, &lock);

    for (size_t i = 0; !err && i < stage->outs_count; i++) {
        const struct rmv_output *now = NULL;
        const struct rmv_stage_out *out = &stage->outs[i];
        if (out->persist && !wanted)
            continue;
        err = rmv_stage_view_state(&runner->view, out->path, &now);
        if (err || now->kind == RMV_OUTPUT_MISSING)
            continue;
        const struct rmv_output *target = wanted ? rmv_outputs_find(wanted, out->path) : NULL;
        if (!target || !rmv_output_equal(target, now))
            err = protect(runner, stage, rmv_lock_file_find(lock, stage->name), now);
    }
    return err;
}

/* ---- Replacing ------------------------------------------------------------------------------ */

static const struct rmv_error *place(struct rmv_runner *runner, const struct rmv_outputs *outputs)
{
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    const struct rmv_restore_options options = {.force = true, .partial = true};
    if (!outputs->count)
        return NULL;
    const struct rmv_error *err =
        rmv_dataset_restore(runner->workspace, outputs->items, outputs->count, &options, &report);
    for (size_t i = 0; i < outputs->count; i++)
        rmv_stage_view_forget(&runner->view, outputs->items[i].path);
    return err;
}

/* Makes links files of their own. */
static const struct rmv_error *unprotect(struct rmv_runner *runner, const char *path)
{
    const struct rmv_unprotect_options options = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    struct rmv_unprotected unprotected;
    rmv_strings_add(&paths, path);
    const struct rmv_error *err = rmv_unprotect(runner->workspace, &paths, &options, &unprotected);
    return err && err->code == RMV_ERR_NOT_FOUND ? NULL : err;
}

/* The command may write to what it finds. */
static const struct rmv_error *unprotect_persistent(struct rmv_runner *runner,
                                                    const struct rmv_stage *stage)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < stage->outs_count; i++)
        if (stage->outs[i].persist)
            err = unprotect(runner, stage->outs[i].path);
    return err;
}

const struct rmv_error *rmv_runner_remove_outs(struct rmv_runner *runner,
                                               const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_outputs_free) struct rmv_outputs nothing = {0};
    for (size_t i = 0; i < stage->outs_count; i++) {
        const struct rmv_output *now = NULL;
        const char *path = stage->outs[i].path;
        const struct rmv_error *err = rmv_stage_view_state(&runner->view, path, &now);
        if (err)
            return err;
        if (!stage->outs[i].persist && now->kind != RMV_OUTPUT_MISSING)
            rmv_outputs_add(&nothing)->path = rmv_str_copy(path);
    }
    const struct rmv_error *err = place(runner, &nothing);
    if (!err)
        err = unprotect_persistent(runner, stage);
    return err ? rmv_error_context(err, "removing the old outputs of stage '%s'", stage->address)
               : NULL;
}

const struct rmv_error *rmv_runner_restore_outs(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                const struct rmv_outputs *wanted)
{
    RMV_CLEANUP(rmv_outputs_free) struct rmv_outputs outputs = {0};
    for (size_t i = 0; i < wanted->count; i++) {
        struct rmv_output *output = rmv_outputs_add(&outputs);
        rmv_output_copy(output, &wanted->items[i]);
        output->no_cache = false; /* the run cache has a copy */
    }
    const struct rmv_error *err = place(runner, &outputs);
    for (size_t i = 0; !err && i < wanted->count; i++)
        if (wanted->items[i].no_cache) /* Git has it, and must not be given a link */
            err = unprotect(runner, wanted->items[i].path);
    return err ? rmv_error_context(err, "restoring the outputs of stage '%s'", stage->address)
               : NULL;
}

/* ---- Saving --------------------------------------------------------------------------------- */

/* Is something there? A link that leads nowhere does not count. Nothing is hashed: storing does
 * that, and takes what has been hashed for known, so that it would not be made a link. */
static bool is_there(const struct rmv_runner *runner, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    struct stat status;
    const char *name = NULL;
    return !rmv_beneath_open_parent(runner->workspace->root_fd, path, false, &folder_fd, &name) &&
           fstatat(folder_fd, name, &status, 0) == 0;
}

static const struct rmv_error *check_made(struct rmv_runner *runner, const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf missing = {0};
    for (size_t i = 0; i < stage->outs_count; i++) {
        const struct rmv_output *now = NULL;
        if (is_there(runner, stage->outs[i].path))
            continue;
        const struct rmv_error *err =
            rmv_stage_view_state(&runner->view, stage->outs[i].path, &now);
        if (err)
            return rmv_error_context(err, "output of stage '%s'", stage->address);
        if (now->kind == RMV_OUTPUT_MISSING)
            rmv_buf_append_format(&missing, "%s'%s'", missing.size ? ", " : "",
                                  stage->outs[i].path);
    }
    if (!missing.size)
        return NULL;
    return rmv_error(RMV_ERR_FAILED, "stage '%s' did not make its output: %s", stage->address,
                     rmv_buf_string(&missing));
}

/* `locked` is what the stage was last run with, or NULL. */
static const struct rmv_error *save(struct rmv_runner *runner, const struct rmv_stage_out *out,
                                    const struct rmv_lock_stage *locked,
                                    struct rmv_store_batch *batch, struct rmv_output *saved)
{
    const struct rmv_dataset_source source = {
        .path = out->path,
        .before = locked ? rmv_outputs_find(&locked->outs, out->path) : NULL,
    };
    const struct rmv_repro_options *options = runner->options;
    const struct rmv_output *now = NULL;

    if (!out->no_cache && !options->no_commit)
        return rmv_dataset_save(runner->workspace, batch, &source, saved);
    const struct rmv_error *err = rmv_stage_view_state(&runner->view, out->path, &now);
    if (err)
        return err;
    if (!options->no_commit && !options->no_run_cache && now->size <= UNCACHED_KEPT_SIZE_MAX)
        err = rmv_dataset_save_copy(runner->workspace, batch, out->path, saved);
    else
        rmv_output_copy(saved, now);
    saved->no_cache = out->no_cache;
    return err;
}

const struct rmv_error *rmv_runner_save_outs(struct rmv_runner *runner,
                                             const struct rmv_stage *stage,
                                             struct rmv_store_batch *batch,
                                             struct rmv_outputs *outs)
{
    RMV_CLEANUP(rmv_outputs_free) struct rmv_outputs saved = {0};
    struct rmv_lock_file *lock = NULL;
    const struct rmv_error *err = check_made(runner, stage);
    if (!err)
        err = rmv_stage_view_lock_file(&runner->view, stage->file, &lock);
    const struct rmv_lock_stage *locked = err ? NULL : rmv_lock_file_find(lock, stage->name);
    for (size_t i = 0; !err && i < stage->outs_count; i++)
        err = save(runner, &stage->outs[i], locked, batch, rmv_outputs_add(&saved));
    if (err && err->code == RMV_ERR_USAGE) /* a socket, say */
        err = rmv_error_context(err, "output of stage '%s'", stage->address);
    if (err)
        return err;
    rmv_outputs_free(outs);
    *outs = saved;
    saved = (struct rmv_outputs){0};
    return NULL;
}
