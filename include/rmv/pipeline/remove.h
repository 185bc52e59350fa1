/* Taking a stage out of the pipeline. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/pipeline/pipeline.h"

/* Sets `*outputs` to what the lock file says the stage made; what it never made is not among them.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_remove_find_outputs(struct rmv_workspace *workspace,
                                                const struct rmv_stage *stage,
                                                struct rmv_outputs *outputs);

/* Removes the lines of its outputs from .gitignore, its entry in the lock file, and then the stage
 * itself from its rmv.yaml, so that a kill leaves something that can be removed again. The caller
 * holds the workspace's lock. Errors: NOT_FOUND (it is gone), UNSUPPORTED (it is written in a way
 * that cannot be taken out), those of parsing, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_remove_stage(struct rmv_workspace *workspace,
                                         const struct rmv_stage *stage);
