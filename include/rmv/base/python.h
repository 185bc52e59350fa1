/* What a Python file assigns, without running it: constants of the module, attributes of its
 * classes, and what `__init__` gives to `self`, as DVC reads parameters from such files.
 *
 *     RATE = 0.1                       RATE
 *     class Train:
 *         layers: list = [32, 16]      Train.layers
 *         def __init__(self):
 *             self.seed = 7            Train.seed
 *
 * Taken are assignments of one literal to one name: strings, numbers, True, False, None, and
 * lists, tuples, sets (both become lists) and dictionaries of those; keys become text. All else is
 * skipped, and so are values that cannot be held: whole numbers of more than 64 bits, complex
 * numbers, bytes, strings with a NUL or a `\N{name}`. The last assignment to a name counts,
 * and is the place of the value; classes have none.
 * Statements are taken apart far enough for that and no further: not every mistake is noticed.
 *
 * `name` stands for the document in messages: "NAME:LINE:COLUMN: what was wrong". */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_PYTHON_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define RMV_PYTHON_DEPTH_MAX 100 /* values that are nested deeper are skipped */

/* Sets `*out`, which the caller frees with rmv_value_free(), to a map. Errors: CORRUPT (no UTF-8,
 * strings and brackets that do not end, wrong indentation), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_python_parse(const char *name, const char *text, size_t size,
                                         struct rmv_value *out);
