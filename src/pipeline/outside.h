/* Dependencies outside the workspace: URLs, named datasets, and files and folders. Like parameters
 * they have values and are not stored, so what is known of them stands among the parameters of a
 * stage, in rmv.lock and in records: URL → what the server says of it (pipeline/url.h), "ds://NAME"
 * → what it is (pipeline/named_dataset.h), path → {kind, sha256, size}, of a folder also {nfiles}.
 */
#pragma once

#include "rmv/pipeline/params.h"
#include "rmv/pipeline/pipeline.h"

/* The URL that a server has to be asked for; NULL: none. */
const char *rmv_outside_url_of(const struct rmv_stage_dep *dep);
bool rmv_outside_has_urls(const struct rmv_stage *stage);

/* Is `name`, among the parameters of the stage, a file or folder outside the workspace? */
bool rmv_outside_is_path(const struct rmv_stage *stage, const char *name);

/* Adds what is known of a dependency now to `values`; null if it is not there, and
 * `files->takes_missing`. Errors: NOT_FOUND, those of rmv_url_ask() and of rmv_outside_hash(); the
 * message names stage and dependency. */
RMV_MUST_CHECK
const struct rmv_error *rmv_outside_take(struct rmv_workspace *workspace,
                                         struct rmv_params_files *files,
                                         const struct rmv_stage *stage,
                                         const struct rmv_stage_dep *dep, struct rmv_value *values);

/* The error for a file or folder that is not there. */
RMV_MUST_CHECK
const struct rmv_error *rmv_outside_missing(const struct rmv_stage *stage,
                                            const struct rmv_stage_dep *dep);

/* "/data/raw (modified, 10 → 12 files)": how a file or folder changed. Not both are NULL. The
 * caller frees it. */
char *rmv_outside_describe(const char *path, const struct rmv_value *before,
                           const struct rmv_value *now);
