#include "pipeline/limits.h"

#include <inttypes.h>
#include <sys/resource.h>

#define FILES_PER_STAGE 6 /* lock, log, two pipes, process, and one while it starts */
#define FILES_OTHER 160   /* of the store, and locks of stages that are yet to be recorded */

static bool is_here(const struct rmv_limits *limits, const struct rmv_stage *stage)
{
    return (limits->executor ? limits->executor : stage->executor.kind) != RMV_EXECUTOR_SLURM;
}

const struct rmv_error *rmv_limits_check(const struct rmv_limits *limits, const bool *chosen)
{
    const uint64_t max_bytes = limits->pipeline->memory_max_bytes;
    for (size_t i = 0; max_bytes && i < limits->pipeline->count; i++) {
        const struct rmv_stage *stage = &limits->pipeline->stages[i];
        if (chosen[i] && is_here(limits, stage) && stage->executor.memory_bytes > max_bytes)
            return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                            "stage '%s' needs more memory (%" PRIu64
                                            " bytes) than all together may use (%" PRIu64 ")",
                                            stage->address, stage->executor.memory_bytes,
                                            max_bytes),
                                  "both are 'memory' of the executor 'local', in the stage and at "
                                  "the top of %s",
                                  stage->file);
    }
    return NULL;
}

size_t rmv_limits_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < FILES_OTHER + FILES_PER_STAGE)
        return 1;
    return (limit.rlim_cur - FILES_OTHER) / FILES_PER_STAGE;
}

bool rmv_limits_fit(const struct rmv_limits *limits, const struct rmv_stage *stage)
{
    const struct rmv_pipeline *pipeline = limits->pipeline;
    if (!is_here(limits, stage) || limits->jobs == 0)
        return true;
    return (!pipeline->jobs_max || limits->jobs < pipeline->jobs_max) &&
           (!pipeline->memory_max_bytes ||
            limits->memory_bytes + stage->executor.memory_bytes <= pipeline->memory_max_bytes);
}

void rmv_limits_take(struct rmv_limits *limits, const struct rmv_stage *stage)
{
    if (is_here(limits, stage)) {
        limits->jobs++;
        limits->memory_bytes += stage->executor.memory_bytes;
    }
}

void rmv_limits_return(struct rmv_limits *limits, const struct rmv_stage *stage)
{
    if (is_here(limits, stage)) {
        limits->jobs--;
        limits->memory_bytes -= stage->executor.memory_bytes;
    }
}
