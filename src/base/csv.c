#include "rmv/base/csv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define BUFFER_BYTES ((size_t)256 * 1024)
#define SEEK_BYTES ((size_t)8 * 1024) /* read first after a jump, which may be one of many */

struct rmv_csv_reader {
    char *path;
    int fd;
    bool at_end; /* all of the file is in the buffer */

    char
        *buffer; /* with one byte more than its capacity, for a line break that ends all searches */
    size_t capacity;
    size_t start, end; /* what is still to be parsed */
    uint64_t offset;   /* of buffer[0] in the file */
    size_t step;       /* bytes to read at once */
    bool has_moved;    /* the buffer is empty, and the file is to be read from `offset` on */
    uint64_t line;     /* of buffer[start] */

    struct rmv_csv_record record;
    struct rmv_csv_field *fields;
    size_t fields_capacity;
    struct rmv_buf scratch; /* fields that had doubled quotes */

    struct rmv_strings columns;
    struct rmv_buf header;
};

/* Where parsing a record stands. */
struct cursor {
    const char *at;
    const char *limit;    /* behind the last byte; there is a line break at it */
    uint64_t line_breaks; /* inside quotes */
    size_t count;         /* fields so far */
    const char *damage;
};

static const unsigned char is_special[256] = {['\0'] = 1, ['\n'] = 1, [','] = 1, ['"'] = 1};

/* ---- bytes ---- */

/* Moves what is left to the front, makes room and reads more. */
static const struct rmv_error *refill(struct rmv_csv_reader *reader)
{
    const size_t left = reader->end - reader->start;
    if (left > RMV_CSV_RECORD_BYTES_MAX)
        return rmv_error_hint(rmv_error(RMV_ERR_LIMIT, "%s:%llu: a record is longer than %zu bytes",
                                        reader->path, (unsigned long long)reader->line,
                                        RMV_CSV_RECORD_BYTES_MAX),
                              "is a quote opened there that is never closed?");
    if (reader->start > 0)
        memmove(reader->buffer, reader->buffer + reader->start, left);
    reader->offset += reader->start;
    reader->start = 0;
    reader->end = left;
    if (reader->capacity - left < BUFFER_BYTES / 2) {
        reader->capacity = reader->capacity ? 2 * reader->capacity : BUFFER_BYTES;
        reader->buffer = rmv_realloc(reader->buffer, reader->capacity + 1);
    }

    if (reader->has_moved && lseek(reader->fd, (off_t)reader->offset, SEEK_SET) < 0)
        return rmv_error_errno("cannot go back in '%s'", reader->path);
    reader->has_moved = false;
    const size_t room = reader->capacity - left;
    const size_t wanted = reader->step < room ? reader->step : room;
    ssize_t n;
    do
        n = read(reader->fd, reader->buffer + left, wanted);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return rmv_error_errno("cannot read '%s'", reader->path);
    reader->at_end = n == 0;
    reader->end += (size_t)n;
    reader->buffer[reader->end] = '\n';
    reader->step = reader->step < SIZE_MAX / 4 ? 4 * reader->step : SIZE_MAX;
    return NULL;
}

void rmv_csv_seek(struct rmv_csv_reader *reader, uint64_t offset, uint64_t line)
{
    if (offset >= reader->offset && offset <= reader->offset + reader->end) {
        reader->start = (size_t)(offset - reader->offset);
    } else {
        reader->offset = offset;
        reader->start = reader->end = 0;
        reader->at_end = false;
        reader->step = SEEK_BYTES;
        reader->has_moved = true;
    }
    reader->line = line;
}

/* ---- fields ---- */

static void add_field(struct rmv_csv_reader *reader, struct cursor *cursor, const char *text,
                      size_t size)
{
    if (cursor->count >= reader->fields_capacity)
        reader->fields = rmv_grow(reader->fields, cursor->count, &reader->fields_capacity,
                                  sizeof(*reader->fields));
    reader->fields[cursor->count++] = (struct rmv_csv_field){text, size};
}

