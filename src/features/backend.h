/* What SQLite and PostgreSQL each do in their own way; store.c writes the SQL for both. Parameters
 * stand as $1, $2, … which both understand. */
#pragma once

#include "rmv/features/store.h"

struct backend;

struct backend_statement {
    const char *sql;
    const struct rmv_feature_value *parameters;
    size_t parameters_count;
    const struct rmv_feature_column *columns; /* of the result */
    size_t columns_count;
};

struct backend_operations {
    void (*close)(struct backend *backend);

    /* Begins a transaction that keeps other writers out. */
    const struct rmv_error *(*begin)(struct backend *backend);

    /* Runs a statement without parameters and result. */
    const struct rmv_error *(*run)(struct backend *backend, const char *sql);

    /* Runs a query, row by row. */
    const struct rmv_error *(*query)(struct backend *backend,
                                     const struct backend_statement *statement,
                                     rmv_feature_visit *visit, void *context);

    /* Bulk insertion into one table: start, rows, end. */
    const struct rmv_error *(*start_rows)(struct backend *backend,
                                          const struct rmv_feature_table *table);
    const struct rmv_error *(*add_row)(struct backend *backend,
                                       const struct rmv_feature_table *table,
                                       const struct rmv_feature_value *row);
    const struct rmv_error *(*end_rows)(struct backend *backend);

    /* Does a table exist? */
    const char *exists_sql; /* one parameter, the table's name; a row if it does */
    const char *text_order; /* behind a text column in ORDER BY, for the order of bytes */
};

RMV_MUST_CHECK
const struct rmv_error *backend_open_sqlite(const struct rmv_feature_store_options *options,
                                            struct backend **backend,
                                            const struct backend_operations **operations);
RMV_MUST_CHECK
const struct rmv_error *backend_open_postgresql(const struct rmv_feature_store_options *options,
                                                struct backend **backend,
                                                const struct backend_operations **operations);
