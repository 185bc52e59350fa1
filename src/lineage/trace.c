#include "lineage/trace.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/target.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

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

/* ---- Views ---------------------------------------------------------------------------------- */

static void free_view(struct rmv_lineage_view *view)
{
    rmv_str_free(&view->commit);
    rmv_tracked_free(&view->tracked);
}

/* What the commit (NULL: the workspace) tracks; read once. */
static const struct rmv_error *open_view(struct rmv_trace *trace, const char *commit, size_t *index)
{
    for (size_t i = 0; i < trace->views_count; i++) {
        if (rmv_str_compare(trace->views[i].commit, commit) == 0) {
            *index = i;
            return NULL;
        }
    }
    trace->views =
        rmv_grow(trace->views, trace->views_count, &trace->views_capacity, sizeof(trace->views[0]));
    struct rmv_lineage_view *view = &trace->views[trace->views_count];
    *view = (struct rmv_lineage_view){.commit = rmv_str_copy(commit)};
    const struct rmv_error *err = rmv_tracked_read(trace->workspace, commit, &view->tracked);
    if (err) {
        free_view(view);
        return err;
    }
    *index = trace->views_count++;
    return NULL;
}

static void find_entry(const struct rmv_lineage_view *view, const struct rmv_output *output,
                       struct rmv_lineage_entry *entry)
{
    const struct rmv_tracked *tracked = &view->tracked;
    const size_t i = (size_t)(output - tracked->outputs.items);

    *entry = (struct rmv_lineage_entry){
        .view = view,
        .output = output,
        .listed_in = tracked->sources.items[i],
        .stage = tracked->stages.items[i],
        .record = output->record,
    };
    for (size_t k = 0; *entry->stage && k < tracked->lock_files_count; k++)
        if (strcmp(tracked->lock_files[k].path, entry->listed_in) == 0)
            entry->locked = rmv_lock_file_find(&tracked->lock_files[k], entry->stage);
    if (entry->locked)
        entry->record = entry->locked->record;
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static void bind_run(struct rmv_trace *trace, struct rmv_lineage_run *run)
{
    const struct rmv_vcs_commit *binding = rmv_versions_find_binding(&trace->history, &run->id);
    const bool is_stage = run->is_readable && run->record.kind == RMV_RECORD_STAGE;

    if (binding) {
        run->bound_to = *binding;
        run->bound_to.author = rmv_str_copy(binding->author);
        run->bound_to.summary = rmv_str_copy(binding->summary);
        return;
    }
    if (!trace->workspace->vcs)
        return;
    rmv_strings_take(&run->notes,
                     rmv_str_format("no commit names this run yet: commit %s", run->listed_in));
    if (is_stage && (run->record.git_dirty || !run->record.git_commit) &&
        run->status < RMV_LINEAGE_DIRTY)
        run->status = RMV_LINEAGE_DIRTY;
}

static void read_record(struct rmv_trace *trace, struct rmv_lineage_run *run)
{
    const struct rmv_error *err = rmv_record_get(trace->workspace->store, &run->id, &run->record);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        rmv_trace_blame_run(run, RMV_LINEAGE_MISSING, "its record is not in the store");
    else if (err)
        rmv_trace_blame_run(run, RMV_LINEAGE_DAMAGED, "%s", err->message);
    else
        run->is_readable = true;
    trace->lineage->objects_count += !err;
}

/* The run that the entry names, added if it is new. */
static size_t add_run(struct rmv_trace *trace, size_t view, const struct rmv_lineage_entry *entry)
{
    struct rmv_lineage *lineage = trace->lineage;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&entry->record, hex);
    size_t index = (size_t)(uintptr_t)rmv_map_find(&trace->runs, hex);
    if (index == 0) {
        lineage->runs = rmv_grow(lineage->runs, lineage->runs_count, &lineage->runs_capacity,
                                 sizeof(lineage->runs[0]));
        trace->run_views = rmv_grow(trace->run_views, lineage->runs_count,
                                    &trace->run_views_capacity, sizeof(trace->run_views[0]));
        trace->run_views[lineage->runs_count] = view;
        struct rmv_lineage_run *run = &lineage->runs[lineage->runs_count++];
        *run = (struct rmv_lineage_run){
            .id = entry->record,
            .stage = rmv_str_copy(entry->stage),
            .listed_in = rmv_str_copy(entry->listed_in),
        };
        index = lineage->runs_count;
        rmv_map_set(&trace->runs, hex, (void *)(uintptr_t)index);
        read_record(trace, run);
        bind_run(trace, run);
    }

