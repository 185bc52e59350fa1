/* INI documents, as Python's configparser reads them: sections are maps, values are scalars.
 *
 *     [train]
 *     # a line that starts with '#' or ';' is a comment, wherever it is
 *     rank = 10
 *     name: deep and
 *       wide
 *
 * A value is what a plain scalar of YAML with that text would be: `10` is a number, `true` a truth
 * value, `null` nothing; quotes belong to the text. One that is empty, or goes on in lines that are
 * indented deeper than its key, is a string. There are no comments behind values, and `%(name)s`
 * stands for itself. Keys keep their case. Values of [DEFAULT] are in every other section that does
 * not say otherwise. A key or section that is there already, a key without '=' or ':', or one above
 * all sections, is a mistake.
 *
 * `name` stands for the document in messages: "NAME:LINE:COLUMN: what was wrong". */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_INI_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define RMV_INI_VALUES_MAX 2000000 /* with what sections have from [DEFAULT] */
#define RMV_INI_DEFAULTS "DEFAULT"

/* Sets `*out`, which the caller frees with rmv_value_free(), to a map of maps. Errors: CORRUPT (bad
 * syntax, no UTF-8), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ini_parse(const char *name, const char *text, size_t size,
                                      struct rmv_value *out);