/* A field without quotes, up to a comma or the end of the line. */
static void parse_bare(struct rmv_csv_reader *reader, struct cursor *cursor)
{
    const char *text = cursor->at;
    const char *at = text;
    for (;; at++) {
        while (!is_special[(unsigned char)*at])
            at++;
        if (*at == ',' || *at == '\n')
            break;
        cursor->damage =
            *at == '"' ? "a quote inside a field that has none around it" : "a NUL byte";
    }
    size_t size = (size_t)(at - text);
    if (*at == '\n' && size > 0 && at[-1] == '\r')
        size--;
    add_field(reader, cursor, text, size);
    cursor->at = at;
}

/* Copies the rest of a quoted field with its doubled quotes halved: `text` starts it, `at` is the
 * second of the first pair. Sets the cursor behind the closing quote; false if there is none. */
static bool parse_doubled(struct rmv_csv_reader *reader, struct cursor *cursor, const char *text,
                          const char *at)
{
    /* Room for all that could follow in this record, so that fields before this one stay. */
    if (reader->scratch.size == 0)
        rmv_buf_reserve(&reader->scratch, (size_t)(cursor->limit - text));
    const size_t before = reader->scratch.size;
    for (;;) {
        rmv_buf_append(&reader->scratch, text, (size_t)(at - text));
        text = at + 1;
        const char *quote = memchr(text, '"', (size_t)(cursor->limit - text));
        if (!quote)
            return false;
        at = quote + 1;
        if (*at != '"') {
            rmv_buf_append(&reader->scratch, text, (size_t)(quote - text));
            add_field(reader, cursor, reader->scratch.data + before, reader->scratch.size - before);
            cursor->at = at;
            return true;
        }
    }
}

/* Finds what happens inside quotes that matters outside. */
static void look_inside(struct cursor *cursor, const char *text)
{
    const size_t size = (size_t)(cursor->at - text);
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(cursor->at - at))); at++)
        cursor->line_breaks++;
    if (memchr(text, '\0', size))
        cursor->damage = "a NUL byte";
}

/* A field in quotes; false if the closing one is not in the buffer. */
static bool parse_quoted(struct rmv_csv_reader *reader, struct cursor *cursor)
{
    const char *text = cursor->at + 1;
    const char *quote = memchr(text, '"', (size_t)(cursor->limit - text));
    if (!quote)
        return false;
    /* A quote at the very end of the buffer may be the first of a pair. */
    if (quote[1] == '"' && quote + 1 < cursor->limit) {
        if (!parse_doubled(reader, cursor, text, quote + 1))
            return false;
    } else {
        add_field(reader, cursor, text, (size_t)(quote - text));
        cursor->at = quote + 1;
    }
    look_inside(cursor, text);

    if (*cursor->at == '\r' && cursor->at[1] == '\n')
        cursor->at++;
    while (*cursor->at != ',' && *cursor->at != '\n') {
        cursor->damage = "text behind a closing quote";
        cursor->at++;
    }
    return true;
}

/* ---- records ---- */

/* Parses what starts at buffer[start]; false if its end is not in the buffer yet. */
static bool parse_record(struct rmv_csv_reader *reader, struct cursor *cursor)
{
    reader->scratch.size = 0;
    *cursor = (struct cursor){.at = reader->buffer + reader->start,
                              .limit = reader->buffer + reader->end};
    for (;; cursor->at++) {
        if (*cursor->at != '"' || cursor->at == cursor->limit)
            parse_bare(reader, cursor);
        else if (!parse_quoted(reader, cursor))
            return false;
        if (*cursor->at == '\n')
            return cursor->at < cursor->limit || reader->at_end;
    }
}

static bool is_blank(const struct rmv_csv_reader *reader, const struct cursor *cursor)
{
    return cursor->count == 1 && reader->fields[0].size == 0 &&
           reader->buffer[reader->start] != '"';
}

