/* Why libyaml cannot go on, in words for whoever wrote the file. */
#pragma once

#include <stddef.h>
#include <yaml.h>

#include "rmv/base/error.h"

/* An error CORRUPT with the place and, of common mistakes, what to do; `text` is what was parsed,
 * and `name` its name. */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_problem(const yaml_parser_t *parser, const char *name,
                                         const char *text, size_t size);
