/* CSV files (RFC 4180): reading them record by record, and formatting fields.
 *
 * The reader holds one buffer whatever the size of the file, and accepts what is met in practice:
 * LF or CRLF, a UTF-8 byte order mark, quoted fields with commas, doubled quotes and line breaks,
 * columns in any order (look them up by name), no line break at the end, blank lines. A record that
 * breaks the rules is handed out with the reason in `damage`, so that the caller chooses between
 * refusing the file and putting one record aside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/strings.h"

#define RMV_CSV_RECORD_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define RMV_CSV_COLUMNS_MAX 10000

struct rmv_csv_reader;

/* A field without its quotes; not NUL-terminated, and without NUL inside. */
struct rmv_csv_field {
    const char *text;
    size_t size;
};

struct rmv_csv_record {
    const struct rmv_csv_field *fields; /* as many as there are columns; missing ones are empty */
    size_t count;    /* how many the record really has, which may be more or fewer */
    uint64_t line;   /* where it starts in the file, from 1 */
    uint64_t offset; /* the same in bytes, from 0 */
    const char *raw; /* its bytes in the file, line break included */
    size_t raw_size;
    const char *damage; /* what is wrong with it, or NULL */
};

/* Opens a file and reads its header line; the caller closes the reader. Errors: NOT_FOUND, IO,
 * CORRUPT (no header, a column without a name or named twice, UTF-16). */
RMV_MUST_CHECK
const struct rmv_error *rmv_csv_open(const char *path, struct rmv_csv_reader **reader);

/* The same for an open file, from where it stands, which is offset 0; takes it over. `name` is for
 * messages. */
RMV_MUST_CHECK
const struct rmv_error *rmv_csv_open_fd(int *fd, const char *name, struct rmv_csv_reader **reader);
void rmv_csv_close(struct rmv_csv_reader **reader);

/* The names of the columns, and the raw bytes of the header line, as long as the reader is open. */
const struct rmv_strings *rmv_csv_columns(const struct rmv_csv_reader *reader);
const struct rmv_buf *rmv_csv_header(const struct rmv_csv_reader *reader);

/* Finds the columns with the `count` names and sets `indexes`. Errors: CORRUPT; the message names
 * the file, all columns that are missing, and those there are. */
RMV_MUST_CHECK
const struct rmv_error *rmv_csv_require(const struct rmv_csv_reader *reader,
                                        const char *const *names, size_t count, size_t *indexes);

/* Sets `*index` to the column's place, and says whether there is such a column. */
bool rmv_csv_find(const struct rmv_csv_reader *reader, const char *name, size_t *index);

/* Sets `*record` to the next record, or to NULL at the end of the file. It lives until the next
 * call. Errors: IO, LIMIT (a record, or a quote that is never closed, longer than
 * RMV_CSV_RECORD_BYTES_MAX). */
RMV_MUST_CHECK
const struct rmv_error *rmv_csv_next(struct rmv_csv_reader *reader,
                                     const struct rmv_csv_record **record);

/* Goes to a record that was read before, by its offset and line: it is the next one. The file has
 * to be one that can be read again, from its start. */
void rmv_csv_seek(struct rmv_csv_reader *reader, uint64_t offset, uint64_t line);

/* An error about a record: "FILE:LINE: message". Always CORRUPT. */
const struct rmv_error *rmv_csv_error(const struct rmv_csv_reader *reader,
                                      const struct rmv_csv_record *record, const char *format, ...)
    RMV_PRINTF(3, 4);

/* The same for a record with `damage`: NULL if there is none. */
RMV_MUST_CHECK
const struct rmv_error *rmv_csv_check(const struct rmv_csv_reader *reader,
                                      const struct rmv_csv_record *record);

/* Is it empty, or one of the words that stand for nothing: NA, N/A, NaN, null, None (any case)? */
bool rmv_csv_is_missing(struct rmv_csv_field field);

/* Parses a whole field as a number; false if it is none (or not finite, or too large). */
bool rmv_csv_parse_integer(struct rmv_csv_field field, int64_t *integer);
bool rmv_csv_parse_double(struct rmv_csv_field field, double *number);

/* Appends a field, quoted where it holds a comma, a quote or a line break. */
void rmv_csv_append(struct rmv_buf *out, const char *text, size_t size);

/* Appends a number in the fewest digits that read back the same, laid out as Python and pandas do:
 * "109.95", "1.0", "1e-05"; nothing for NaN. */
void rmv_csv_append_double(struct rmv_buf *out, double number);
