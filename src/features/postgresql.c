#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "features/backend.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"

#define COPY_PIECE_BYTES ((size_t)256 * 1024)
#define CONNECT_TIMEOUT_S "10"
#define WRITER_LOCK "7238231" /* one number for all of us, so that writers take turns */
#define WRITER_LOCK_WAIT "30s"
#define STATE_LOCK_TIMEOUT "55P03"
#define STATE_UNIQUE "23505"
#define STATE_NO_TABLE "42P01"

struct backend {
    PGconn *connection;
    struct rmv_buf copy; /* rows on their way to the server, in COPY's text format */
    bool is_copying;
};

/* The server's messages end with a newline, and may have several lines. */
static const struct rmv_error *error_of(enum rmv_error_code code, const char *message)
{
    size_t length = strlen(message);
    while (length > 0 && message[length - 1] == '\n')
        length--;
    return rmv_error(code, "%.*s", (int)length, length ? message : "connection lost");
}

static const struct rmv_error *failure(const struct backend *backend, const PGresult *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = PQerrorMessage(backend->connection);
    if (state && strcmp(state, STATE_LOCK_TIMEOUT) == 0)
        return error_of(RMV_ERR_LOCKED, message);
    if (state && strcmp(state, STATE_UNIQUE) == 0)
        return error_of(RMV_ERR_CONFLICT, message);
    if (state && strcmp(state, STATE_NO_TABLE) == 0)
        return error_of(RMV_ERR_NOT_FOUND, message);
    return error_of(RMV_ERR_IO, message);
}

static void result_close(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

static void postgresql_close(struct backend *backend)
{
    PQfinish(backend->connection);
    rmv_buf_free(&backend->copy);
    rmv_free(&backend);
}

static const struct rmv_error *postgresql_run(struct backend *backend, const char *sql)
{
    RMV_CLEANUP(result_close) PGresult *result = PQexec(backend->connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return failure(backend, result);
    return NULL;
}

static const struct rmv_error *postgresql_begin(struct backend *backend)
{
    const struct rmv_error *err =
        postgresql_run(backend, "BEGIN; SET LOCAL lock_timeout = '" WRITER_LOCK_WAIT "'");
    if (err)
        return err;
    err = postgresql_run(backend, "SELECT pg_advisory_xact_lock(" WRITER_LOCK ")");
    if (!err)
        return NULL;
    struct rmv_error *kept = rmv_error_take(err);
    const struct rmv_error *ignored = postgresql_run(backend, "ROLLBACK");
    (void)ignored;
    return rmv_error_raise(&kept);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

/* The text of a parameter; the caller frees it. */
static char *parameter_text(const struct rmv_feature_value *value)
{
    if (value->is_null)
        return NULL;
    switch (value->type) {
    case RMV_FEATURE_TEXT:
        return rmv_str_copy(value->text);
    case RMV_FEATURE_INT:
        return rmv_str_format("%lld", (long long)value->integer);
    case RMV_FEATURE_DOUBLE:
        return rmv_str_format("%.17g", value->number);
    }
    assert(false);
    return NULL;
}

static const struct rmv_error *parse_value(const char *text, struct rmv_feature_value *value)
{
    char *end = NULL;
    errno = 0;
    if (value->type == RMV_FEATURE_TEXT) {
        value->text = text;
        return NULL;
    }
    if (value->type == RMV_FEATURE_INT)
        value->integer = strtoll(text, &end, 10);
    else
        value->number = strtod(text, &end);
    /* A denormal double is fine, though strtod() sets errno. */
    if (end == text || *end || (errno && value->type == RMV_FEATURE_INT))
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is not a number", text);
    return NULL;
}

static const struct rmv_error *visit_row(const struct backend_statement *statement,
                                         const PGresult *result, rmv_feature_visit *visit,
                                         void *context)
{
    struct rmv_feature_value row[RMV_FEATURE_COLUMNS_MAX];
    for (size_t i = 0; i < statement->columns_count; i++) {
        row[i] = (struct rmv_feature_value){.type = statement->columns[i].type,
                                            .is_null = PQgetisnull(result, 0, (int)i)};
        const struct rmv_error *err =
            row[i].is_null ? NULL : parse_value(PQgetvalue(result, 0, (int)i), &row[i]);
        if (err)
            return rmv_error_context(err, "column '%s'", statement->columns[i].name);
    }
    return visit(context, row);
}

/* Takes results until there are none, as the connection must be free afterwards, even past an
 * error. */
static const struct rmv_error *visit_rows(struct backend *backend,
                                          const struct backend_statement *statement,
                                          rmv_feature_visit *visit, void *context)
{
    struct rmv_error *kept = NULL;
    for (;;) {
        RMV_CLEANUP(result_close) PGresult *result = PQgetResult(backend->connection);
        if (!result)
            return rmv_error_raise(&kept);
        if (kept)
            continue;
        const ExecStatusType status = PQresultStatus(result);
        const struct rmv_error *err = NULL;
        if (visit && status == PGRES_SINGLE_TUPLE)
            err = visit_row(statement, result, visit, context);
        else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            err = failure(backend, result);
        if (err)
            kept = rmv_error_take(err);
    }
}

static const struct rmv_error *postgresql_query(struct backend *backend,
                                                const struct backend_statement *statement,
                                                rmv_feature_visit *visit, void *context)
{
    const size_t count = statement->parameters_count;
    char *texts[RMV_FEATURE_COLUMNS_MAX] = {NULL};
    for (size_t i = 0; i < count; i++)
        texts[i] = parameter_text(&statement->parameters[i]);
    const int sent = PQsendQueryParams(backend->connection, statement->sql, (int)count, NULL,
                                       (const char *const *)texts, NULL, NULL, 0) &&
                     PQsetSingleRowMode(backend->connection);
    for (size_t i = 0; i < count; i++)
        rmv_str_free(&texts[i]);
    if (!sent)
        return failure(backend, NULL);
    return visit_rows(backend, statement, visit, context);
}

/* ---- Filling: COPY … FROM STDIN ---------------------------------------------------------------
 */

static const struct rmv_error *postgresql_start_rows(struct backend *backend,
                                                     const struct rmv_feature_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf sql = {0};
    rmv_buf_append_format(&sql, "COPY %s (", table->name);
    for (size_t i = 0; i < table->columns_count; i++)
        rmv_buf_append_format(&sql, "%s%s", i ? ", " : "", table->columns[i].name);
    rmv_buf_append_string(&sql, ") FROM STDIN");
    RMV_CLEANUP(result_close)
    PGresult *result = PQexec(backend->connection, rmv_buf_string(&sql));
    if (PQresultStatus(result) != PGRES_COPY_IN)
        return failure(backend, result);
    backend->is_copying = true;
    return NULL;
}

static void append_escaped(struct rmv_buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        static const char special[] = "\\\b\f\n\r\t\v";
        static const char letters[] = "\\bfnrtv";
        const char *found = strchr(special, *c);
        if (found)
            rmv_buf_append_format(out, "\\%c", letters[found - special]);
        else
            rmv_buf_append(out, c, 1);
    }
}

static void append_value(struct rmv_buf *out, const struct rmv_feature_value *value)
{
    if (value->is_null)
        rmv_buf_append_string(out, "\\N");
    else if (value->type == RMV_FEATURE_TEXT)
        append_escaped(out, value->text);
    else if (value->type == RMV_FEATURE_INT)
        rmv_buf_append_format(out, "%lld", (long long)value->integer);
    else
        rmv_buf_append_format(out, "%.17g", value->number);
}

static const struct rmv_error *send_copied(struct backend *backend)
{
    if (backend->copy.size > 0 &&
        PQputCopyData(backend->connection, backend->copy.data, (int)backend->copy.size) != 1)
        return failure(backend, NULL);
    backend->copy.size = 0;
    return NULL;
}

static const struct rmv_error *postgresql_add_row(struct backend *backend,
                                                  const struct rmv_feature_table *table,
                                                  const struct rmv_feature_value *row)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        if (i > 0)
            rmv_buf_append_string(&backend->copy, "\t");
        append_value(&backend->copy, &row[i]);
    }
    rmv_buf_append_string(&backend->copy, "\n");
    return backend->copy.size < COPY_PIECE_BYTES ? NULL : send_copied(backend);
}

