/* Settings: `.rmstore/config` (committed, so it comes with a clone and counts only for an
 * allow-list of harmless keys), `.rmstore/config.local` (0600), the user's and the system's, in the
 * syntax of git config. Later levels win: system, user, committed, local. docs/FORMATS.md
 * lists the keys. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"

struct rmv_config;

enum rmv_config_level {
    RMV_CONFIG_ANY,
    RMV_CONFIG_SYSTEM,
    RMV_CONFIG_USER,
    RMV_CONFIG_COMMITTED,
    RMV_CONFIG_LOCAL,
};

/* `folder` is `.rmstore`, or NULL outside a workspace. Errors: CORRUPT (bad syntax,
 * with file and line; a bad value), DENIED (an include, a link in place of a file), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_config_open(const char *folder, struct rmv_config **config);
void rmv_config_close(struct rmv_config **config);

/* The value of "section.name", or NULL; it lives as long as the config. */
const char *rmv_config_get(const struct rmv_config *config, const char *key);

/* The same, as one level alone has it. */
const char *rmv_config_get_at(const struct rmv_config *config, enum rmv_config_level level,
                              const char *key);

bool rmv_config_get_bool(const struct rmv_config *config, const char *key, bool otherwise);
int64_t rmv_config_get_int(const struct rmv_config *config, const char *key, int64_t otherwise);

/* Adds "key=value" for every setting that counts, sorted by key. */
void rmv_config_list(const struct rmv_config *config, enum rmv_config_level level,
                     struct rmv_strings *settings);

/* What was found that does not count: unknown keys, and keys that may not come with a clone. They
 * live as long as the config. */
const struct rmv_strings *rmv_config_warnings(const struct rmv_config *config);

/* Errors: USAGE (there is no such setting; names the nearest one). */
RMV_MUST_CHECK
const struct rmv_error *rmv_config_check_key(const char *key);

/* Changes one file, atomically; `value` NULL removes the key. Errors: USAGE (not a key; a key that
 * does not count at that level; a bad value), NOT_FOUND (nothing to remove), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_config_set(struct rmv_config *config, enum rmv_config_level level,
                                       const char *key, const char *value);
