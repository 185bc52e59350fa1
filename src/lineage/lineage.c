#include "rmv/lineage/lineage.h"

#include <stdlib.h>

#include "rmv/base/mem.h"

static void free_artifact(struct rmv_lineage_artifact *artifact)
{
    rmv_str_free(&artifact->path);
    free(artifact->parts.items);
    rmv_str_free(&artifact->within);
    rmv_str_free(&artifact->listed_in);
    rmv_str_free(&artifact->commit);
    rmv_strings_free(&artifact->problems);
    rmv_strings_free(&artifact->notes);
}

static void free_run(struct rmv_lineage_run *run)
{
    rmv_record_free(&run->record);
    rmv_str_free(&run->stage);
    rmv_str_free(&run->listed_in);
    rmv_vcs_commit_free(&run->bound_to);
    free(run->deps.items);
    rmv_strings_free(&run->problems);
    rmv_strings_free(&run->notes);
}

void rmv_lineage_free(struct rmv_lineage *lineage)
{
    for (size_t i = 0; i < lineage->artifacts_count; i++)
        free_artifact(&lineage->artifacts[i]);
    free(lineage->artifacts);
    for (size_t i = 0; i < lineage->runs_count; i++)
        free_run(&lineage->runs[i]);
    free(lineage->runs);
    rmv_str_free(&lineage->revision);
    *lineage = (struct rmv_lineage){0};
}

const char *rmv_lineage_status_name(enum rmv_lineage_status status)
{
    switch (status) {
    case RMV_LINEAGE_VERIFIED:
        return "verified";
    case RMV_LINEAGE_DIRTY:
        return "dirty";
    case RMV_LINEAGE_UNRECORDED:
        return "unrecorded";
    case RMV_LINEAGE_CHANGED:
        return "changed";
    case RMV_LINEAGE_MISSING:
        return "missing";
    case RMV_LINEAGE_DAMAGED:
        return "damaged";
    }
    return "unknown";
}

enum rmv_lineage_status rmv_lineage_status_of(const struct rmv_lineage *lineage)
{
    enum rmv_lineage_status worst = RMV_LINEAGE_VERIFIED;

    for (size_t i = 0; i < lineage->artifacts_count; i++)
        if (lineage->artifacts[i].status > worst)
            worst = lineage->artifacts[i].status;
    for (size_t i = 0; i < lineage->runs_count; i++)
        if (lineage->runs[i].status > worst)
            worst = lineage->runs[i].status;
    return worst;
}
