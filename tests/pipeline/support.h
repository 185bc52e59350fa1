/* Parsing what a test has written. */
#pragma once

#include <string.h>

#include "rmv/pipeline/pipeline.h"
#include "test.h"

static inline const struct rmv_error *parse_at(const char *file, const char *text,
                                               struct rmv_pipeline *pipeline)
{
    rmv_pipeline_free(pipeline);
    const struct rmv_error *err = rmv_pipeline_parse(file, text, strlen(text), NULL, pipeline);
    if (!err)
        rmv_pipeline_index(pipeline);
    return err;
}

static inline const struct rmv_error *parse(const char *text, struct rmv_pipeline *pipeline)
{
    return parse_at("rmv.yaml", text, pipeline);
}

/* Parsing `text` fails with `code` and a message that has `words` in it. */
static inline void refuse(const char *text, enum rmv_error_code code, const char *words)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    CHECK_SAYS(parse(text, &pipeline), code, words);
}
