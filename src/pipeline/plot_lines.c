#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/plot_table.h"
#include "rmv/base/csv.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* CSV and TSV, read through one buffer. What is met in practice is taken as it comes: quotes in the
 * middle of fields, rows that are too short or too long, NUL characters. */

#define BUFFER_SIZE ((size_t)256 * 1024)
#define FIELD_SIZE_MAX ((size_t)1024 * 1024)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
    const struct rmv_plot_table *table;
    char *buffer; /* BUFFER_SIZE */
    size_t at, end;
    bool is_over; /* all of the file is in the buffer */
    char delimiter;
    size_t line; /* where the record starts, from 1 */
    const struct rmv_error *err;
    /* Of the field that was read last. */
    bool ends_record, was_quoted;
    size_t size; /* whether it was kept or not */
};

static void reader_free(struct reader *reader)
{
    rmv_free(&reader->buffer);
}

/* Reads on once the buffer is used up; false at the end. */
static bool has_more(struct reader *reader)
{
    while (reader->at == reader->end && !reader->is_over && !reader->err) {
        const ssize_t n = read(reader->table->fd, reader->buffer, BUFFER_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            reader->err = rmv_error_errno("cannot read '%s'", reader->table->path);
        reader->is_over = n == 0;
        reader->at = 0;
        reader->end = n > 0 ? (size_t)n : 0;
    }
    return reader->at < reader->end;
}

static void keep(struct reader *reader, const char *bytes, size_t size, struct rmv_buf *field)
{
    reader->size += size;
    if (field)
        rmv_buf_append(field, bytes, size);
    if (reader->size > FIELD_SIZE_MAX && !reader->err)
        reader->err =
            rmv_error_hint(rmv_error(RMV_ERR_LIMIT, "%s:%zu: a value is longer than %zu bytes",
                                     reader->table->path, reader->line, FIELD_SIZE_MAX),
                           "is a quote opened there that is never closed?");
}

/* Bytes up to the next that may mean something. */
static void take_run(struct reader *reader, bool is_quoted, struct rmv_buf *field)
{
    const char *start = reader->buffer + reader->at;
    const size_t left = reader->end - reader->at;
    size_t size = 0;
    while (size < left) {
        const char c = start[size];
        if (c == '\0' || (is_quoted ? c == '"' : c == '\r' || c == '\n' || c == reader->delimiter))
            break;
        size++;
    }
    reader->at += size;
    keep(reader, start, size, field);
}

/* Inside quotes, up to the closing one, which is taken too. */
static void take_quoted(struct reader *reader, struct rmv_buf *field)
{
    while (has_more(reader) && !reader->err) {
        take_run(reader, true, field);
        if (reader->at == reader->end || reader->buffer[reader->at++] == '\0')
            continue;
        if (!has_more(reader) || reader->buffer[reader->at] != '"')
            return;
        reader->at++;
        keep(reader, "\"", 1, field);
    }
}

/* Takes a field without its quotes; `field` is NULL if nobody wants it. */
static void take_field(struct reader *reader, struct rmv_buf *field)
{
    reader->size = 0;
    if (field)
        field->size = 0;
    reader->was_quoted = has_more(reader) && reader->buffer[reader->at] == '"';
    if (reader->was_quoted) {
        reader->at++;
        take_quoted(reader, field);
    }
    while (has_more(reader) && !reader->err) {
        take_run(reader, false, field);
        if (reader->at == reader->end)
            continue;
        const char c = reader->buffer[reader->at++];
        reader->ends_record = c == '\n';
        if (c == '\n' || c == reader->delimiter)
            return;
    }
    reader->ends_record = true;
}

/* Takes a record: the field at index i goes to fields[i], if that is set, and is empty if there is
 * none. Returns how many there are; 0 for a blank line. */
static size_t take_record(struct reader *reader, struct rmv_buf *const *fields, size_t fields_count)
{
    size_t count = 0;
    reader->line++;
    for (size_t i = 0; i < fields_count; i++)
        if (fields[i])
            fields[i]->size = 0;
    do
        take_field(reader, count < fields_count ? fields[count] : NULL);
    while (++count, !reader->ends_record && !reader->err);
    return count == 1 && !reader->size && !reader->was_quoted ? 0 : count;
}

/* ---- Columns -------------------------------------------------------------------------------- */

/* The first record: names, or, without a header, a row that only says how many there are. */
static const struct rmv_error *take_columns(struct reader *reader, struct rmv_strings *columns,
                                            struct rmv_strings *row)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf field = {0};
    const bool no_header = reader->table->no_header;

    reader->line = 1;
    if (!has_more(reader))
        return reader->err ? reader->err
                           : rmv_error(RMV_ERR_NOT_FOUND, "'%s' is empty", reader->table->path);
    do {
        take_field(reader, &field);
        rmv_strings_add(no_header ? row : columns, rmv_buf_string(&field));
        if (no_header)
            rmv_strings_take(columns, rmv_str_format("%zu", columns->count));
    } while (!reader->ends_record && !reader->err && columns->count < RMV_CSV_COLUMNS_MAX);
    if (!reader->ends_record && !reader->err)
        return rmv_error(RMV_ERR_LIMIT, "%s:1: there are more than %d columns", reader->table->path,
                         RMV_CSV_COLUMNS_MAX);
    return reader->err;
}

