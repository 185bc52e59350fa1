#include "lineage/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lineage/target.h"
#include "rmv/base/mem.h"

/* ---- Statuses ------------------------------------------------------------------------------- */

static void add_sentence(struct rmv_strings *sentences, const char *format, va_list arguments)
{
    char *text = NULL;
    va_list again;

    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    if (size >= 0) {
        text = rmv_calloc((size_t)size + 1, 1);
        vsnprintf(text, (size_t)size + 1, format, again);
        if (rmv_strings_has(sentences, text))
            rmv_str_free(&text);
        else
            rmv_strings_take(sentences, text);
    }
    va_end(again);
}

void rmv_trace_blame_artifact(struct rmv_lineage_artifact *artifact, enum rmv_lineage_status status,
                              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_sentence(&artifact->problems, format, arguments);
    va_end(arguments);
    if (status > artifact->status)
        artifact->status = status;
}

void rmv_trace_blame_run(struct rmv_lineage_run *run, enum rmv_lineage_status status,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_sentence(&run->problems, format, arguments);
    va_end(arguments);
    if (status > run->status)
        run->status = status;
}

enum rmv_lineage_status rmv_trace_status_of(const struct rmv_error *err)
{
    return err->code == RMV_ERR_NOT_FOUND ? RMV_LINEAGE_MISSING : RMV_LINEAGE_DAMAGED;
}

const struct rmv_error *rmv_trace_pass_over(void *context, const char *path,
                                            const struct rmv_error *err)
{
    (void)context;
    (void)path;
    return err->code == RMV_ERR_IO ? err : NULL;
}

/* ---- Following ------------------------------------------------------------------------------ */

struct rmv_trace_places rmv_trace_places_of(const struct rmv_trace *trace, size_t index)
{
    struct rmv_trace_places places = {0};
    const struct rmv_lineage_run *run = &trace->lineage->runs[index];
    const char *viewed = trace->views[trace->run_views[index]].commit;
    size_t count = 0;

    if (*run->bound_to.id)
        places.bound_to = places.commits[count++] = run->bound_to.id;
    if (run->record.git_commit)
        places.commits[count++] = run->record.git_commit;
    if (viewed)
        places.commits[count++] = viewed;
    places.has_workspace = !places.bound_to;
    return places;
}

static const struct rmv_error *follow_run(struct rmv_trace *trace, size_t index)
{
    const size_t view = trace->run_views[index];
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < trace->lineage->runs[index].record.deps.count; i++) {
        const struct rmv_trace_places places = rmv_trace_places_of(trace, index);
        bool is_new = false;
        const size_t dep = rmv_trace_add_artifact(
            trace, &trace->lineage->runs[index].record.deps.items[i], &is_new);
        rmv_trace_add_index(&trace->lineage->runs[index].deps, dep);
        if (is_new)
            err = rmv_trace_settle(trace, view, dep, &places);
    }
    return err ? err : rmv_trace_check_params(trace, index);
}

static void close_trace(struct rmv_trace *trace)
{
    rmv_versions_free(&trace->history);
    for (size_t i = 0; i < trace->views_count; i++)
        rmv_trace_free_view(&trace->views[i]);
    free(trace->views);
    rmv_map_free(&trace->artifacts);
    rmv_map_free(&trace->runs);
    rmv_map_free(&trace->compared);
    free(trace->run_views);
}

static const struct rmv_error *start(struct rmv_trace *trace, const char *target)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_target_free) struct rmv_target found = {0};
    const char *revision = trace->options->revision;
    size_t view = 0;
    bool is_new = false;

    const struct rmv_error *err = NULL;
    if (revision && !trace->workspace->vcs)
        return rmv_error(RMV_ERR_USAGE,
                         "there is no revision '%s': the workspace is not in a Git repository",
                         revision);
    if (revision)
        err = rmv_vcs_resolve(trace->workspace->vcs, revision, &commit);
    if (!err)
        err = rmv_trace_open_view(trace, revision ? commit.id : NULL, &view);
    if (!err)
        err = rmv_versions_read(trace->workspace, &trace->history);
    if (!err)
        err = rmv_target_find(trace, target, &found);
    if (err)
        return err;
    /* Without a revision, and before the first commit, there is only the work tree. */
    const bool has_commit = trace->workspace->vcs &&
                            (revision || !rmv_vcs_resolve(trace->workspace->vcs, "HEAD", &commit));
    const struct rmv_trace_places places = {.commits = {has_commit ? commit.id : NULL},
                                            .has_workspace = !revision};
    const size_t root = rmv_trace_add_artifact(trace, &found.artifact, &is_new);
    err = rmv_trace_settle(trace, view, root, &places);
    if (!err && !revision && trace->lineage->artifacts[root].origin == RMV_LINEAGE_BY_RUN)
        err = rmv_target_check_workspace(trace, &trace->lineage->artifacts[root]);
    return err;
}

const struct rmv_error *rmv_lineage_trace(struct rmv_workspace *workspace, const char *target,
                                          const struct rmv_lineage_options *options,
                                          struct rmv_lineage *lineage)
{
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage built = {0};
    RMV_CLEANUP(close_trace)
    struct rmv_trace trace = {.workspace = workspace, .options = options, .lineage = &built};

    built.is_quick = options->quick;
    built.revision = rmv_str_copy(options->revision);
    const struct rmv_error *err = start(&trace, target);
    /* Runs that are found on the way are added behind the one being followed. */
    for (size_t i = 0; !err && i < built.runs_count; i++)
        err = follow_run(&trace, i);
    for (size_t i = 0; !err && i < built.artifacts_count; i++)
        if (built.artifacts[i].is_not_stored)
            err = rmv_trace_check_kept(&trace, &built.artifacts[i]);
    if (!err)
        err = rmv_trace_check_contents(&trace);
    if (err)
        return err;
    *lineage = built;
    built = (struct rmv_lineage){0};
    return NULL;
}
