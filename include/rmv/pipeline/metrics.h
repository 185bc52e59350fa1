/* Metrics: the numbers that stages write, in YAML, JSON, TOML, INI and Python files. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/pipeline/pipeline.h"

/* Adds the metrics files of the pipeline, sorted, each once. */
void rmv_metrics_files(const struct rmv_pipeline *pipeline, struct rmv_strings *files);

/* Adds a member to `metrics`, a map, for `file`: what is in it. `revision` NULL is the workspace;
 * otherwise the file comes from Git or, by the lock file of that revision, from the store.
 * Errors: NOT_FOUND, CORRUPT, and those of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_metrics_read(struct rmv_workspace *workspace, const char *revision,
                                         const char *file, struct rmv_value *metrics);