static void take_record(struct rmv_csv_reader *reader, struct cursor *cursor)
{
    const char *begin = reader->buffer + reader->start;
    const char *behind = cursor->at < cursor->limit ? cursor->at + 1 : cursor->limit;
    const size_t columns = reader->columns.count;
    const size_t count = cursor->count;
    while (cursor->count < columns)
        add_field(reader, cursor, "", 0);
    if (!cursor->damage && columns > 0 && count != columns)
        cursor->damage = count < columns ? "too few fields" : "too many fields";

    reader->record = (struct rmv_csv_record){
        .fields = reader->fields,
        .count = count,
        .line = reader->line,
        .offset = reader->offset + reader->start,
        .raw = begin,
        .raw_size = (size_t)(behind - begin),
        .damage = cursor->damage,
    };
    reader->start = (size_t)(behind - reader->buffer);
    reader->line += 1 + cursor->line_breaks;
}

/* The end of the file inside quotes: everything from the opening one on is one damaged record. */
static void take_unclosed(struct rmv_csv_reader *reader, struct cursor *cursor)
{
    cursor->at = cursor->limit;
    cursor->damage = "a quote that is never closed";
    take_record(reader, cursor);
}

/* Takes the next record if it is in the buffer, its end and all. */
static bool take_next(struct rmv_csv_reader *reader)
{
    struct cursor cursor;
    while (reader->start < reader->end) {
        const bool is_whole = parse_record(reader, &cursor);
        if (!is_whole && !reader->at_end)
            return false;
        const bool blank = is_whole && is_blank(reader, &cursor);
        if (is_whole)
            take_record(reader, &cursor);
        else
            take_unclosed(reader, &cursor);
        if (!blank)
            return true;
    }
    return false;
}

const struct rmv_error *rmv_csv_next(struct rmv_csv_reader *reader,
                                     const struct rmv_csv_record **record)
{
    while (!take_next(reader)) {
        if (reader->start == reader->end && reader->at_end) {
            *record = NULL;
            return NULL;
        }
        const struct rmv_error *err = refill(reader);
        if (err)
            return err;
    }
    *record = &reader->record;
    return NULL;
}

const struct rmv_error *rmv_csv_error(const struct rmv_csv_reader *reader,
                                      const struct rmv_csv_record *record, const char *format, ...)
{
    char message[500];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return rmv_error(RMV_ERR_CORRUPT, "%s:%llu: %s", reader->path, (unsigned long long)record->line,
                     message);
}

const struct rmv_error *rmv_csv_check(const struct rmv_csv_reader *reader,
                                      const struct rmv_csv_record *record)
{
    if (!record->damage)
        return NULL;
    if (record->count != reader->columns.count)
        return rmv_csv_error(reader, record, "the record has %zu fields, the header %zu",
                             record->count, reader->columns.count);
    return rmv_csv_error(reader, record, "the record holds %s", record->damage);
}

/* ---- the header ---- */

static const struct rmv_error *skip_mark(struct rmv_csv_reader *reader)
{
    const struct rmv_error *err = NULL;
    while (!err && !reader->at_end && reader->end < 3)
        err = refill(reader);
    if (err)
        return err;
    if (reader->end >= 2 &&
        (memcmp(reader->buffer, "\xff\xfe", 2) == 0 || memcmp(reader->buffer, "\xfe\xff", 2) == 0))
        return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT, "'%s' is UTF-16", reader->path),
                              "save it as UTF-8");
    if (reader->end >= 3 && memcmp(reader->buffer, "\xef\xbb\xbf", 3) == 0)
        reader->start = 3;
    return NULL;
}

static void add_name(struct rmv_csv_reader *reader, struct rmv_csv_field field)
{
    while (field.size > 0 && (field.text[0] == ' ' || field.text[0] == '\t')) {
        field.text++;
        field.size--;
    }
    while (field.size > 0 &&
           (field.text[field.size - 1] == ' ' || field.text[field.size - 1] == '\t'))
        field.size--;
    rmv_strings_take(&reader->columns, rmv_str_copy_n(field.text, field.size));
}

