#include "rmv/pipeline/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/outside.h"
#include "pipeline/url.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/screen.h"
#include "rmv/dataset/dataset.h"
#include "rmv/pipeline/graph.h"

/* ---- Reasons -------------------------------------------------------------------------------- */

void rmv_stage_status_free(struct rmv_stage_status *status)
{
    for (size_t i = 0; i < status->count; i++)
        rmv_str_free(&status->reasons[i].text);
    free(status->reasons);
    rmv_value_free(&status->params);
    *status = (struct rmv_stage_status){0};
}

void rmv_stage_status_add(struct rmv_stage_status *status, enum rmv_stage_change change,
                          char *text_taken)
{
    status->reasons =
        rmv_grow(status->reasons, status->count, &status->capacity, sizeof(status->reasons[0]));
    status->reasons[status->count++] =
        (struct rmv_stage_reason){.change = change, .text = text_taken};
}

const char *rmv_stage_change_name(enum rmv_stage_change change)
{
    static const char *const names[] = {
        [RMV_STAGE_CHANGE_FORCED] = "forced",   [RMV_STAGE_CHANGE_ALWAYS] = "always",
        [RMV_STAGE_CHANGE_NEW] = "new",         [RMV_STAGE_CHANGE_COMMAND] = "command",
        [RMV_STAGE_CHANGE_DEP] = "dependency",  [RMV_STAGE_CHANGE_PARAM] = "parameter",
        [RMV_STAGE_CHANGE_ENV] = "environment", [RMV_STAGE_CHANGE_OUT] = "output",
    };
    return names[change];
}

static bool is_input(enum rmv_stage_change change)
{
    return change == RMV_STAGE_CHANGE_DEP || change == RMV_STAGE_CHANGE_PARAM ||
           change == RMV_STAGE_CHANGE_ENV;
}

bool rmv_stage_status_has(const struct rmv_stage_status *status, enum rmv_stage_change change)
{
    for (size_t i = 0; i < status->count; i++)
        if (status->reasons[i].change == change)
            return true;
    return false;
}

char *rmv_stage_status_text(const struct rmv_stage_status *status)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    for (size_t i = 0; i < status->count; i++)
        if (is_input(status->reasons[i].change))
            rmv_buf_append_format(&text, "%s%s",
                                  text.size ? "; " : "changed: ", status->reasons[i].text);
    for (size_t i = 0; i < status->count; i++)
        if (!is_input(status->reasons[i].change))
            rmv_buf_append_format(&text, "%s%s", text.size ? "; " : "", status->reasons[i].text);
    return rmv_screen_safe(rmv_buf_string(&text));
}

/* ---- Comparing one stage -------------------------------------------------------------------- */

/* One comparison on its way. */
struct comparison {
    struct rmv_stage_view *view;
    const struct rmv_stage *stage;
    const struct rmv_lock_stage *locked; /* what it was run with; NULL if it was not */
    struct rmv_stage_status *status;
    const struct rmv_stage_dep *absent; /* the first one that is not here, if that is allowed */
};

static void append_count(struct rmv_buf *text, const struct rmv_changes *changes,
                         enum rmv_change_kind kind, const char *word)
{
    size_t count = 0;
    rmv_changes_count(changes, kind, &count);
    if (count)
        rmv_buf_append_format(text, "%s%zu %s", text->size ? ", " : "", count, word);
}

/* "2 added, 1 modified" where both states are known file by file. */
static char *describe_change(struct rmv_stage_view *view, const struct rmv_output *before,
                             const struct rmv_output *now)
{
    RMV_CLEANUP(rmv_changes_free) struct rmv_changes changes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (before->kind != RMV_OUTPUT_TREE || now->kind != RMV_OUTPUT_TREE)
        return rmv_str_copy("modified");
    /* What nobody added or made is not in the store. */
    if (rmv_dataset_compare(view->workspace, before, now, &changes))
        return before->nfiles == now->nfiles
                   ? rmv_str_copy("modified")
                   : rmv_str_format("modified, %" PRIu64 " → %" PRIu64 " files", before->nfiles,
                                    now->nfiles);
    append_count(&text, &changes, RMV_CHANGE_ADDED, "added");
    append_count(&text, &changes, RMV_CHANGE_MODIFIED, "modified");
    append_count(&text, &changes, RMV_CHANGE_DELETED, "deleted");
    append_count(&text, &changes, RMV_CHANGE_RENAMED, "renamed");
    if (!text.size)
        rmv_buf_append_string(&text, "modified");
    (void)rmv_buf_string(&text);
    return rmv_buf_take(&text);
}

