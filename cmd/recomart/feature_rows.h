/* Rows of a feature table in memory, and how they are printed. */
#pragma once

#include "rmv/base/value.h"
#include "rmv/features/store.h"

struct recomart_rows {
    const struct rmv_feature_table *table;
    struct rmv_feature_value *values; /* row by row; texts are owned */
    size_t count;                     /* rows */
    size_t capacity;
};

void recomart_rows_free(struct recomart_rows *rows);

RMV_MUST_CHECK
const struct rmv_error *recomart_rows_select(struct rmv_feature_store *store,
                                             const struct rmv_feature_query *query,
                                             struct recomart_rows *rows);

/* `table` describes the columns of the result, and must outlive the rows. */
RMV_MUST_CHECK
const struct rmv_error *recomart_rows_join(struct rmv_feature_store *store,
                                           const struct rmv_feature_join *join,
                                           const struct rmv_feature_table *table,
                                           struct recomart_rows *rows);

/* The layout of the customer's script: right-aligned columns behind a running number, numbers with
 * up to six decimals. */
void recomart_rows_print_table(const struct recomart_rows *rows);
void recomart_rows_print_csv(const struct recomart_rows *rows);

/* A list of maps. */
void recomart_rows_to_value(const struct recomart_rows *rows, struct rmv_value *list);
