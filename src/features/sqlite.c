#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "features/backend.h"
#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define BUSY_TIMEOUT_MS 30000

struct backend {
    sqlite3 *db;
    sqlite3_stmt *insert;
};

static const struct rmv_error *failure(sqlite3 *db)
{
    const int code = sqlite3_extended_errcode(db);
    const char *message = sqlite3_errmsg(db);
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return rmv_error(RMV_ERR_LOCKED, "somebody else is writing: %s", message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return rmv_error_hint(
            rmv_error(RMV_ERR_CORRUPT, "%s", message),
            "delete the file: it is filled again from the feature files when needed");
    case SQLITE_CONSTRAINT:
        return rmv_error(RMV_ERR_CONFLICT, "%s", message);
    default:
        return rmv_error(RMV_ERR_IO, "%s", message);
    }
}

static void statement_close(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
    *statement = NULL;
}

static void sqlite_close(struct backend *backend)
{
    statement_close(&backend->insert);
    sqlite3_close(backend->db);
    rmv_free(&backend);
}

static const struct rmv_error *sqlite_run(struct backend *backend, const char *sql)
{
    if (sqlite3_exec(backend->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return failure(backend->db);
    return NULL;
}

static const struct rmv_error *sqlite_begin(struct backend *backend)
{
    return sqlite_run(backend, "BEGIN IMMEDIATE");
}

static int bind(sqlite3_stmt *statement, int position, const struct rmv_feature_value *value)
{
    if (value->is_null)
        return sqlite3_bind_null(statement, position);
    switch (value->type) {
    case RMV_FEATURE_TEXT:
        return sqlite3_bind_text(statement, position, value->text, -1, SQLITE_STATIC);
    case RMV_FEATURE_INT:
        return sqlite3_bind_int64(statement, position, value->integer);
    case RMV_FEATURE_DOUBLE:
        return sqlite3_bind_double(statement, position, value->number);
    }
    assert(false);
    return SQLITE_MISUSE;
}

static const struct rmv_error *bind_all(struct backend *backend, sqlite3_stmt *statement,
                                        const struct rmv_feature_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bind(statement, (int)i + 1, &values[i]) != SQLITE_OK)
            return failure(backend->db);
    return NULL;
}

static void read_value(sqlite3_stmt *statement, int position, struct rmv_feature_value *value)
{
    value->is_null = sqlite3_column_type(statement, position) == SQLITE_NULL;
    switch (value->type) {
    case RMV_FEATURE_TEXT:
        value->text = (const char *)sqlite3_column_text(statement, position);
        break;
    case RMV_FEATURE_INT:
        value->integer = sqlite3_column_int64(statement, position);
        break;
    case RMV_FEATURE_DOUBLE:
        value->number = sqlite3_column_double(statement, position);
        break;
    }
}

static const struct rmv_error *sqlite_query(struct backend *backend,
                                            const struct backend_statement *statement,
                                            rmv_feature_visit *visit, void *context)
{
    RMV_CLEANUP(statement_close) sqlite3_stmt *prepared = NULL;
    if (sqlite3_prepare_v2(backend->db, statement->sql, -1, &prepared, NULL) != SQLITE_OK)
        return failure(backend->db);
    const struct rmv_error *err =
        bind_all(backend, prepared, statement->parameters, statement->parameters_count);
    struct rmv_feature_value row[RMV_FEATURE_COLUMNS_MAX];
    while (!err) {
        const int code = sqlite3_step(prepared);
        if (code == SQLITE_DONE)
            return NULL;
        if (code != SQLITE_ROW)
            return failure(backend->db);
        for (size_t i = 0; i < statement->columns_count; i++) {
            row[i].type = statement->columns[i].type;
            read_value(prepared, (int)i, &row[i]);
        }
        err = visit(context, row);
    }
    return err;
}

static const struct rmv_error *sqlite_start_rows(struct backend *backend,
                                                 const struct rmv_feature_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf sql = {0};
    rmv_buf_append_format(&sql, "INSERT INTO %s (", table->name);
    for (size_t i = 0; i < table->columns_count; i++)
        rmv_buf_append_format(&sql, "%s%s", i ? ", " : "", table->columns[i].name);
    rmv_buf_append_string(&sql, ") VALUES (");
    for (size_t i = 0; i < table->columns_count; i++)
        rmv_buf_append_format(&sql, "%s$%zu", i ? ", " : "", i + 1);
    rmv_buf_append_string(&sql, ")");
    statement_close(&backend->insert);
    if (sqlite3_prepare_v2(backend->db, rmv_buf_string(&sql), -1, &backend->insert, NULL) !=
        SQLITE_OK)
        return failure(backend->db);
    return NULL;
}

static const struct rmv_error *sqlite_add_row(struct backend *backend,
                                              const struct rmv_feature_table *table,
                                              const struct rmv_feature_value *row)
{
    const struct rmv_error *err = bind_all(backend, backend->insert, row, table->columns_count);
    if (err)
        return err;
    const bool added = sqlite3_step(backend->insert) == SQLITE_DONE;
    err = added ? NULL : failure(backend->db);
    sqlite3_reset(backend->insert);
    return err;
}

static const struct rmv_error *sqlite_end_rows(struct backend *backend)
{
    statement_close(&backend->insert);
    return NULL;
}

static const struct backend_operations sqlite_operations = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .run = sqlite_run,
    .query = sqlite_query,
    .start_rows = sqlite_start_rows,
    .add_row = sqlite_add_row,
    .end_rows = sqlite_end_rows,
    .exists_sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name = $1",
    .text_order = "", /* BINARY is the default */
};

/* Opens the file and reads from it, so that one that is no database is found now. */
static const struct rmv_error *open_file(struct backend *backend, const char *path)
{
    if (sqlite3_open_v2(path, &backend->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK)
        return failure(backend->db);
    sqlite3_extended_result_codes(backend->db, 1);
    sqlite3_busy_timeout(backend->db, BUSY_TIMEOUT_MS);
    /* A rollback journal, never a write-ahead log, which does not work on network filesystems. */
    return sqlite_run(backend, "PRAGMA journal_mode = DELETE");
}

const struct rmv_error *backend_open_sqlite(const struct rmv_feature_store_options *options,
                                            struct backend **backend,
                                            const struct backend_operations **operations)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(options->path);
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    struct backend *opened = rmv_calloc(1, sizeof(*opened));
    err = open_file(opened, options->path);
    if (err) {
        sqlite_close(opened);
        return err;
    }
    *backend = opened;
    *operations = &sqlite_operations;
    return NULL;
}