static const struct rmv_error *missing_dep(const struct rmv_stage *stage,
                                           const struct rmv_stage_dep *dep)
{
    if (rmv_outside_is_path(stage, dep->path))
        return rmv_outside_missing(stage, dep);
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                    "dependency '%s' of stage '%s' does not exist (%s:%u)",
                                    dep->path, stage->address, stage->file, (unsigned)dep->line),
                          "make it, or `rmv checkout` it if it is tracked");
}

/* Data that is not here, but of which it may be known what it should be. */
static const struct rmv_error *compare_absent(struct comparison *comparison,
                                              const struct rmv_stage_dep *dep)
{
    struct rmv_stage_view *view = comparison->view;
    const struct rmv_output *before =
        comparison->locked ? rmv_outputs_find(&comparison->locked->deps, dep->path) : NULL;
    if (!view->known || !before)
        return missing_dep(comparison->stage, dep);
    if (!comparison->absent)
        comparison->absent = dep;

    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    const struct rmv_output *whole = rmv_tracked_find(view->known, dep->path);
    if (whole && !rmv_dataset_find(view->workspace, whole, dep->path, &now) &&
        !rmv_output_equal(before, &now))
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_DEP,
                             rmv_str_format("%s (modified, and not here)", dep->path));
    return NULL;
}

static const struct rmv_error *compare_dep(struct comparison *comparison,
                                           const struct rmv_stage_dep *dep)
{
    const struct rmv_output *now = NULL;
    const struct rmv_error *err = rmv_stage_view_state(comparison->view, dep->path, &now);
    if (err)
        return rmv_error_context(err, "dependency '%s' of stage '%s'", dep->path,
                                 comparison->stage->address);
    if (now->kind == RMV_OUTPUT_MISSING)
        return compare_absent(comparison, dep);
    if (!comparison->locked)
        return NULL;

    const struct rmv_output *before = rmv_outputs_find(&comparison->locked->deps, dep->path);
    if (!before) {
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_DEP,
                             rmv_str_format("%s (new dependency)", dep->path));
    } else if (!rmv_output_equal(before, now)) {
        RMV_CLEANUP(rmv_str_free) char *how = describe_change(comparison->view, before, now);
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_DEP,
                             rmv_str_format("%s (%s)", dep->path, how));
    }
    return NULL;
}

static bool has_dep(const struct rmv_stage *stage, const char *path)
{
    for (size_t i = 0; i < stage->deps_count; i++)
        if (strcmp(stage->deps[i].path, path) == 0)
            return true;
    return false;
}

static const struct rmv_error *compare_deps(struct comparison *comparison)
{
    const struct rmv_stage *stage = comparison->stage;
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < stage->deps_count; i++)
        err = compare_dep(comparison, &stage->deps[i]);
    for (size_t i = 0; !err && comparison->locked && i < comparison->locked->deps.count; i++) {
        const char *path = comparison->locked->deps.items[i].path;
        if (!has_dep(stage, path))
            rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_DEP,
                                 rmv_str_format("%s (no longer a dependency)", path));
    }
    return err;
}

static char *describe_difference(const struct rmv_params_difference *difference)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_buf_append_format(&text, "%s: %s ", difference->file, difference->key);
    if (difference->had)
        rmv_params_format_value(&difference->before, &text);
    else
        rmv_buf_append_string(&text, "(none)");
    rmv_buf_append_string(&text, " → ");
    if (difference->has)
        rmv_params_format_value(&difference->after, &text);
    else
        rmv_buf_append_string(&text, "(none)");
    (void)rmv_buf_string(&text);
    return rmv_buf_take(&text);
}

static void add_differences(struct comparison *comparison,
                            const struct rmv_params_differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        const bool is_dep = rmv_url_is(differences->items[i].file);
        rmv_stage_status_add(comparison->status,
                             is_dep ? RMV_STAGE_CHANGE_DEP : RMV_STAGE_CHANGE_PARAM,
                             describe_difference(&differences->items[i]));
    }
}

/* Files outside that are not here, but of which it is known what they should be. */
static const struct rmv_error *take_absent(struct comparison *comparison)
{
    const struct rmv_stage *stage = comparison->stage;
    for (size_t i = 0; i < stage->outside_count; i++) {
        const struct rmv_stage_dep *dep = &stage->outside[i];
        struct rmv_value *now = rmv_value_find(&comparison->status->params, dep->path);
        if (!now || now->kind != RMV_VALUE_NULL)
            continue;
        const struct rmv_value *before =
            comparison->locked ? rmv_value_find(&comparison->locked->params, dep->path) : NULL;
        if (!before)
            return rmv_outside_missing(stage, dep);
        rmv_value_copy(now, before);
        if (!comparison->absent)
            comparison->absent = dep;
    }
    return NULL;
}

