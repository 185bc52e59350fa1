/* Where things lie and how stages behave: data/config/paths.yaml and params.yaml.
 *
 * Two forms of the first are read. `raw: data/raw`, `validated: …` at the top level; or the form of
 * config.yaml, `paths: {raw_data: …, processed_data: …}` beside `model:` and `evaluation:`, which
 * also asks for log lines that name their stage. Paths are relative to the folder the program runs
 * in. What is not named has the default. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_SETTINGS_PATHS_DEFAULT "data/config/paths.yaml"
#define RMV_SETTINGS_PARAMS_DEFAULT "params.yaml"

struct rmv_settings {
    char *raw, *validated, *processed, *features, *models, *metrics; /* folders */
    char *logs, *reports, *source_files;
    bool logs_name_stage; /* "… - ingestion - INFO - …" */

    char *params_path;
    struct rmv_value params; /* the whole of params.yaml; null if there is none */
};

/* Reads both files; either may be missing unless it was named, in which case pass its name instead
 * of NULL. Errors: NOT_FOUND, CORRUPT, USAGE (unknown or wrong settings, with file and line). */
RMV_MUST_CHECK
const struct rmv_error *rmv_settings_read(const char *paths_path, const char *params_path,
                                          struct rmv_settings *settings);
void rmv_settings_free(struct rmv_settings *settings);

/* The section `name` of params.yaml, checked to be a map with no other keys than the
 * NULL-terminated `known`; NULL if there is none. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_settings_section(const struct rmv_settings *settings, const char *name,
                                             const char *const *known,
                                             const struct rmv_value **section);

/* One setting of a section, which may be NULL. `*number`, `*text` keep their value where the key is
 * missing; the text is valid as long as the settings are. Errors: USAGE (another kind, or outside
 * min … max). */
RMV_MUST_CHECK
const struct rmv_error *rmv_settings_number(const struct rmv_settings *settings,
                                            const struct rmv_value *section, const char *key,
                                            const double range[2], double *number);
RMV_MUST_CHECK
const struct rmv_error *rmv_settings_text(const struct rmv_settings *settings,
                                          const struct rmv_value *section, const char *key,
                                          const char **text);
