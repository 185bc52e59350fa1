#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/trace.h"
#include "rmv/base/mem.h"

/* ---- Views ---------------------------------------------------------------------------------- */

void rmv_trace_free_view(struct rmv_lineage_view *view)
{
    rmv_str_free(&view->commit);
    rmv_tracked_free(&view->tracked);
}

const struct rmv_error *rmv_trace_open_view(struct rmv_trace *trace, const char *commit,
                                            size_t *index)
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
        rmv_trace_free_view(view);
        return err;
    }
    *index = trace->views_count++;
    return NULL;
}

void rmv_trace_find_entry(const struct rmv_lineage_view *view, const struct rmv_output *output,
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

size_t rmv_trace_add_run(struct rmv_trace *trace, size_t view,
                         const struct rmv_lineage_entry *entry)
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