    RMV_CLEANUP(rmv_str_free)
    char *key = rmv_str_format("%s %zu %s", hex, view, *entry->stage ? "" : entry->output->path);
    if (!rmv_map_set(&trace->compared, key, trace))
        rmv_trace_compare(entry, &lineage->runs[index - 1]);
    return index - 1;
}

/* ---- Artifacts ------------------------------------------------------------------------------ */

static bool is_of(const struct rmv_output *output, const struct rmv_lineage_artifact *artifact)
{
    return rmv_object_id_equal(&output->id, &artifact->id) &&
           (output->kind == RMV_OUTPUT_TREE) == artifact->is_tree;
}

/* The artifact is `output` of a view, or inside it. */
static void settle_by_run(struct rmv_trace *trace, size_t view, const struct rmv_output *output,
                          size_t index)
{
    struct rmv_lineage_artifact *artifact = &trace->lineage->artifacts[index];
    struct rmv_lineage_entry entry;

    find_entry(&trace->views[view], output, &entry);
    artifact->origin = RMV_LINEAGE_BY_RUN;
    artifact->listed_in = rmv_str_copy(entry.listed_in);
    artifact->commit = rmv_str_copy(entry.view->commit);
    artifact->is_not_stored = output->no_cache;
    if (strcmp(output->path, artifact->path) != 0)
        artifact->within = rmv_str_copy(output->path);
    if (rmv_object_id_is_zero(&entry.record)) {
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_UNRECORDED,
                                 "%s names no record of how it came to be", entry.listed_in);
        return;
    }
    artifact->run = add_run(trace, view, &entry);
    const struct rmv_lineage_run *run = &trace->lineage->runs[artifact->run];
    if (!run->is_readable)
        return;
    const struct rmv_record_artifact *made =
        rmv_record_artifacts_find(&run->record.outs, output->path);
    if (!made || !rmv_object_id_equal(&made->id, &output->id))
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "the record of the run that %s names did not make this",
                                 entry.listed_in);
}

/* Is the artifact what a view has at its path? `*output` is where, also if it is not that. */
static bool find_in_view(struct rmv_trace *trace, size_t view,
                         const struct rmv_lineage_artifact *artifact,
                         const struct rmv_output **output)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output inside = {0};

    *output = rmv_tracked_find(&trace->views[view].tracked, artifact->path);
    if (!*output)
        return false;
    if (strcmp((*output)->path, artifact->path) == 0)
        return is_of(*output, artifact);
    return !rmv_dataset_find(trace->workspace, *output, artifact->path, &inside) &&
           is_of(&inside, artifact);
}

/* Does a version list the artifact, or an output with it inside? */
static bool is_in_version(struct rmv_trace *trace, const struct rmv_version *version,
                          const struct rmv_lineage_artifact *artifact)
{
    for (size_t i = 0; i < version->outputs.count; i++) {
        const struct rmv_output *output = &version->outputs.items[i];
        RMV_CLEANUP(rmv_output_free) struct rmv_output inside = {0};
        if (strcmp(output->path, artifact->path) == 0 && is_of(output, artifact))
            return true;
        if (output->kind == RMV_OUTPUT_TREE && rmv_path_is_in(artifact->path, output->path) &&
            !rmv_dataset_find(trace->workspace, output, artifact->path, &inside) &&
            is_of(&inside, artifact))
            return true;
    }
    return false;
}

/* Finds the newest commit that has the artifact. */
static const struct rmv_error *settle_by_history(struct rmv_trace *trace, size_t index, bool *found)
{
    const struct rmv_versions *history = &trace->history;
    struct rmv_lineage_artifact *artifact = &trace->lineage->artifacts[index];
    const struct rmv_version *version =
        rmv_versions_find_content(history, artifact->path, &artifact->id);
    const struct rmv_output *output = NULL;
    size_t view = 0;

    for (size_t i = 0; !version && i < history->versions_count; i++)
        if (is_in_version(trace, &history->versions[i], artifact))
            version = &history->versions[i];
    *found = false;
    if (!version)
        return NULL;
    const struct rmv_error *err = open_view(trace, history->commits[version->commit].id, &view);
    if (err)
        return err;
    artifact = &trace->lineage->artifacts[index];
    *found = find_in_view(trace, view, artifact, &output);
    if (*found) {
        artifact->is_older = true;
        settle_by_run(trace, view, output, index);
    }
    return NULL;
}

