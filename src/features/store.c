#include "rmv/features/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "features/backend.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"

struct rmv_feature_store {
    struct backend *backend;
    const struct backend_operations *operations;
    char *name;
    bool in_transaction;
    bool in_table;
    struct rmv_feature_table table; /* the one that rows go to */
};

static const char *const type_names[] = {
    [RMV_FEATURE_TEXT] = "VARCHAR", [RMV_FEATURE_INT] = "INT", [RMV_FEATURE_DOUBLE] = "FLOAT"};

const char *rmv_feature_type_name(enum rmv_feature_type type)
{
    return type_names[type];
}

bool rmv_feature_type_parse(const char *name, enum rmv_feature_type *type)
{
    for (int i = RMV_FEATURE_TEXT; i <= RMV_FEATURE_DOUBLE; i++)
        if (strcmp(name, type_names[i]) == 0) {
            *type = i;
            return true;
        }
    return false;
}

#define VERSIONS_SQL                                                                               \
    "CREATE TABLE IF NOT EXISTS feature_versions ("                                                \
    "version VARCHAR PRIMARY KEY, stamp VARCHAR)"

static const struct rmv_feature_column versions_columns[] = {
    {"version", RMV_FEATURE_TEXT},
    {"stamp", RMV_FEATURE_TEXT},
};

static const struct rmv_feature_table versions_table = {
    .name = "feature_versions",
    .columns = versions_columns,
    .columns_count = 2,
    .keys_count = 1,
};

const struct rmv_error *rmv_feature_store_open(const struct rmv_feature_store_options *options,
                                               struct rmv_feature_store **store)
{
    struct backend *backend = NULL;
    const struct backend_operations *operations = NULL;
    const bool is_sqlite = options->backend == RMV_FEATURE_SQLITE;
    RMV_CLEANUP(rmv_str_free)
    char *name = is_sqlite ? rmv_str_format("SQLite database '%s'", options->path)
                           : rmv_str_format("PostgreSQL database '%s' on %s:%s", options->database,
                                            options->host, options->port);
    const struct rmv_error *err = is_sqlite
                                      ? backend_open_sqlite(options, &backend, &operations)
                                      : backend_open_postgresql(options, &backend, &operations);
    if (err)
        return rmv_error_context(err, "%s", name);
    *store = rmv_calloc(1, sizeof(**store));
    **store = (struct rmv_feature_store){.backend = backend, .operations = operations};
    (*store)->name = name;
    name = NULL;
    return NULL;
}

void rmv_feature_store_close(struct rmv_feature_store **store)
{
    if (!*store)
        return;
    (*store)->operations->close((*store)->backend);
    rmv_str_free(&(*store)->name);
    rmv_free(store);
}

const char *rmv_feature_store_name(const struct rmv_feature_store *store)
{
    return store->name;
}

static const struct rmv_error *named(const struct rmv_feature_store *store,
                                     const struct rmv_error *err)
{
    return err ? rmv_error_context(err, "%s", store->name) : NULL;
}

/* ---- SQL --------------------------------------------------------------------------------------
 */

static const struct rmv_error *check_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char digits[] = "0123456789";
    const size_t length = strlen(name);
    bool is_good = length > 0 && length <= RMV_FEATURE_NAME_MAX && strchr(letters, name[0]);
    for (size_t i = 0; is_good && i < length; i++)
        is_good = strchr(letters, name[i]) || strchr(digits, name[i]);
    if (is_good)
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_USAGE, "'%s' cannot be the name of a table or feature", name),
        "use at most %d letters, digits and underscores, and no digit first", RMV_FEATURE_NAME_MAX);
}

static const struct rmv_error *check_table(const struct rmv_feature_table *table)
{
    assert(table->columns_count <= RMV_FEATURE_COLUMNS_MAX);
    assert(table->keys_count <= table->columns_count);
    const struct rmv_error *err = check_name(table->name);
    for (size_t i = 0; !err && i < table->columns_count; i++)
        err = check_name(table->columns[i].name);
    return err;
}

static void append_names(struct rmv_buf *sql, const struct rmv_feature_table *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rmv_buf_append_format(sql, "%s%s", i ? ", " : "", table->columns[i].name);
}

