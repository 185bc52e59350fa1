/* Changing single values in the text of a document. Each language proposes replacements of a part
 * of the text, one after the other, and whichever means what is wanted is taken: whether it does is
 * found out by parsing the result, so a proposal need not be right. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cursor.h"
#include "rmv/base/buf.h"
#include "rmv/base/value.h"

struct rmv_edit {
    const char *text; /* the document, behind a byte order mark */
    size_t size;
    const struct rmv_value *before; /* what it means, with places */
    const char *path;               /* dotted */
    const struct rmv_value *value;  /* what shall be there; NULL: nothing */
    unsigned attempt;               /* from 0 */

    /* The proposal: the bytes from..to become `with`, which is empty at first. */
    size_t from, to;
    struct rmv_buf with;
};

/* Each makes the proposal of that number. False: there is none. A language may skip numbers up to
 * RMV_EDIT_ATTEMPTS. */
#define RMV_EDIT_ATTEMPTS 5
bool rmv_json_propose(struct rmv_edit *edit);
bool rmv_toml_propose(struct rmv_edit *edit);
bool rmv_python_propose(struct rmv_edit *edit);
bool rmv_ini_propose(struct rmv_edit *edit);

/* ---- For the languages ---------------------------------------------------------------------- */

/* As far as the path leads to something: `*rest` is the part of it that does not, "" if all does.
 * The part that does is the first `*found_size` bytes. */
const struct rmv_value *rmv_edit_find(const struct rmv_edit *edit, const char **rest,
                                      size_t *found_size);

/* The place of a value; false if it has none, as tables under headers, and classes. */
bool rmv_edit_offset_of(const struct rmv_edit *edit, const struct rmv_value *value, size_t *offset);

/* Reads the text from `offset` on, for ends of values: it counts no lines. */
struct rmv_cursor rmv_edit_cursor(const struct rmv_edit *edit, size_t offset);

size_t rmv_edit_line_start(const struct rmv_edit *edit, size_t offset);
size_t rmv_edit_line_end(const struct rmv_edit *edit, size_t offset); /* behind the line break */

/* Proposes a line of its own at `offset`, which is the start of one or the end of the text; what
 * it says has been appended to `with`, without a line break. */
void rmv_edit_insert_line(struct rmv_edit *edit, size_t offset);

/* Proposes `KEY SEPARATOR VALUE` as the last member of braces that end before `end`; it has been
 * appended to `with`. */
void rmv_edit_insert_in_braces(struct rmv_edit *edit, size_t end);

/* Proposes to take out the member of braces whose value is at from..to. */
bool rmv_edit_remove_from_braces(struct rmv_edit *edit, size_t from, size_t to);
