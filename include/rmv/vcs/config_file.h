/* One file in the syntax of git config (git-config(1), "Syntax"), read and changed through libgit2.
 * Files that include others are refused at every level: a file that came with a clone must not be
 * able to pull in one of the user's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

#define RMV_CONFIG_FILE_BYTES_MAX ((size_t)1024 * 1024)

/* Calls visit() for each setting in `text`, in order: `key` is "section.name" or
 * "section.subsection.name", section and name in lower case; a name without "=" has the value
 * "true". `name` is the file's, for messages. Nothing but blank lines and comments costs next to
 * nothing. Errors: CORRUPT (bad syntax, with the line; NUL bytes), DENIED (an include), IO,
 * visit()'s own. */
RMV_MUST_CHECK
const struct rmv_error *rmv_config_file_parse(const char *name, const char *text, size_t size,
                                              const struct rmv_error *(*visit)(void *context,
                                                                               const char *key,
                                                                               const char *value),
                                              void *context);

/* Changes one setting of the file at `path`, created with its folders and mode 0600 if
 * `is_private`, else 0644; `value` NULL removes it. Comments and order survive; the file is
 * replaced atomically. Errors: as above, NOT_FOUND (nothing to remove), CONFLICT (the key stands
 * there several times). */
RMV_MUST_CHECK
const struct rmv_error *rmv_config_file_set(const char *path, bool is_private, const char *key,
                                            const char *value);

/* "true", "yes", "on", "1" and the like; false if it is neither those nor their opposites. */
bool rmv_config_file_parse_bool(const char *value, bool *out);

/* A whole number, perhaps with k, m or g behind it (powers of 1024). */
bool rmv_config_file_parse_int(const char *value, int64_t *out);
