/* Asking before a stage runs: `repro --interactive` and `exp run --interactive`. */
#pragma once

#include <stdbool.h>

#include "rmv/base/live.h"
#include "rmv/pipeline/repro.h"

/* Asks on standard error whether `stage` should run; `why` says why it would. The answer is a line
 * of standard input; "all" is yes to whatever else is asked. Nothing is drawn meanwhile; `live` may
 * be NULL. Errors: INTERRUPTED (an interrupt, "quit", or no answer). */
RMV_MUST_CHECK
const struct rmv_error *cli_ask_stage(struct rmv_live *live, const struct rmv_stage *stage,
                                      const char *why, bool *yes);
