/* Columns of tables, read row by row from CSV, TSV, JSON and YAML. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"

#define RMV_PLOT_COLUMNS_MAX 2 /* read at once */

enum rmv_plot_cell_kind { RMV_PLOT_MISSING, RMV_PLOT_NUMBER, RMV_PLOT_TEXT };

struct rmv_plot_cell {
    enum rmv_plot_cell_kind kind;
    double number;    /* never NaN */
    const char *text; /* of numbers too: as it is written; until the next row, without a NUL */
    size_t size;
};

/* What of a file to read. */
struct rmv_plot_table {
    const char *path;
    int fd;                                    /* from where it stands */
    bool no_header;                            /* of CSV and TSV: columns are "0", "1", … */
    const char *columns[RMV_PLOT_COLUMNS_MAX]; /* NULL: the last one */
    size_t columns_count;
    /* Gets each row: a cell per column. An error ends the reading. */
    const struct rmv_error *(*row)(void *context, const struct rmv_plot_cell *cells);
    void *context;
};

/* Can a table be read from a file of that name: .csv, .tsv, .json, .yaml, .yml? */
bool rmv_plot_table_is(const char *path);

/* Reads the columns, those of CSV and TSV in bounded memory, and adds their names to `names`. In
 * JSON and YAML the table is a list of maps, the document itself or the first one inside it that
 * has the first column; a map of plain values counts as one row. Columns of maps inside rows are
 * called "a.b". Errors: CORRUPT, LIMIT, NOT_FOUND (no table in it, a column), IO, row()'s. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_table_read(const struct rmv_plot_table *table,
                                            struct rmv_strings *names);

/* The place of the column among `names`. Errors: NOT_FOUND, with the nearest name. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_table_find(const struct rmv_plot_table *table, size_t column,
                                            const struct rmv_strings *names, size_t *index);

/* The two kinds of files. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_table_read_lines(const struct rmv_plot_table *table,
                                                  struct rmv_strings *names);
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_table_read_document(const struct rmv_plot_table *table,
                                                     struct rmv_strings *names);
