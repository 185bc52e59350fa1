/* Patterns that name data, as `rmv add --glob` takes them. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

/* Appends the existing paths, relative to the workspace, that the pattern matches: *, ? and [...]
 * within a name, and once ** for any number of folders. What .rmvignore leaves out, pointers and
 * pipeline files do not count. Errors: NOT_FOUND (nothing is left), UNSUPPORTED (a second **). */
RMV_MUST_CHECK
const struct rmv_error *cli_pattern_expand(const struct rmv_workspace *workspace,
                                           const char *pattern, struct rmv_strings *paths);
