#include "recomart/model_stage.h"

const struct rmv_error *recomart_tracking_end(const struct recomart_stage *stage,
                                              struct rmv_tracking **run,
                                              const struct rmv_error *err)
{
    struct rmv_error *kept = err ? rmv_error_take(err) : NULL;
    const struct rmv_error *failure = rmv_tracking_finish(run, kept == NULL);
    if (failure) {
        rmv_log_write(stage->log, RMV_LOG_WARNING, "%s", failure->message);
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s", failure->message);
    }
    return rmv_error_raise(&kept);
}
