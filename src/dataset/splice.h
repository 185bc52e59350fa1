/* Editing a YAML document in place: some values of an output entry change, and every other byte
 * stays, with the comments, the order, the indentation and the quotes that somebody chose. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/value.h"

/* Appends `text` to `out` with the members of `wanted`, all scalars, written into the output entry
 * `entry`, which was parsed out of it and so knows its place. Members that `entry` has are replaced
 * where their value differs, new ones follow the last known one already there, and a known one that
 * `wanted` lacks is taken out.
 *
 * False if the text is written in a way that this does not understand (an anchor, say). The caller
 * parses the result: only then is it known to be right. */
bool rmv_splice_entry(const char *text, size_t size, const struct rmv_value *entry,
                      const struct rmv_value *wanted, struct rmv_buf *out);
