/* What the stages that run on this machine at once may use together. */
#pragma once

#include "rmv/pipeline/pipeline.h"

struct rmv_limits {
    const struct rmv_pipeline *pipeline; /* whose limits they are */
    enum rmv_executor_kind executor;     /* where all stages run; NONE: where they say */
    size_t jobs;                         /* that run */
    uint64_t memory_bytes;               /* that they count for */
};

/* Whether some of the `chosen` stages can never run. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_limits_check(const struct rmv_limits *limits, const bool *chosen);

/* How many stages can run at once with the files that this process may open; at least 1. */
size_t rmv_limits_files(void);

/* Whether it can start beside what runs; one alone always can. */
bool rmv_limits_fit(const struct rmv_limits *limits, const struct rmv_stage *stage);

/* It runs now, and no longer. */
void rmv_limits_take(struct rmv_limits *limits, const struct rmv_stage *stage);
void rmv_limits_return(struct rmv_limits *limits, const struct rmv_stage *stage);