static struct rmv_plot_cell cell_of(const char *text, size_t size)
{
    struct rmv_plot_cell cell = {.text = text, .size = size};
    const struct rmv_csv_field field = {.text = text, .size = size};
    if (rmv_csv_parse_double(field, &cell.number))
        cell.kind = RMV_PLOT_NUMBER;
    else if (!rmv_csv_is_missing(field))
        cell.kind = RMV_PLOT_TEXT;
    return cell;
}

/* The first record again, as a row. */
static const struct rmv_error *hand_out_first(const struct reader *reader, const size_t *indexes,
                                              const struct rmv_strings *row)
{
    struct rmv_plot_cell cells[RMV_PLOT_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < reader->table->columns_count && indexes[i] < row->count; i++)
        cells[i] = cell_of(row->items[indexes[i]], strlen(row->items[indexes[i]]));
    return reader->table->row(reader->table->context, cells);
}

struct fields {
    struct rmv_buf texts[RMV_PLOT_COLUMNS_MAX];
    struct rmv_buf **wanted; /* per column of the file, up to the last one that counts */
    size_t count;
};

static void fields_free(struct fields *fields)
{
    for (size_t i = 0; i < RMV_PLOT_COLUMNS_MAX; i++)
        rmv_buf_free(&fields->texts[i]);
    rmv_free(&fields->wanted);
}

static const struct rmv_error *read_rows(struct reader *reader, const size_t *indexes)
{
    RMV_CLEANUP(fields_free) struct fields fields = {0};
    const struct rmv_plot_table *table = reader->table;

    for (size_t i = 0; i < table->columns_count; i++)
        fields.count = indexes[i] + 1 > fields.count ? indexes[i] + 1 : fields.count;
    fields.wanted = rmv_calloc(fields.count + 1, sizeof(struct rmv_buf *));
    for (size_t i = 0; i < table->columns_count; i++)
        if (!fields.wanted[indexes[i]]) /* both may be the same column */
            fields.wanted[indexes[i]] = &fields.texts[i];
    while (has_more(reader)) {
        struct rmv_plot_cell cells[RMV_PLOT_COLUMNS_MAX] = {0};
        const size_t count = take_record(reader, fields.wanted, fields.count);
        for (size_t i = 0; i < table->columns_count; i++) {
            struct rmv_buf *text = fields.wanted[indexes[i]];
            cells[i] = cell_of(rmv_buf_string(text), text->size);
        }
        const struct rmv_error *err =
            reader->err || !count ? reader->err : table->row(table->context, cells);
        if (err)
            return err;
    }
    return reader->err;
}

const struct rmv_error *rmv_plot_table_read_lines(const struct rmv_plot_table *table,
                                                  struct rmv_strings *names)
{
    RMV_CLEANUP(reader_free)
    struct reader reader = {.table = table,
                            .buffer = rmv_calloc(BUFFER_SIZE, 1),
                            .delimiter = rmv_path_has_suffix(table->path, ".tsv") ? '\t' : ','};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings columns = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings first = {0};
    size_t indexes[RMV_PLOT_COLUMNS_MAX] = {0};

    if (has_more(&reader) && reader.end >= strlen(BYTE_ORDER_MARK) &&
        memcmp(reader.buffer, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        reader.at = strlen(BYTE_ORDER_MARK);
    const struct rmv_error *err = take_columns(&reader, &columns, &first);
    for (size_t i = 0; !err && i < table->columns_count; i++) {
        err = rmv_plot_table_find(table, i, &columns, &indexes[i]);
        if (!err)
            rmv_strings_add(names, columns.items[indexes[i]]);
    }
    if (!err && table->no_header)
        err = hand_out_first(&reader, indexes, &first);
    return err ? err : read_rows(&reader, indexes);
}