static char *create_sql(const struct rmv_feature_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf sql = {0};
    rmv_buf_append_format(&sql, "CREATE TABLE IF NOT EXISTS %s (", table->name);
    for (size_t i = 0; i < table->columns_count; i++)
        rmv_buf_append_format(&sql, "%s%s %s%s", i ? ", " : "", table->columns[i].name,
                              rmv_feature_type_name(table->columns[i].type),
                              table->keys_count == 1 && i == 0 ? " PRIMARY KEY" : "");
    if (table->keys_count > 1) {
        rmv_buf_append_string(&sql, ", PRIMARY KEY (");
        append_names(&sql, table, table->keys_count);
        rmv_buf_append_string(&sql, ")");
    }
    rmv_buf_append_string(&sql, ")");
    return rmv_buf_take(&sql);
}

static bool has_key(const struct rmv_feature_table *table, const char *name)
{
    for (size_t i = 0; i < table->keys_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return true;
    return false;
}

/* Table 1 and so on beside table 0, on its keys. */
static void append_joins(struct rmv_buf *sql, const struct rmv_feature_join *join)
{
    for (size_t t = 1; t < join->tables_count; t++) {
        const struct rmv_feature_table *table = join->tables[t];
        rmv_buf_append_format(sql, " LEFT JOIN %s t%zu", table->name, t);
        for (size_t i = 0; i < table->keys_count; i++)
            rmv_buf_append_format(sql, "%st%zu.%s = t0.%s", i ? " AND " : " ON ", t,
                                  table->columns[i].name, table->columns[i].name);
    }
}

static char *select_sql(const struct rmv_feature_store *store, const struct rmv_feature_join *join)
{
    const struct rmv_feature_table *first = join->tables[0];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf sql = {0};
    rmv_buf_append_string(&sql, "SELECT ");
    for (size_t t = 0; t < join->tables_count; t++)
        for (size_t i = t ? join->tables[t]->keys_count : 0; i < join->tables[t]->columns_count;
             i++)
            rmv_buf_append_format(&sql, "%st%zu.%s", t || i ? ", " : "", t,
                                  join->tables[t]->columns[i].name);
    rmv_buf_append_format(&sql, " FROM %s t0", first->name);
    append_joins(&sql, join);
    for (size_t i = 0; i < join->conditions_count; i++)
        rmv_buf_append_format(&sql, "%st0.%s = $%zu", i ? " AND " : " WHERE ",
                              join->conditions[i].column, i + 1);
    for (size_t i = 0; i < first->keys_count; i++) {
        const bool is_text = first->columns[i].type == RMV_FEATURE_TEXT;
        rmv_buf_append_format(&sql, "%st0.%s%s", i ? ", " : " ORDER BY ", first->columns[i].name,
                              is_text ? store->operations->text_order : "");
    }
    return rmv_buf_take(&sql);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static const struct rmv_error *note_row(void *context, const struct rmv_feature_value *row)
{
    (void)row;
    *(bool *)context = true;
    return NULL;
}

static const struct rmv_error *table_exists(struct rmv_feature_store *store, const char *name,
                                            bool *exists)
{
    static const struct rmv_feature_column column = {"name", RMV_FEATURE_TEXT};
    const struct rmv_feature_value parameter = {.type = RMV_FEATURE_TEXT, .text = name};
    const struct backend_statement statement = {.sql = store->operations->exists_sql,
                                                .parameters = &parameter,
                                                .parameters_count = 1,
                                                .columns = &column,
                                                .columns_count = 1};
    *exists = false;
    return store->operations->query(store->backend, &statement, note_row, exists);
}

const struct rmv_error *rmv_feature_store_select(struct rmv_feature_store *store,
                                                 const struct rmv_feature_query *query,
                                                 rmv_feature_visit *visit, void *context)
{
    const struct rmv_feature_join join = {.tables = &query->table,
                                          .tables_count = 1,
                                          .conditions = query->conditions,
                                          .conditions_count = query->conditions_count};
    return rmv_feature_store_join(store, &join, visit, context);
}

/* Collects the columns of the result. */
static const struct rmv_error *check_join(const struct rmv_feature_join *join,
                                          struct rmv_feature_column *columns, size_t *count)
{
    const struct rmv_error *err = NULL;
    *count = 0;
    for (size_t t = 0; !err && t < join->tables_count; t++) {
        const struct rmv_feature_table *table = join->tables[t];
        err = check_table(table);
        for (size_t i = 0; !err && i < table->columns_count; i++) {
            const bool is_key = i < table->keys_count;
            if (is_key && !has_key(join->tables[0], table->columns[i].name))
                err = rmv_error(RMV_ERR_USAGE,
                                "'%s' cannot be joined with '%s', which has no key '%s'",
                                table->name, join->tables[0]->name, table->columns[i].name);
            else if (*count == RMV_FEATURE_COLUMNS_MAX)
                err = rmv_error(RMV_ERR_USAGE, "a join has at most %d columns",
                                RMV_FEATURE_COLUMNS_MAX);
            else if (!is_key || t == 0)
                columns[(*count)++] = table->columns[i];
        }
    }
    for (size_t i = 0; !err && i < join->conditions_count; i++)
        err = check_name(join->conditions[i].column);
    return err;
}

static const struct rmv_error *check_tables_exist(struct rmv_feature_store *store,
                                                  const struct rmv_feature_join *join)
{
    for (size_t t = 0; t < join->tables_count; t++) {
        bool exists = false;
        const struct rmv_error *err = table_exists(store, join->tables[t]->name, &exists);
        if (err)
            return named(store, err);
        if (!exists)
            return rmv_error(RMV_ERR_NOT_FOUND, "%s has no table '%s'", store->name,
                             join->tables[t]->name);
    }
    return NULL;
}

const struct rmv_error *rmv_feature_store_join(struct rmv_feature_store *store,
                                               const struct rmv_feature_join *join,
                                               rmv_feature_visit *visit, void *context)
{
    assert(join->conditions_count <= RMV_FEATURE_COLUMNS_MAX);
    assert(join->tables_count >= 1 && join->tables_count <= RMV_FEATURE_TABLES_MAX);
    struct rmv_feature_column columns[RMV_FEATURE_COLUMNS_MAX];
    struct rmv_feature_value parameters[RMV_FEATURE_COLUMNS_MAX];
    size_t columns_count = 0;
    const struct rmv_error *err = check_join(join, columns, &columns_count);
    if (!err)
        err = check_tables_exist(store, join);
    if (err)
        return err;
    for (size_t i = 0; i < join->conditions_count; i++)
        parameters[i] = join->conditions[i].value;

    RMV_CLEANUP(rmv_str_free) char *sql = select_sql(store, join);
    const struct backend_statement statement = {.sql = sql,
                                                .parameters = parameters,
                                                .parameters_count = join->conditions_count,
                                                .columns = columns,
                                                .columns_count = columns_count};
    return named(store, store->operations->query(store->backend, &statement, visit, context));
}

static const struct rmv_error *keep_stamp(void *context, const struct rmv_feature_value *row)
{
    rmv_str_set(context, row[1].is_null ? NULL : row[1].text);
    return NULL;
}

const struct rmv_error *rmv_feature_store_stamp(struct rmv_feature_store *store,
                                                const char *version, char **stamp)
{
    const struct rmv_feature_condition condition = {"version",
                                                    {.type = RMV_FEATURE_TEXT, .text = version}};
    const struct rmv_feature_query query = {&versions_table, &condition, 1};
    char *found = NULL;
    const struct rmv_error *err = rmv_feature_store_select(store, &query, keep_stamp, &found);
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return err;
    *stamp = found;
    return NULL;
}

/* ---- Filling ----------------------------------------------------------------------------------
 */

const struct rmv_error *rmv_feature_store_begin(struct rmv_feature_store *store)
{
    assert(!store->in_transaction);
    const struct rmv_error *err = store->operations->begin(store->backend);
    if (err)
        return named(store, err);
    store->in_transaction = true;
    return NULL;
}

static const struct rmv_error *end_table(struct rmv_feature_store *store)
{
    if (!store->in_table)
        return NULL;
    store->in_table = false;
    const struct rmv_error *err = store->operations->end_rows(store->backend);
    return err ? rmv_error_context(err, "table '%s'", store->table.name) : NULL;
}

static const struct rmv_error *start_table(struct rmv_feature_store *store,
                                           const struct rmv_feature_table *table)
{
    RMV_CLEANUP(rmv_str_free) char *create = create_sql(table);
    RMV_CLEANUP(rmv_str_free) char *empty = rmv_str_format("DELETE FROM %s", table->name);
    const struct rmv_error *err = store->operations->run(store->backend, create);
    if (!err)
        err = store->operations->run(store->backend, empty);
    if (!err)
        err = store->operations->start_rows(store->backend, table);
    return err ? rmv_error_context(err, "table '%s'", table->name) : NULL;
}

const struct rmv_error *rmv_feature_store_begin_table(struct rmv_feature_store *store,
                                                      const struct rmv_feature_table *table)
{
    assert(store->in_transaction);
    const struct rmv_error *err = check_table(table);
    if (err)
        return err;
    err = end_table(store);
    if (!err)
        err = start_table(store, table);
    if (err)
        return named(store, err);
    store->table = *table;
    store->in_table = true;
    return NULL;
}

const struct rmv_error *rmv_feature_store_add(struct rmv_feature_store *store,
                                              const struct rmv_feature_value *row)
{
    assert(store->in_table);
    for (size_t i = 0; i < store->table.columns_count; i++) {
        assert(row[i].type == store->table.columns[i].type);
        if (row[i].type == RMV_FEATURE_INT && !row[i].is_null &&
            (row[i].integer > INT32_MAX || row[i].integer < INT32_MIN))
            return rmv_error(RMV_ERR_LIMIT, "%s: table '%s': %lld does not fit the INT column '%s'",
                             store->name, store->table.name, (long long)row[i].integer,
                             store->table.columns[i].name);
    }
    const struct rmv_error *err = store->operations->add_row(store->backend, &store->table, row);
    if (err)
        return named(store, rmv_error_context(err, "table '%s'", store->table.name));
    return NULL;
}

static const struct rmv_error *write_stamp(struct rmv_feature_store *store, const char *version,
                                           const char *stamp)
{
    static const char sql[] = "INSERT INTO feature_versions (version, stamp) VALUES ($1, $2) "
                              "ON CONFLICT (version) DO UPDATE SET stamp = excluded.stamp";
    const struct rmv_feature_value parameters[] = {
        {.type = RMV_FEATURE_TEXT, .text = version},
        {.type = RMV_FEATURE_TEXT, .text = stamp},
    };
    const struct backend_statement statement = {
        .sql = sql, .parameters = parameters, .parameters_count = 2};
    bool ignored = false;
    const struct rmv_error *err = store->operations->run(store->backend, VERSIONS_SQL);
    if (!err)
        err = store->operations->query(store->backend, &statement, note_row, &ignored);
    return err;
}

const struct rmv_error *rmv_feature_store_commit(struct rmv_feature_store *store,
                                                 const char *version, const char *stamp)
{
    assert(store->in_transaction);
    const struct rmv_error *err = end_table(store);
    if (!err)
        err = write_stamp(store, version, stamp);
    if (!err)
        err = store->operations->run(store->backend, "COMMIT");
    if (err)
        return named(store, err);
    store->in_transaction = false;
    return NULL;
}

const struct rmv_error *rmv_feature_store_abort(struct rmv_feature_store *store,
                                                const struct rmv_error *cause)
{
    if (!store->in_transaction)
        return cause;
    /* Undoing may fail in turn, on a lost connection, say: the rows are gone then all the same, and
     * the cause is what the user needs to see. */
    struct rmv_error *kept = cause ? rmv_error_take(cause) : NULL;
    const struct rmv_error *ignored[] = {end_table(store),
                                         store->operations->run(store->backend, "ROLLBACK")};
    (void)ignored;
    store->in_transaction = false;
    return rmv_error_raise(&kept);
}
