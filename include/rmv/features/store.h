/* The feature store: tables of features in SQLite or PostgreSQL, behind one interface.
 *
 * The tables are a copy for lookups; the files they were made from are the truth. Each version of
 * the features is replaced as a whole in one transaction, together with its stamp, the id of the
 * files; readers see the old rows or the new ones, and whoever finds another stamp than that of the
 * files fills the tables again. A handle belongs to one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

enum rmv_feature_type {
    RMV_FEATURE_TEXT,   /* VARCHAR; no NUL, and UTF-8 for PostgreSQL */
    RMV_FEATURE_INT,    /* INT */
    RMV_FEATURE_DOUBLE, /* FLOAT, which is double precision in both */
};

/* "VARCHAR", "INT", "FLOAT", and back; false for another name. */
const char *rmv_feature_type_name(enum rmv_feature_type type);
bool rmv_feature_type_parse(const char *name, enum rmv_feature_type *type);

struct rmv_feature_column {
    const char *name;
    enum rmv_feature_type type;
};

/* Table and column names are identifiers: letters, digits and _, not starting with a digit. */
struct rmv_feature_table {
    const char *name;
    const struct rmv_feature_column *columns;
    size_t columns_count; /* at most RMV_FEATURE_COLUMNS_MAX */
    size_t keys_count;    /* the first so many columns are the primary key */
};

#define RMV_FEATURE_COLUMNS_MAX 64
#define RMV_FEATURE_NAME_MAX 63 /* bytes; PostgreSQL cuts longer ones */

struct rmv_feature_value {
    enum rmv_feature_type type;
    bool is_null;
    union {
        const char *text;
        int64_t integer;
        double number;
    };
};

enum rmv_feature_backend { RMV_FEATURE_SQLITE, RMV_FEATURE_POSTGRESQL };

struct rmv_feature_store_options {
    enum rmv_feature_backend backend;
    const char *path; /* SQLite: the file, created with its folders if missing */
    const char *host; /* PostgreSQL: name, address or folder of the socket */
    const char *port, *database, *user;
    const char *password; /* may be NULL */
};

struct rmv_feature_store;

/* Opens the store; the caller closes it. Errors: IO (no connection), CORRUPT (not a database),
 * LOCKED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_open(const struct rmv_feature_store_options *options,
                                               struct rmv_feature_store **store);
void rmv_feature_store_close(struct rmv_feature_store **store);

/* "SQLite database 'x.db'" or "PostgreSQL database 'x' on host:port": for messages. */
const char *rmv_feature_store_name(const struct rmv_feature_store *store);

/* ---- Filling: begin, then per table one begin_table and its rows, then commit -----------------
 */

/* Starts the transaction that replaces a version. Closing the store, or rmv_feature_store_abort(),
 * takes everything back. Waits up to half a minute for another writer. Errors: LOCKED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_begin(struct rmv_feature_store *store);

/* Creates the table if it is missing, empties it, and makes it the one that rows go to. A table of
 * that name with other columns is an error, not replaced. Errors: USAGE (bad name), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_begin_table(struct rmv_feature_store *store,
                                                      const struct rmv_feature_table *table);

/* Adds a row to it: one value per column, of the column's type. Errors: CONFLICT (the key is there
 * already, possibly reported only at the end of the table), LIMIT (an INT beyond 32 bits), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_add(struct rmv_feature_store *store,
                                              const struct rmv_feature_value *row);

/* Stamps the version and commits. Errors: IO, CONFLICT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_commit(struct rmv_feature_store *store,
                                                 const char *version, const char *stamp);

/* Takes everything since begin back. Returns `cause`, the error that led here, which may be NULL.
 */
const struct rmv_error *rmv_feature_store_abort(struct rmv_feature_store *store,
                                                const struct rmv_error *cause);

/* ---- Reading --------------------------------------------------------------------------------- */

/* Sets `*stamp` to the version's stamp, which the caller frees, or to NULL if the version was never
 * stored here. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_stamp(struct rmv_feature_store *store,
                                                const char *version, char **stamp);

struct rmv_feature_condition {
    const char *column;
    struct rmv_feature_value value;
};

/* What to read: the table's rows for which every condition holds (none: all rows), in the order of
 * the primary key, text compared bytewise. */
struct rmv_feature_query {
    const struct rmv_feature_table *table;
    const struct rmv_feature_condition *conditions;
    size_t conditions_count;
};

/* Takes a row, one value per column; text lives until it returns. An error ends the reading. */
typedef const struct rmv_error *rmv_feature_visit(void *context,
                                                  const struct rmv_feature_value *row);

/* Errors: NOT_FOUND (no such table), IO, and what visit() returns. */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_select(struct rmv_feature_store *store,
                                                 const struct rmv_feature_query *query,
                                                 rmv_feature_visit *visit, void *context);

/* Tables joined on their keys: the keys of every table are among those of the first. */
struct rmv_feature_join {
    const struct rmv_feature_table *const *tables;
    size_t tables_count;                            /* at most RMV_FEATURE_TABLES_MAX */
    const struct rmv_feature_condition *conditions; /* on columns of the first table */
    size_t conditions_count;
};

#define RMV_FEATURE_TABLES_MAX 16

/* Reads the rows of the first table with those of the others beside them, NULL where there is none:
 * the first table's columns, then each other's without its keys, RMV_FEATURE_COLUMNS_MAX in all.
 * The order is that of the first table's key. Errors: as of rmv_feature_store_select(), and USAGE
 * (a key that the first table does not have, or too many columns). */
RMV_MUST_CHECK
const struct rmv_error *rmv_feature_store_join(struct rmv_feature_store *store,
                                               const struct rmv_feature_join *join,
                                               rmv_feature_visit *visit, void *context);
