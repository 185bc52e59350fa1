/* Pointer files: `data/raw.rmv` beside the data says what data/raw was when it was added. Committed
 * to Git; small YAML whose comments and unknown keys survive every rewrite, because rewriting
 * replaces only the text of the values that changed.
 *
 *     outs:
 *     - path: raw
 *       sha256: 9f86d08…
 *       kind: tree
 *       size: 1234567
 *       nfiles: 42
 *       record: 77ab…            # how it came to be: the object id of its record
 */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/dataset/output.h"

#define RMV_POINTER_SUFFIX ".rmv"

/* `path` is the pointer's own, relative to the workspace. `*output` has its path relative to the
 * workspace too. Errors: CORRUPT (file:line:column), DENIED, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_pointer_parse(const char *path, const char *text, size_t size,
                                          struct rmv_output *output);

/* Appends the text of a pointer for `output`. `old_text` (may be NULL) is what the file holds now:
 * it comes back with only the changed values replaced, byte for byte the same if nothing changed.
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_pointer_format(const char *path, const char *old_text, size_t old_size,
                                           const struct rmv_output *output, struct rmv_buf *out);

/* "data/raw" → "data/raw.rmv"; the caller frees it. */
char *rmv_pointer_path_of(const char *output_path);