static const struct rmv_error *postgresql_end_rows(struct backend *backend)
{
    if (!backend->is_copying)
        return NULL;
    backend->is_copying = false;
    const struct rmv_error *err = send_copied(backend);
    backend->copy.size = 0;
    if (err)
        return err;
    if (PQputCopyEnd(backend->connection, NULL) != 1)
        return failure(backend, NULL);
    static const struct backend_statement none;
    return visit_rows(backend, &none, NULL, NULL);
}

static const struct backend_operations postgresql_operations = {
    .close = postgresql_close,
    .begin = postgresql_begin,
    .run = postgresql_run,
    .query = postgresql_query,
    .start_rows = postgresql_start_rows,
    .add_row = postgresql_add_row,
    .end_rows = postgresql_end_rows,
    .exists_sql = "SELECT relname FROM pg_class WHERE oid = to_regclass($1)",
    .text_order = " COLLATE \"C\"",
};

static void drop_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

const struct rmv_error *backend_open_postgresql(const struct rmv_feature_store_options *options,
                                                struct backend **backend,
                                                const struct backend_operations **operations)
{
    const char *const names[] = {
        "host", "port", "dbname", "user", "password", "client_encoding", "connect_timeout", NULL};
    const char *const values[] = {
        options->host,     options->port, options->database, options->user,
        options->password, "UTF8",        CONNECT_TIMEOUT_S, NULL};
    struct backend *opened = rmv_calloc(1, sizeof(*opened));
    opened->connection = PQconnectdbParams(names, values, 0);
    if (PQstatus(opened->connection) != CONNECTION_OK) {
        const struct rmv_error *err = rmv_error_hint(
            error_of(RMV_ERR_IO, PQerrorMessage(opened->connection)),
            "check data/config/database.yaml; the password comes from PGPASSWORD or a file of mode "
            "0600 named there");
        postgresql_close(opened);
        return err;
    }
    /* "table exists already, skipping" is no news. */
    PQsetNoticeProcessor(opened->connection, drop_notice, NULL);
    *backend = opened;
    *operations = &postgresql_operations;
    return NULL;
}
