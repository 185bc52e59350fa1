#include "dataset/checkout.h"

#include <stdlib.h>
#include <string.h>

#include "dataset/placed.h"
#include "dataset/scan.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/pointer.h"

void rmv_checkout_report_free(struct rmv_checkout_report *report)
{
    rmv_restore_report_free(&report->data);
    rmv_strings_free(&report->sources);
    rmv_strings_free(&report->files);
}

static void checkout_free(struct rmv_checkout *checkout)
{
    rmv_str_free(&checkout->last_commit);
    rmv_tracked_free(&checkout->now);
    rmv_tracked_free(&checkout->wanted);
    rmv_strings_free(&checkout->restored);
    rmv_strings_free(&checkout->removed);
    rmv_strings_free(&checkout->files);
    rmv_outputs_free(&checkout->outputs);
    rmv_outputs_free(&checkout->parts);
}

/* A pointer file stands for its data. */
static bool is_around(const char *asked, const char *path)
{
    if (rmv_path_is_in(path, asked) || rmv_path_is_in(asked, path))
        return true;
    const size_t size = strlen(path);
    return strncmp(asked, path, size) == 0 && strcmp(asked + size, RMV_POINTER_SUFFIX) == 0;
}

bool rmv_checkout_is_chosen(const struct rmv_checkout *checkout, const char *path)
{
    const struct rmv_strings *paths = checkout->options->paths;
    for (size_t i = 0; i < paths->count; i++)
        if (is_around(paths->items[i], path))
            return true;
    return paths->count == 0;
}

static int compare_strings(const void *string, const void *item)
{
    return strcmp(string, *(char *const *)item);
}

bool rmv_checkout_has(const struct rmv_strings *sorted, const char *string)
{
    return sorted->count > 0 && bsearch(string, sorted->items, sorted->count,
                                        sizeof(sorted->items[0]), compare_strings) != NULL;
}

/* ---- Reading what is tracked ------------------------------------------------------------------
 */

static const struct rmv_error *read_revision(struct rmv_checkout *checkout)
{
    struct rmv_workspace *workspace = checkout->workspace;
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE,
                         "there is no revision '%s': the workspace is not in a Git repository",
                         checkout->options->revision);
    const struct rmv_error *err =
        rmv_vcs_resolve(workspace->vcs, checkout->options->revision, &commit);
    if (err)
        return err;
    memcpy(checkout->commit, commit.id, sizeof(checkout->commit));
    err = rmv_checkout_read_last(checkout);
    if (err)
        return err;
    return rmv_tracked_read(workspace, checkout->commit, &checkout->wanted);
}

/* Pointers that cannot be read are what -f may have to repair. */
static const struct rmv_error *read_tracked(struct rmv_checkout *checkout)
{
    const bool is_revision = checkout->options->revision != NULL;
    const struct rmv_error *err = is_revision ? read_revision(checkout) : NULL;
    if (err)
        return err;
    if (!is_revision)
        return rmv_tracked_read(checkout->workspace, NULL, &checkout->wanted);
    err = rmv_tracked_read(checkout->workspace, NULL, &checkout->now);
    return err && checkout->options->force ? NULL : err;
}

/* ---- Which data -------------------------------------------------------------------------------
 */

static void add_output(struct rmv_outputs *outputs, const struct rmv_output *output)
{
    rmv_output_copy(rmv_outputs_add(outputs), output);
}

static void add_missing(struct rmv_checkout *checkout, const char *path)
{
    rmv_outputs_add(&checkout->outputs)->path = rmv_str_copy(path);
}

/* Is one of the paths that were asked for inside the output, so that only parts of it are wanted?
 */
