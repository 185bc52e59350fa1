/* What the stages around the model have in common: the database of the features, and tracked runs.
 */
#pragma once

#include <stdint.h>

#include "recomart/stage.h"
#include "rmv/recomart/database.h"
#include "rmv/recomart/tracking.h"

#define RECOMART_K_UNSET INT64_MIN /* -k was not given */

#define RECOMART_DATABASE_OPTION(variable)                                                         \
    {                                                                                              \
        .name = "database", .text = &(variable), .argument = "FILE",                               \
        .help = "where the feature tables are (default " RMV_DATABASE_PATH_DEFAULT ")"             \
    }

#define RECOMART_REGISTRY_OPTION(variable)                                                         \
    {                                                                                              \
        .name = "registry", .text = &(variable), .argument = "FILE",                               \
        .help = "what features there are (default " RMV_REGISTRY_PATH_DEFAULT ")"                  \
    }

/* Ends a run as finished, or as failed where `err` is not NULL, warns if it could not be recorded,
 * and returns `err`. */
const struct rmv_error *recomart_tracking_end(const struct recomart_stage *stage,
                                              struct rmv_tracking **run,
                                              const struct rmv_error *err);
