/* What differs between two versions of a table, row by row: rows are found by the columns that are
 * their key, whatever order they are in. Memory is bounded whatever the size of the files (about
 * 110 MiB): of each row hashes and its place are kept, and where that is too much, the rows are
 * dealt with in several rounds, each of which reads both files. */
#pragma once

#include <stdint.h>

#include "rmv/base/csv.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"

#define RMV_ROWS_KEY_COLUMNS_MAX 100

enum rmv_row_change { RMV_ROW_ADDED, RMV_ROW_REMOVED, RMV_ROW_CHANGED };

struct rmv_rows_request {
    struct rmv_csv_reader *old_table, *new_table; /* just opened */
    const struct rmv_strings *key;                /* names of columns that both have */
    size_t round_rows_max;                        /* 0 for the usual number */
    /* A record is NULL where there is none, and lives until visit() returns. Added and changed rows
     * come in the order of the new table, then removed ones in that of the old; so in each round.
     */
    const struct rmv_error *(*visit)(void *context, enum rmv_row_change change,
                                     const struct rmv_csv_record *old_row,
                                     const struct rmv_csv_record *new_row);
    void *context;
};

struct rmv_rows_report {
    uint64_t added, removed, changed, unchanged;
};

/* Rows count as changed if they differ in a column that both tables have. Errors: CORRUPT (no such
 * column, a record that breaks the rules, two rows with one key: with file and line; nothing has
 * been visited then, unless there were several rounds), LIMIT, IO, visit()'s own. */
RMV_MUST_CHECK
const struct rmv_error *rmv_rows_compare(const struct rmv_rows_request *request,
                                         struct rmv_rows_report *report);