static const struct rmv_error *read_header(struct rmv_csv_reader *reader)
{
    const struct rmv_csv_record *header;
    const struct rmv_error *err = skip_mark(reader);
    if (!err)
        err = rmv_csv_next(reader, &header);
    if (err)
        return err;
    if (!header)
        return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT, "'%s' is empty", reader->path),
                              "a CSV file starts with a line that names its columns");
    if (header->damage)
        return rmv_csv_error(reader, header, "the header holds %s", header->damage);
    if (header->count > RMV_CSV_COLUMNS_MAX)
        return rmv_csv_error(reader, header, "there are %zu columns; %d is the limit",
                             header->count, RMV_CSV_COLUMNS_MAX);

    RMV_CLEANUP(rmv_strings_free) struct rmv_strings sorted = {0};
    for (size_t i = 0; i < header->count; i++) {
        add_name(reader, header->fields[i]);
        if (*reader->columns.items[i] == '\0')
            return rmv_csv_error(reader, header, "column %zu has no name", i + 1);
        rmv_strings_add(&sorted, reader->columns.items[i]);
    }
    rmv_strings_sort(&sorted);
    for (size_t i = 1; i < sorted.count; i++)
        if (strcmp(sorted.items[i - 1], sorted.items[i]) == 0)
            return rmv_csv_error(reader, header, "two columns are called '%s'", sorted.items[i]);
    rmv_buf_append(&reader->header, header->raw, header->raw_size);
    return NULL;
}

const struct rmv_error *rmv_csv_open(const char *path, struct rmv_csv_reader **reader)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rmv_error_errno("cannot open '%s'", path);
    return rmv_csv_open_fd(&fd, path, reader);
}

const struct rmv_error *rmv_csv_open_fd(int *fd, const char *name, struct rmv_csv_reader **reader)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *opened = rmv_calloc(1, sizeof(*opened));
    opened->path = rmv_str_copy(name);
    opened->line = 1;
    opened->step = BUFFER_BYTES;
    opened->fd = *fd;
    *fd = -1;
    (void)posix_fadvise(opened->fd, 0, 0, POSIX_FADV_SEQUENTIAL);

    const struct rmv_error *err = read_header(opened);
    if (err)
        return err;
    *reader = opened;
    opened = NULL;
    return NULL;
}

void rmv_csv_close(struct rmv_csv_reader **reader)
{
    struct rmv_csv_reader *closed = *reader;
    if (!closed)
        return;
    rmv_fd_close(&closed->fd);
    rmv_str_free(&closed->path);
    rmv_strings_free(&closed->columns);
    rmv_buf_free(&closed->header);
    rmv_buf_free(&closed->scratch);
    free(closed->buffer);
    free(closed->fields);
    free(closed);
    *reader = NULL;
}

const struct rmv_strings *rmv_csv_columns(const struct rmv_csv_reader *reader)
{
    return &reader->columns;
}

const struct rmv_buf *rmv_csv_header(const struct rmv_csv_reader *reader)
{
    return &reader->header;
}

bool rmv_csv_find(const struct rmv_csv_reader *reader, const char *name, size_t *index)
{
    for (size_t i = 0; i < reader->columns.count; i++) {
        if (strcmp(reader->columns.items[i], name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static void append_names(struct rmv_buf *out, const char *name)
{
    rmv_buf_append_format(out, "%s%s", out->size ? ", " : "", name);
}

const struct rmv_error *rmv_csv_require(const struct rmv_csv_reader *reader,
                                        const char *const *names, size_t count, size_t *indexes)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf missing = {0};
    for (size_t i = 0; i < count; i++)
        if (!rmv_csv_find(reader, names[i], &indexes[i]))
            append_names(&missing, names[i]);
    if (missing.size == 0)
        return NULL;

    RMV_CLEANUP(rmv_buf_free) struct rmv_buf there = {0};
    for (size_t i = 0; i < reader->columns.count && there.size < 400; i++)
        append_names(&there, reader->columns.items[i]);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CORRUPT, "%s:1: no column %s", reader->path, rmv_buf_string(&missing)),
        "the header names %s", rmv_buf_string(&there));
}
