/* The rows of a table in a JSON or YAML document: the document itself is a list of maps or has one,
 * or is a map that stands for one row. Of large JSON, one row at a time is in memory as values. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"

struct rmv_plot_rows {
    const char *path;
    struct rmv_value document; /* of large JSON, without all but the first row of each list */
    const struct rmv_value *items;
    size_t count;
    struct rmv_buf text;     /* of large JSON */
    const char *start, *end; /* the rows in it; NULL: they are `items` */
    size_t index;            /* of the row that comes next */
    const char *at;
};
void rmv_plot_rows_free(struct rmv_plot_rows *rows);

/* Takes the text over and finds the rows: the first list of maps, one whose rows have the column if
 * there is one. Errors: CORRUPT, LIMIT, NOT_FOUND (none). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_rows_open(const char *path, struct rmv_buf *text,
                                           const char *column, struct rmv_plot_rows *rows);

/* What that does with large JSON, of any size. False, with the text as it was, if the rows are not
 * to be had that way: it is no JSON, or there is no list of maps. */
bool rmv_plot_rows_open_text(const char *path, struct rmv_buf *text, const char *column,
                             struct rmv_plot_rows *rows);

/* Sets `row`, which the caller frees, to the next one with its maps flattened: "a.b"; to null at
 * the end, from where it goes on with the first one. Errors: CORRUPT, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_rows_next(struct rmv_plot_rows *rows, struct rmv_value *row);
