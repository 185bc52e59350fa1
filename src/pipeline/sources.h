/* Data that a pointer tracks and that changed since it was added: a stage is about to read it, and
 * what it read must be found again, so it is stored first and its pointer follows. */
#pragma once

#include "pipeline/runner.h"

/* Stores what `stage` depends on of the outputs in `tracked` that pointers name, where it is not
 * what they say, and updates pointers and `tracked`. Data that is gone is left to the check of the
 * stage's dependencies. Errors: those of rmv_add(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_save_sources(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                struct rmv_tracked *tracked);

/* Reads what the pointers of the whole workspace track. Errors: CONFLICT (a stage of the pipeline
 * makes that as well, or something inside of it or around it). */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_read_sources(const struct rmv_runner *runner,
                                                struct rmv_tracked *tracked);
