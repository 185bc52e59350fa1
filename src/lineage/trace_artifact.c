#include <stdint.h>
#include <string.h>

#include "lineage/trace.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

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

    rmv_trace_find_entry(&trace->views[view], output, &entry);
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
    artifact->run = rmv_trace_add_run(trace, view, &entry);
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
    const struct rmv_error *err =
        rmv_trace_open_view(trace, history->commits[version->commit].id, &view);
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

size_t rmv_trace_add_artifact(struct rmv_trace *trace, const struct rmv_record_artifact *claim,
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

void rmv_trace_add_index(struct rmv_lineage_indexes *indexes, size_t index)
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
        const size_t part = rmv_trace_add_artifact(trace, &claim, &is_new);
        if (is_new)
            settle_by_run(trace, view, output, part);
        rmv_trace_add_index(&lineage->artifacts[index].parts, part);
        lineage->artifacts[index].origin = RMV_LINEAGE_BY_PARTS;
    }
    return lineage->artifacts[index].origin == RMV_LINEAGE_BY_PARTS;
}

/* The parts are right if the folder as a whole still is; only the work tree can tell. */
static const struct rmv_error *check_whole(struct rmv_trace *trace, size_t view, size_t index)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output present = {0};
    struct rmv_lineage_artifact *artifact = &trace->lineage->artifacts[index];

    if (trace->views[view].commit) {
        rmv_strings_add(&artifact->notes,
                        "its parts are checked, but not that together they are what was used");
        return NULL;
    }
    const struct rmv_error *err =
        rmv_dataset_hash(trace->workspace, artifact->path, NULL, &present);
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return err;
    if (!rmv_object_id_equal(&present.id, &artifact->id))
        rmv_trace_blame_artifact(artifact, RMV_LINEAGE_CHANGED,
                                 "the folder is not what was used any more");
    return NULL;
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

const struct rmv_error *rmv_trace_settle(struct rmv_trace *trace, size_t view, size_t index,
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
        return check_whole(trace, view, index);
    return rmv_trace_check_source(trace, places, &trace->lineage->artifacts[index]);
}
