/* Tables to be drawn, read from CSV, TSV, JSON and YAML. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/base/value.h"

#define RMV_PLOT_CELLS_MAX ((size_t)4 * 1024 * 1024)

struct rmv_plot_table {
    struct rmv_strings columns;
    struct rmv_value *cells; /* rows × columns, row-major: a number, text, or null */
    size_t rows, capacity;   /* the capacity counts cells */
};
void rmv_plot_table_free(struct rmv_plot_table *table);

/* Can a table be read from a file of that name: .csv, .tsv, .json, .yaml, .yml? */
bool rmv_plot_table_is(const char *path);

/* What of a file to read. */
struct rmv_plot_source {
    const char *path;
    bool no_header;     /* of CSV and TSV: columns are "0", "1", … */
    const char *column; /* of JSON and YAML: the list looked for has it; or NULL */
};

/* Reads the table in `text`. In JSON and YAML it is a list of maps, the document itself or the
 * first one inside it; a map of plain values counts as one row. Columns of maps inside rows are
 * called "a.b". Errors: CORRUPT, LIMIT, NOT_FOUND (no table in it). */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_table_parse(const struct rmv_plot_source *source, const char *text,
                                             size_t size, struct rmv_plot_table *table);

/* Sets `*index` to the column of that name, or says that there is none. */
bool rmv_plot_table_find(const struct rmv_plot_table *table, const char *name, size_t *index);

const struct rmv_value *rmv_plot_table_cell(const struct rmv_plot_table *table, size_t row,
                                            size_t column);
