#include "rmv/pipeline/metrics.h"

#include <string.h>

#include "pipeline/file_at.h"
#include "rmv/base/document.h"
#include "rmv/base/mem.h"
#include "rmv/pipeline/params.h"

#define METRICS_BYTES_MAX ((size_t)16 * 1024 * 1024)

void rmv_metrics_files(const struct rmv_pipeline *pipeline, struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings all = {0};
    for (size_t i = 0; i < pipeline->metrics.count; i++)
        rmv_strings_add(&all, pipeline->metrics.items[i]);
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].outs_count; k++)
            if (pipeline->stages[i].outs[k].kind == RMV_STAGE_OUT_METRIC)
                rmv_strings_add(&all, pipeline->stages[i].outs[k].path);
    rmv_strings_sort(&all);
    for (size_t i = 0; i < all.count; i++)
        if (i == 0 || strcmp(all.items[i], all.items[i - 1]) != 0)
            rmv_strings_add(files, all.items[i]);
}

const struct rmv_error *rmv_metrics_read(struct rmv_workspace *workspace, const char *revision,
                                         const char *file, struct rmv_value *metrics)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};

    const struct rmv_file_place place = {.workspace = workspace, .revision = revision};
    const struct rmv_error *err = rmv_file_at_read(&place, file, METRICS_BYTES_MAX, &text);
    if (!err)
        err = rmv_document_parse(file, text.data, text.size, &value);
    if (err)
        return err;
    rmv_value_copy(rmv_value_add(metrics, file), &value);
    return NULL;
}