static const struct rmv_error *add_parts(struct rmv_checkout *checkout,
                                         const struct rmv_output *output, bool *is_whole)
{
    const struct rmv_strings *paths = checkout->options->paths;
    *is_whole = paths->count == 0;
    for (size_t i = 0; i < paths->count; i++)
        *is_whole = *is_whole || rmv_path_is_in(output->path, paths->items[i]) ||
                    !rmv_path_is_in(paths->items[i], output->path);
    for (size_t i = 0; !*is_whole && i < paths->count; i++) {
        if (!rmv_path_is_in(paths->items[i], output->path))
            continue;
        const struct rmv_error *err = rmv_dataset_find(checkout->workspace, output, paths->items[i],
                                                       rmv_outputs_add(&checkout->parts));
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *plan_wanted(struct rmv_checkout *checkout)
{
    const struct rmv_outputs *outputs = &checkout->wanted.outputs;
    for (size_t i = 0; i < outputs->count; i++) {
        bool is_whole;
        if (outputs->items[i].no_cache || !rmv_checkout_is_chosen(checkout, outputs->items[i].path))
            continue;
        const struct rmv_error *err = add_parts(checkout, &outputs->items[i], &is_whole);
        if (err)
            return err;
        if (is_whole && outputs->items[i].kind != RMV_OUTPUT_MISSING)
            add_output(&checkout->outputs, &outputs->items[i]);
    }
    return NULL;
}

/* Does anything that will be tracked lie at the path or around it? */
static bool is_tracked_then(const struct rmv_checkout *checkout, const char *path)
{
    if (rmv_tracked_find(&checkout->wanted, path))
        return true;
    const struct rmv_output *now = rmv_tracked_find(&checkout->now, path);
    if (!now)
        return false;
    /* New pointers, which no commit has, stay as they are. */
    const char *source = checkout->now.sources.items[now - checkout->now.outputs.items];
    return !rmv_checkout_has(&checkout->removed, source) &&
           !rmv_checkout_has(&checkout->restored, source);
}

/* Where another workspace or repository was made around data, its pointer is not looked for any
 * more, which does not mean that it is gone. */
static bool is_out_of_sight(const struct rmv_checkout *checkout, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_scan_find_foreign(checkout->workspace, path);
    return folder != NULL;
}

static const struct rmv_error *is_in_git(struct rmv_checkout *checkout, const char *path, bool *is)
{
    struct rmv_workspace *workspace = checkout->workspace;
    *is = false;
    if (!workspace->vcs)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, path);
    return rmv_vcs_is_tracked(workspace->vcs, git_path, is);
}

/* Data that was tracked and will not be: of the pointers that go, and of those that went when Git
 * switched branches. What Git has taken over is Git's. */
static const struct rmv_error *plan_vanished(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings known = {0};
    const struct rmv_outputs *now = &checkout->now.outputs;

    rmv_placed_list(rmv_placed_of(checkout->workspace), &known);
    for (size_t i = 0; i < now->count; i++)
        if (!now->items[i].no_cache)
            rmv_strings_add(&known, now->items[i].path);
    rmv_strings_sort(&known);
    for (size_t i = 0; i < known.count; i++) {
        const char *path = known.items[i];
        bool is_git = false;
        if ((i > 0 && strcmp(known.items[i - 1], path) == 0) ||
            !rmv_checkout_is_chosen(checkout, path) || is_tracked_then(checkout, path) ||
            is_out_of_sight(checkout, path))
            continue;
        const struct rmv_error *err = is_in_git(checkout, path, &is_git);
        if (err)
            return err;
        if (!is_git)
            add_missing(checkout, path);
    }
    return NULL;
}

static const struct rmv_error *check_paths(const struct rmv_checkout *checkout)
{
    const struct rmv_strings *paths = checkout->options->paths;
    for (size_t i = 0; i < paths->count; i++) {
        bool is_any = false;
        for (size_t k = 0; k < checkout->wanted.outputs.count && !is_any; k++)
            is_any = is_around(paths->items[i], checkout->wanted.outputs.items[k].path);
        for (size_t k = 0; k < checkout->outputs.count && !is_any; k++)
            is_any = is_around(paths->items[i], checkout->outputs.items[k].path);
        if (is_any)
            continue;
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(paths->items[i]);
        const struct rmv_error *err = rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not tracked", quoted);
        return checkout->options->revision
                   ? rmv_error_context(err, "revision '%s'", checkout->options->revision)
                   : err;
    }
    return NULL;
}

static const struct rmv_error *plan(struct rmv_checkout *checkout)
{
    const struct rmv_error *err = read_tracked(checkout);
    if (!err && checkout->options->revision)
        err = rmv_checkout_plan_sources(checkout);
    if (!err && checkout->options->revision)
        err = rmv_checkout_plan_files(checkout);
    if (!err)
        err = plan_wanted(checkout);
    if (!err)
        err = plan_vanished(checkout);
    return err ? err : check_paths(checkout);
}

/* ---- Doing ------------------------------------------------------------------------------------
 */

static const struct rmv_error *restore(struct rmv_checkout *checkout,
                                       const struct rmv_outputs *outputs, bool partial,
                                       bool check_only, struct rmv_restore_report *report)
{
    const struct rmv_restore_options options = {
        .force = checkout->options->force,
        .relink = checkout->options->relink,
        .partial = partial,
        .check_only = check_only,
        .progress = checkout->options->progress,
    };
    if (outputs->count == 0)
        return NULL;
    return rmv_dataset_restore(checkout->workspace, outputs->items, outputs->count, &options,
                               report);
}

static void move_changes(struct rmv_changes *to, struct rmv_changes *from)
{
    for (size_t i = 0; i < from->count; i++) {
        to->items = rmv_grow(to->items, to->count, &to->capacity, sizeof(*to->items));
        to->items[to->count++] = from->items[i];
    }
    from->count = 0;
}

static void add_report(struct rmv_restore_report *to, struct rmv_restore_report *from)
{
    to->added += from->added;
    to->modified += from->modified;
    to->deleted += from->deleted;
    to->unchanged += from->unchanged;
    to->is_begun = to->is_begun || from->is_begun;
    for (size_t i = 0; i < from->kept.count; i++)
        rmv_strings_add(&to->kept, from->kept.items[i]);
    move_changes(&to->outputs, &from->outputs);
}

/* Parts are checked before anything is touched, too. */
static const struct rmv_error *restore_data(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    const bool check_only = checkout->options->check_only;

    const struct rmv_error *err = restore(checkout, &checkout->parts, true, true, &report);
    if (!err)
        err = restore(checkout, &checkout->outputs, false, check_only, &checkout->report->data);
    if (err || check_only)
        return err;
    err = restore(checkout, &checkout->parts, true, false, &report);
    add_report(&checkout->report->data, &report);
    return err;
}

/* Pointers follow once the data is on its way: even where some of it could not be had, they then
 * say what belongs there. */
static const struct rmv_error *follow(struct rmv_checkout *checkout)
{
    const struct rmv_error *err = rmv_checkout_move_sources(checkout);
    if (!err)
        err = rmv_checkout_write_files(checkout);
    return err ? err : rmv_checkout_write_last(checkout);
}

const struct rmv_error *rmv_checkout(struct rmv_workspace *workspace,
                                     const struct rmv_checkout_options *options,
                                     struct rmv_checkout_report *report)
{
    RMV_CLEANUP(checkout_free)
    struct rmv_checkout checkout = {
        .workspace = workspace,
        .options = options,
        .report = report,
    };
    const struct rmv_error *err = plan(&checkout);
    if (!err)
        err = restore_data(&checkout);
    const bool is_begun = !err || report->data.is_begun;
    if (!options->revision || options->check_only || !is_begun)
        return err;

    struct rmv_error *failed = rmv_error_take(err);
    err = follow(&checkout);
    if (err) {
        rmv_error_free(&failed);
        return err;
    }
    return rmv_error_raise(&failed);
}
