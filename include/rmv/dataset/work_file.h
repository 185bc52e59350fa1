/* The small files of the workspace that rmv itself keeps there: pointers, lock files, rmv.yaml.
 * They are reached beneath the workspace without following a link, replaced atomically, and removed
 * so that they stay removed. Paths are relative to the workspace. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/replace.h"
#include "rmv/dataset/workspace.h"

/* Appends the content of the file to `text`; `*found` is false if there is none. Errors: LIMIT
 * (longer than max_bytes), DENIED (a link), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_work_file_read(const struct rmv_workspace *workspace, const char *path,
                                           size_t max_bytes, bool *found, struct rmv_buf *text);

/* Creates or replaces the file, and makes folders that are missing. Errors: DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_work_file_write(const struct rmv_workspace *workspace, const char *path,
                                            const struct rmv_buf *text);

/* The same as one of many, which become visible and durable together: rmv_replacements_finish(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_work_file_prepare(const struct rmv_workspace *workspace,
                                              const char *path, const struct rmv_buf *text,
                                              struct rmv_replacements *replacements);

/* Removes the file, durably; none is fine. Errors: DENIED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_work_file_remove(const struct rmv_workspace *workspace,
                                             const char *path);

/* The same for many files. */
RMV_MUST_CHECK
const struct rmv_error *rmv_work_files_remove(const struct rmv_workspace *workspace,
                                              const struct rmv_strings *paths);