/* Either state may be NULL; what differs in files of parameters is added to `differences`. */
static void compare_file(struct comparison *comparison, const char *file,
                         const struct rmv_value *before, const struct rmv_value *now,
                         struct rmv_params_differences *differences)
{
    if (!rmv_outside_is_path(comparison->stage, file))
        rmv_params_compare(file, before, now, false, differences);
    else if (!before || !now || !rmv_value_equal(before, now))
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_DEP,
                             rmv_outside_describe(file, before, now));
}

static const struct rmv_error *compare_params(struct comparison *comparison)
{
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    struct rmv_value *now = &comparison->status->params;

    const struct rmv_error *err = rmv_params_of_stage(
        comparison->view->workspace, &comparison->view->params, comparison->stage, now);
    if (!err)
        err = take_absent(comparison);
    if (err || !comparison->locked)
        return err;
    const struct rmv_value *before = &comparison->locked->params;
    const size_t reasons_count = comparison->status->count;
    if (rmv_value_equal(before, now) || (before->kind == RMV_VALUE_NULL && now->map.count == 0))
        return NULL;

    for (size_t i = 0; i < now->map.count; i++) {
        const struct rmv_member *file = &now->map.members[i];
        compare_file(comparison, file->key, rmv_value_find(before, file->key), &file->value,
                     &differences);
    }
    for (size_t i = 0; before->kind == RMV_VALUE_MAP && i < before->map.count; i++) {
        const struct rmv_member *file = &before->map.members[i];
        if (!rmv_value_find(now, file->key))
            compare_file(comparison, file->key, &file->value, NULL, &differences);
    }
    add_differences(comparison, &differences);
    /* Something like {} against {a: {}}: no scalar differs, and still it is another value. */
    if (comparison->status->count == reasons_count)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_PARAM,
                             rmv_str_copy("parameters"));
    return NULL;
}

static const struct rmv_error *compare_out(struct comparison *comparison,
                                           const struct rmv_stage_out *out)
{
    const struct rmv_output *now = NULL;
    const struct rmv_output *before = rmv_outputs_find(&comparison->locked->outs, out->path);
    const struct rmv_error *err = rmv_stage_view_state(comparison->view, out->path, &now);
    if (err)
        return rmv_error_context(err, "output '%s' of stage '%s'", out->path,
                                 comparison->stage->address);
    char *text = NULL;
    if (!before)
        text = rmv_str_format("new output: %s", out->path);
    else if (now->kind == RMV_OUTPUT_MISSING && comparison->view->known)
        return NULL;
    else if (now->kind == RMV_OUTPUT_MISSING)
        text = rmv_str_format("output missing: %s", out->path);
    else if (!rmv_output_equal(before, now))
        text = rmv_str_format("output modified: %s", out->path);
    else if (before->no_cache != out->no_cache)
        text = rmv_str_format("cache: %s now: %s", out->no_cache ? "false" : "true", out->path);
    if (text)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_OUT, text);
    return NULL;
}

static bool has_out(const struct rmv_stage *stage, const char *path)
{
    for (size_t i = 0; i < stage->outs_count; i++)
        if (strcmp(stage->outs[i].path, path) == 0)
            return true;
    return false;
}

static const struct rmv_error *compare_outs(struct comparison *comparison)
{
    const struct rmv_stage *stage = comparison->stage;
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < stage->outs_count; i++)
        err = compare_out(comparison, &stage->outs[i]);
    for (size_t i = 0; !err && i < comparison->locked->outs.count; i++) {
        const char *path = comparison->locked->outs.items[i].path;
        if (!has_out(stage, path))
            rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_OUT,
                                 rmv_str_format("no longer an output: %s", path));
    }
    return err;
}

static void compare_command(struct comparison *comparison)
{
    const struct rmv_stage *stage = comparison->stage;
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(stage->file);
    const char *before = rmv_value_find_text(&comparison->locked->extra, "wdir");

    if (!rmv_value_equal(&stage->cmd, &comparison->locked->cmd))
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_COMMAND,
                             rmv_str_copy("command changed"));
    if (strcmp(before ? before : folder, stage->wdir) != 0)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_COMMAND,
                             rmv_str_copy("working folder changed"));
}

static void compare_env(struct comparison *comparison)
{
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    rmv_params_compare("env", rmv_value_find(&comparison->locked->extra, "env"),
                       &comparison->stage->env, false, &differences);
    for (size_t i = 0; i < differences.count; i++)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_ENV,
                             describe_difference(&differences.items[i]));
}

