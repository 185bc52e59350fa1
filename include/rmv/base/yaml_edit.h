/* Changing single values of a YAML document: everything else stays as it was, comments, order and
 * layout included. Where a change cannot be made in place (the value hangs on an anchor, say), the
 * whole document is written anew, and its comments go; its meaning is right either way, since the
 * result is parsed and compared before it is handed out.
 *
 * Paths are dotted, "train.layers.0.size": keys of maps and indexes of lists. A dot in a key is
 * written "\.". */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* Sets `new_text` to `text` with the value at `path` replaced; members that are missing on the way
 * are added. `name` is the document's, for messages. Errors: CORRUPT (not YAML), CONFLICT
 * (something on the way is no map, or the index is not in the list), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_set(const char *name, const struct rmv_buf *text, const char *path,
                                     const struct rmv_value *value, struct rmv_buf *new_text);

/* The same with the member at `path` taken out. Errors: CORRUPT, NOT_FOUND, CONFLICT (not a member
 * of a map). */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_remove(const char *name, const struct rmv_buf *text,
                                        const char *path, struct rmv_buf *new_text);

/* The changes themselves, on a document in memory. Errors: CONFLICT, NOT_FOUND. */
RMV_MUST_CHECK
const struct rmv_error *rmv_value_set_path(struct rmv_value *document, const char *path,
                                           const struct rmv_value *value);
RMV_MUST_CHECK
const struct rmv_error *rmv_value_remove_path(struct rmv_value *document, const char *path);

/* Appends a key to a dotted path. */
void rmv_value_path_append(struct rmv_buf *path, const char *key);

/* ---- In place or not at all ------------------------------------------------------------------ */

enum rmv_yaml_change_kind {
    RMV_YAML_SET,    /* as rmv_yaml_set() */
    RMV_YAML_REMOVE, /* a member of a map or an item of a list */
    RMV_YAML_APPEND, /* to the list at the path */
};

struct rmv_yaml_change {
    enum rmv_yaml_change_kind kind;
    const char *path;
    const struct rmv_value *value; /* NULL where something is removed */
};

/* Sets `new_text` to `text` with the change made; every other byte stays. Errors: as above,
 * UNSUPPORTED (that cannot be: the value hangs on an anchor, say). */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_change(const char *name, const struct rmv_buf *text,
                                        const struct rmv_yaml_change *change,
                                        struct rmv_buf *new_text);
