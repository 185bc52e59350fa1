#include "recomart/stage.h"

#include "rmv/base/mem.h"

const struct rmv_error *recomart_stage_open(const char *name,
                                            const struct recomart_options *options,
                                            struct recomart_stage *stage)
{
    const struct rmv_error *err =
        rmv_settings_read(options->config, options->params, &stage->settings);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/%s.log", stage->settings.logs, name);
    return rmv_log_open(path, stage->settings.logs_name_stage ? name : NULL, &stage->log);
}

void recomart_stage_close(struct recomart_stage *stage)
{
    rmv_log_close(&stage->log);
    rmv_settings_free(&stage->settings);
}

const struct rmv_error *recomart_stage_failed(const struct recomart_stage *stage,
                                              const struct rmv_error *err)
{
    rmv_log_write(stage->log, RMV_LOG_ERROR, "%s", err->message);
    return err;
}
