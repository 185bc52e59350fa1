#include <string.h>

#include "lineage/trace.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/add.h"

/* "" if they are the same, otherwise what differs. */
static const char *difference_of(const struct rmv_output *listed,
                                 const struct rmv_record_artifact *recorded)
{
    if (!rmv_object_id_equal(&listed->id, &recorded->id))
        return "id";
    if ((listed->kind == RMV_OUTPUT_TREE) != recorded->is_tree)
        return "kind";
    if (listed->size != recorded->size)
        return "size";
    if (listed->nfiles != recorded->nfiles)
        return "number of files";
    if (listed->is_executable != recorded->is_executable)
        return "exec bit";
    return "";
}

static void blame_difference(const struct rmv_lineage_entry *entry, struct rmv_lineage_run *run,
                             const char *path, const char *what)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED,
                        "%s has another %s for '%s' than the record of the run", entry->listed_in,
                        what, quoted);
}

/* Compares two lists of the same things; `what` is "output" or "dependency". */
static void compare_artifacts(const struct rmv_lineage_entry *entry, struct rmv_lineage_run *run,
                              const char *what, const struct rmv_outputs *listed,
                              const struct rmv_record_artifacts *recorded)
{
    struct rmv_map found = {0};

    for (size_t i = 0; i < recorded->count; i++)
        rmv_map_set(&found, recorded->items[i].path, &recorded->items[i]);
    for (size_t i = 0; i < listed->count; i++) {
        const struct rmv_output *output = &listed->items[i];
        const struct rmv_record_artifact *same = rmv_map_set(&found, output->path, NULL);
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(output->path);
        if (!same)
            rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED,
                                "%s lists '%s', which the record of the run does not have as %s",
                                entry->listed_in, quoted, what);
        else if (*difference_of(output, same))
            blame_difference(entry, run, output->path, difference_of(output, same));
    }
    for (size_t i = 0; i < found.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(found.entries[i].key);
        if (found.entries[i].value)
            rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED,
                                "%s does not list '%s', which the record of the run has as %s",
                                entry->listed_in, quoted, what);
    }
    rmv_map_free(&found);
}

/* A null value is an empty map. */
static bool is_same_map(const struct rmv_value *a, const struct rmv_value *b)
{
    const bool a_empty = a->kind == RMV_VALUE_NULL || (a->kind == RMV_VALUE_MAP && !a->map.count);
    const bool b_empty = b->kind == RMV_VALUE_NULL || (b->kind == RMV_VALUE_MAP && !b->map.count);
    return a_empty && b_empty ? true : rmv_value_equal(a, b);
}

/* "rmv.yaml:train" is stage train, in whatever folder the file is. */
static bool is_run_of(const struct rmv_record *record, const struct rmv_lineage_entry *entry)
{
    const char *colon = strrchr(record->name, ':');
    RMV_CLEANUP(rmv_str_free) char *suffix = rmv_str_format(":%s", entry->stage);
    return colon && rmv_path_has_suffix(record->name, suffix);
}

static void compare_stage(const struct rmv_lineage_entry *entry, struct rmv_lineage_run *run)
{
    const struct rmv_record *record = &run->record;
    const struct rmv_lock_stage *locked = entry->locked;

    if (record->kind != RMV_RECORD_STAGE || !is_run_of(record, entry)) {
        rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED, "%s names it for stage '%s', but it is of %s",
                            entry->listed_in, entry->stage, record->name);
        return;
    }
    if (!rmv_value_equal(&locked->cmd, &record->cmd))
        rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED,
                            "%s has another command than the record of the run", entry->listed_in);
    if (!is_same_map(&locked->params, &record->params))
        rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED,
                            "%s has other parameters than the record of the run", entry->listed_in);
    compare_artifacts(entry, run, "an output", &locked->outs, &record->outs);
    compare_artifacts(entry, run, "a dependency", &locked->deps, &record->deps);
}

static void compare_pointer(const struct rmv_lineage_entry *entry, struct rmv_lineage_run *run)
{
    const struct rmv_record *record = &run->record;
    const struct rmv_output *output = entry->output;

    const size_t prefix_size = strlen(RMV_ADD_RUN_PREFIX);
    if (record->kind == RMV_RECORD_STAGE &&
        strncmp(record->name, RMV_ADD_RUN_PREFIX, prefix_size) != 0) {
        rmv_trace_blame_run(run, RMV_LINEAGE_CHANGED, "%s names it, but it is a run of %s",
                            entry->listed_in, record->name);
        return;
    }
    const struct rmv_outputs listed = {
        .items = (struct rmv_output[]){*output}, .count = 1, .capacity = 1};
    compare_artifacts(entry, run, "an output", &listed, &record->outs);
}

void rmv_trace_compare(const struct rmv_lineage_entry *entry, struct rmv_lineage_run *run)
{
    if (!run->is_readable)
        return;
    if (entry->locked)
        compare_stage(entry, run);
    else
        compare_pointer(entry, run);
}