static void compare_kind(struct comparison *comparison)
{
    const struct rmv_stage *stage = comparison->stage;
    if (stage->always_changed)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_ALWAYS,
                             rmv_str_copy("always_changed"));
    else if (!stage->deps_count && !stage->outside_count && !stage->outs_count &&
             !stage->params_count)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_ALWAYS,
                             rmv_str_copy("it has neither dependencies nor outputs"));
    if (!comparison->locked)
        rmv_stage_status_add(comparison->status, RMV_STAGE_CHANGE_NEW, rmv_str_copy("not run yet"));
}

static bool has_only_outs(const struct rmv_stage_status *status)
{
    for (size_t i = 0; i < status->count; i++)
        if (status->reasons[i].change != RMV_STAGE_CHANGE_OUT)
            return false;
    return status->count > 0;
}

const struct rmv_error *rmv_stage_status_of(struct rmv_stage_view *view,
                                            const struct rmv_stage *stage,
                                            struct rmv_stage_status *status)
{
    struct rmv_lock_file *lock = NULL;
    const struct rmv_error *err = rmv_stage_view_lock_file(view, stage->file, &lock);
    if (err)
        return err;
    struct comparison comparison = {.view = view,
                                    .stage = stage,
                                    .locked = rmv_lock_file_find(lock, stage->name),
                                    .status = status};
    if (!stage->frozen) {
        compare_kind(&comparison);
        err = compare_deps(&comparison);
        if (!err)
            err = compare_params(&comparison);
        if (!err && comparison.locked) {
            compare_command(&comparison);
            compare_env(&comparison);
        }
    }
    if (!err && comparison.locked)
        err = compare_outs(&comparison);
    status->outs_only = has_only_outs(status);
    if (!err && comparison.absent && status->count && !status->outs_only)
        return missing_dep(stage, comparison.absent);
    return err;
}

/* ---- All stages ----------------------------------------------------------------------------- */

void rmv_pipeline_status_free(struct rmv_pipeline_status *status)
{
    for (size_t i = 0; i < status->stages.count; i++)
        rmv_stage_status_free(&status->details[i]);
    free(status->details);
    rmv_strings_free(&status->stages);
    rmv_strings_free(&status->reasons);
}

/* The first line of `err`, unless all that is missing is what other stages will make. */
static char *reason_of_missing(struct rmv_stage_view *view, const struct rmv_pipeline *pipeline,
                               const struct rmv_stage *stage, const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_str_free)
    char *message = rmv_str_copy_n(err->message, strcspn(err->message, "\n"));
    RMV_CLEANUP(rmv_str_free) char *reason = NULL;

    for (size_t i = 0; i < stage->deps_count; i++) {
        const char *path = stage->deps[i].path;
        const struct rmv_output *now = NULL;
        if (rmv_stage_view_state(view, path, &now) || now->kind != RMV_OUTPUT_MISSING)
            continue;
        const struct rmv_stage *maker = rmv_pipeline_maker_of(pipeline, path);
        if (!maker)
            return rmv_screen_safe(message);
        if (!reason)
            reason = rmv_str_format("missing: %s, which stage '%s' makes", path, maker->address);
    }
    return rmv_screen_safe(reason ? reason : message);
}

const struct rmv_error *rmv_pipeline_status(struct rmv_workspace *workspace,
                                            const struct rmv_pipeline *pipeline, const bool *chosen,
                                            struct rmv_pipeline_status *status)
{
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    RMV_CLEANUP(rmv_stage_view_free) struct rmv_stage_view view = {.workspace = workspace};

    const struct rmv_error *err = rmv_graph_build(pipeline, &graph);
    if (err)
        return err;
    for (size_t i = 0; i < graph.count; i++) {
        const struct rmv_stage *stage = &pipeline->stages[graph.order[i]];
        RMV_CLEANUP(rmv_stage_status_free) struct rmv_stage_status one = {0};

        if (chosen && !chosen[graph.order[i]])
            continue;
        err = rmv_stage_status_of(&view, stage, &one);
        /* A server that does not answer must not hide the state of other stages. */
        if (err && err->code != RMV_ERR_NOT_FOUND && !stage->outside_count)
            return err;
        if (!err && !one.count)
            continue;
        status->details = rmv_grow(status->details, status->stages.count, &status->details_capacity,
                                   sizeof(status->details[0]));
        status->details[status->stages.count] = (struct rmv_stage_status){0};
        rmv_strings_add(&status->stages, stage->address);
        if (err)
            rmv_strings_take(&status->reasons, reason_of_missing(&view, pipeline, stage, err));
        else
            rmv_strings_take(&status->reasons, rmv_stage_status_text(&one));
        if (!err) {
            status->details[status->stages.count - 1] = one;
            one = (struct rmv_stage_status){0};
        }
    }
    return NULL;
}
