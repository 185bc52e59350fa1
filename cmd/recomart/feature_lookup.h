/* What `features get` and `features view` have in common: their options and what they open. */
#pragma once

#include "recomart/model_stage.h"
#include "rmv/recomart/registry.h"
#include "rmv/recomart/training.h"

struct recomart_lookup_options {
    const char *user, *item, *version, *format;
    const char *database, *registry;
    struct recomart_options files;
};

#define RECOMART_LOOKUP_DEFAULTS                                                                   \
    {                                                                                              \
        .version = RMV_FEATURES_VERSION_DEFAULT, .format = "table"                                 \
    }

#define RECOMART_LOOKUP_OPTIONS(variable)                                                          \
    {.name = "user",                                                                               \
     .letter = 'u',                                                                                \
     .text = &(variable).user,                                                                     \
     .argument = "ID",                                                                             \
     .help = "of this user"},                                                                      \
        {.name = "item",                                                                           \
         .letter = 'i',                                                                            \
         .text = &(variable).item,                                                                 \
         .argument = "N",                                                                          \
         .help = "of this product"},                                                               \
        {.name = "version",                                                                        \
         .text = &(variable).version,                                                              \
         .argument = "V",                                                                          \
         .help = "of the features (default " RMV_FEATURES_VERSION_DEFAULT ")"},                    \
        {.name = "format",                                                                         \
         .text = &(variable).format,                                                               \
         .argument = "F",                                                                          \
         .help = "table, csv or json"},                                                            \
        RECOMART_OPTIONS((variable).files), RECOMART_DATABASE_OPTION((variable).database),         \
        RECOMART_REGISTRY_OPTION((variable).registry)
struct recomart_lookup {
    const struct recomart_lookup_options *options;
    int64_t item; /* the number in options->item */
    struct rmv_settings settings;
    struct rmv_registry registry;
    struct rmv_feature_source source;
};

/* Checks the options and opens everything. Errors: USAGE, and those of what is opened. */
RMV_MUST_CHECK
const struct rmv_error *recomart_lookup_open(const struct recomart_lookup_options *options,
                                             struct recomart_lookup *lookup);
void recomart_lookup_close(struct recomart_lookup *lookup);

bool recomart_lookup_has_format(const struct recomart_lookup *lookup, const char *format);

/* Writes the conditions on user and item that were asked for, of those that `by_user` and `by_item`
 * allow, and returns how many. */
size_t recomart_lookup_conditions(const struct recomart_lookup *lookup, bool by_user, bool by_item,
                                  struct rmv_feature_condition conditions[2]);
