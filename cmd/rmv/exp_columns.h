/* The columns of `exp show`: what the rows have, and which of it is shown in which order. */
#pragma once

#include <stdbool.h>

#include "rmv/exp_rows.h"

struct cli_exp_column {
    enum cli_exp_group group;
    char *name;  /* "FILE:KEY", or a path */
    char *title; /* "KEY" where only one file has it */
};

struct cli_exp_columns {
    struct cli_exp_column *items;
    size_t count, capacity;
};
void cli_exp_columns_free(struct cli_exp_columns *columns);

struct cli_exp_columns_choice {
    const struct rmv_strings *drop, *keep; /* extended regular expressions on titles and names */
    bool only_changed;                     /* leave out what is the same in all rows */
};

/* Metrics, then parameters, then dependencies. Errors: USAGE (a bad expression). */
RMV_MUST_CHECK
const struct rmv_error *cli_exp_columns_find(const struct cli_exp_rows *rows,
                                             const struct cli_exp_columns_choice *choice,
                                             struct cli_exp_columns *columns);

/* The value of a row in a column, NULL if it has none. */
const struct rmv_value *cli_exp_columns_value(const struct cli_exp_row *row,
                                              const struct cli_exp_column *column);

/* Sorts the experiments of each commit by a column, given by title or name; those without a value
 * come last. Errors: NOT_FOUND, with the nearest title. */
RMV_MUST_CHECK
const struct rmv_error *cli_exp_rows_sort(struct cli_exp_rows *rows,
                                          const struct cli_exp_columns *columns, const char *by,
                                          bool descending);