static size_t add_artifact(struct rmv_trace *trace, const struct rmv_record_artifact *claim,
                           bool *is_new)
{
    struct rmv_lineage *lineage = trace->lineage;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&claim->id, hex);
    RMV_CLEANUP(rmv_str_free) char *key = rmv_str_format("%s %s", hex, claim->path);
    const size_t known = (size_t)(uintptr_t)rmv_map_find(&trace->artifacts, key);
    *is_new = known == 0;
    if (known)
        return known - 1;
    lineage->artifacts = rmv_grow(lineage->artifacts, lineage->artifacts_count,
                                  &lineage->artifacts_capacity, sizeof(lineage->artifacts[0]));
    lineage->artifacts[lineage->artifacts_count++] = (struct rmv_lineage_artifact){
        .path = rmv_str_copy(claim->path),
        .is_tree = claim->is_tree,
        .id = claim->id,
        .size = claim->size,
        .nfiles = claim->nfiles,
        .origin = RMV_LINEAGE_BY_NOBODY,
        .run = RMV_LINEAGE_NONE,
    };
    rmv_map_set(&trace->artifacts, key, (void *)(uintptr_t)lineage->artifacts_count);
    return lineage->artifacts_count - 1;
}

static void add_index(struct rmv_lineage_indexes *indexes, size_t index)
{
    indexes->items = rmv_grow(indexes->items, indexes->count, &indexes->capacity, sizeof(index));
    indexes->items[indexes->count++] = index;
}

/* A folder in which tracked outputs lie comes from all of them. */
static bool settle_by_parts(struct rmv_trace *trace, size_t view, size_t index)
{
    const struct rmv_outputs *outputs = &trace->views[view].tracked.outputs;
    struct rmv_lineage *lineage = trace->lineage;

    for (size_t i = 0; i < outputs->count; i++) {
        const struct rmv_output *output = &outputs->items[i];
        bool is_new = false;
        if (!rmv_path_is_in(output->path, lineage->artifacts[index].path))
            continue;
        const struct rmv_record_artifact claim = {
            .path = output->path,
            .is_tree = output->kind == RMV_OUTPUT_TREE,
            .id = output->id,
            .size = output->size,
            .nfiles = output->nfiles,
        };
        const size_t part = add_artifact(trace, &claim, &is_new);
        if (is_new)
            settle_by_run(trace, view, output, part);
        add_index(&lineage->artifacts[index].parts, part);
        lineage->artifacts[index].origin = RMV_LINEAGE_BY_PARTS;
    }
    return lineage->artifacts[index].origin == RMV_LINEAGE_BY_PARTS;
}

/* Nobody has it any more: says what is there instead. */
static void settle_by_nobody(struct rmv_trace *trace, const struct rmv_output *output, size_t index)
{
    struct rmv_lineage_artifact *artifact = &trace->lineage->artifacts[index];
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(artifact->path);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (output && strcmp(output->path, artifact->path) == 0) {
        rmv_object_id_to_hex(&output->id, hex);
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "'%s' is now %.12s, and no commit has the version that was used",
                                 quoted, hex);
    } else if (output) {
        RMV_CLEANUP(rmv_str_free) char *outer = rmv_path_quote(output->path);
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "'%s' has another version of it now, and no commit has this one",
                                 outer);
    }
}

/* Finds out where a new artifact comes from, as of a view; `places` is where sources are. */
static const struct rmv_error *settle(struct rmv_trace *trace, size_t view, size_t index,
                                      const struct rmv_trace_places *places)
{
    const struct rmv_output *output = NULL;
    bool found = false;

    if (find_in_view(trace, view, &trace->lineage->artifacts[index], &output)) {
        settle_by_run(trace, view, output, index);
        return NULL;
    }
    const struct rmv_error *err = settle_by_history(trace, index, &found);
    if (err || found)
        return err;
    if (output) {
        settle_by_nobody(trace, output, index);
        return NULL;
    }
    if (trace->lineage->artifacts[index].is_tree && settle_by_parts(trace, view, index))
        return NULL;
    return rmv_trace_check_source(trace, places, &trace->lineage->artifacts[index]);
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
        const size_t dep =
            add_artifact(trace, &trace->lineage->runs[index].record.deps.items[i], &is_new);
        add_index(&trace->lineage->runs[index].deps, dep);
        if (is_new)
            err = settle(trace, view, dep, &places);
    }
    return err ? err : rmv_trace_check_params(trace, index);
}

static void close_trace(struct rmv_trace *trace)
{
    rmv_versions_free(&trace->history);
    for (size_t i = 0; i < trace->views_count; i++)
        free_view(&trace->views[i]);
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
        err = open_view(trace, revision ? commit.id : NULL, &view);
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
    const size_t root = add_artifact(trace, &found.artifact, &is_new);
    err = settle(trace, view, root, &places);
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
