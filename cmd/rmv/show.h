/* How the commands of rmv show paths, ids and JSON documents. */
#pragma once

#include "rmv/base/value.h"
#include "rmv/dataset/output.h"
#include "rmv/store/object_id.h"

/* Prints a path, quoted where it would not be one plain line of text. */
void show_path(const char *path);

/* "blob", "tree" or "missing". */
const char *show_kind(enum rmv_output_kind kind);

/* Adds the member `path`, or `path-bytes` with everything but plain ASCII as %XX where the path is not
 * UTF-8, to an object of JSON. */
void show_add_path(struct rmv_value *object, const char *path);

/* Adds the id in hex; null stands for none. */
void show_add_id(struct rmv_value *object, const char *key, const struct rmv_object_id *id);

void show_add_text(struct rmv_value *object, const char *key, const char *text);
void show_add_int(struct rmv_value *object, const char *key, uint64_t number);

/* Prints a document, indented. */
void show_json(const struct rmv_value *document);
