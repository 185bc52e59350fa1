/* Dependencies on "ds://NAME", which stand for an entry of the top-level `datasets`, of whatever
 * rmv.yaml of the workspace. Among the parameters of a stage, in rmv.lock and in records it says
 * what that was: {type: url, url} and what the server says; or {type: dvc, url, path, rev,
 * rev_lock}, where `rev_lock` is the last commit up to `rev` that changed the path, or the file
 * that says which data is there (that of dvc or ours). */
#pragma once

#include "rmv/pipeline/params.h"
#include "rmv/pipeline/pipeline.h"

#define RMV_DATASET_SCHEME "ds://"

bool rmv_named_dataset_is(const char *text);

/* Finds the dataset of every such dependency, where there is one. For rmv_pipeline_index(). */
void rmv_named_datasets_link(struct rmv_pipeline *pipeline);

/* For rmv_graph_build(). Errors: USAGE (a dependency on a dataset that is unknown, or there twice).
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_named_datasets_check(const struct rmv_pipeline *pipeline);

/* The URL that a server has to be asked for; NULL: none. */
const char *rmv_named_dataset_url_of(const struct rmv_stage_dep *dep);

/* Adds what is known of the dataset now to `values`. Errors: NOT_FOUND (a repository, revision or
 * path), UNSUPPORTED (another type, or place), USAGE (something is not said), those of
 * rmv_url_ask(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_named_dataset_take(struct rmv_workspace *workspace,
                                               struct rmv_params_files *files,
                                               const struct rmv_stage *stage,
                                               const struct rmv_stage_dep *dep,
                                               struct rmv_value *values);
