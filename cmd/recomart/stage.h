/* What all stages have in common: their settings, their log, and how they say that they failed. */
#pragma once

#include "cli/command.h"
#include "rmv/base/log.h"
#include "rmv/recomart/settings.h"

/* --config and --params. */
struct recomart_options {
    const char *config, *params;
};

#define RECOMART_OPTIONS(variable)                                                                 \
    {.name = "config",                                                                             \
     .text = &(variable).config,                                                                   \
     .argument = "FILE",                                                                           \
     .help = "where things lie (default " RMV_SETTINGS_PATHS_DEFAULT ")"},                         \
    {                                                                                              \
        .name = "params", .text = &(variable).params, .argument = "FILE",                          \
        .help = "how stages behave (default " RMV_SETTINGS_PARAMS_DEFAULT ")"                      \
    }

struct recomart_stage {
    struct rmv_settings settings;
    struct rmv_log *log; /* LOGS/NAME.log */
};

/* Reads the settings and opens the log of stage `name`. */
RMV_MUST_CHECK
const struct rmv_error *recomart_stage_open(const char *name,
                                            const struct recomart_options *options,
                                            struct recomart_stage *stage);
void recomart_stage_close(struct recomart_stage *stage);

/* Logs an error and returns it. */
const struct rmv_error *recomart_stage_failed(const struct recomart_stage *stage,
                                              const struct rmv_error *err);
