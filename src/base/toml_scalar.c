#include "base/toml_scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "rmv/base/mem.h"

/* ---- Between values ------------------------------------------------------------------------- */

void rmv_toml_skip_blanks(struct rmv_cursor *cursor)
{
    while (rmv_cursor_peek(cursor, 0) == ' ' || rmv_cursor_peek(cursor, 0) == '\t')
        cursor->at++;
}

bool rmv_toml_skip_break(struct rmv_cursor *cursor)
{
    return rmv_cursor_skip(cursor, "\n") || rmv_cursor_skip(cursor, "\r\n");
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static bool is_break(const struct rmv_cursor *cursor)
{
    return rmv_cursor_is_at(cursor, "\n") || rmv_cursor_is_at(cursor, "\r\n");
}

static const struct rmv_error *control_character(const struct rmv_cursor *cursor)
{
    return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, cursor->at,
                            "a control character (0x%02x) stands here",
                            (unsigned)(unsigned char)*cursor->at);
}

const struct rmv_error *rmv_toml_skip_comment(struct rmv_cursor *cursor)
{
    rmv_toml_skip_blanks(cursor);
    if (!rmv_cursor_skip(cursor, "#"))
        return NULL;
    while (cursor->at < cursor->end && !is_break(cursor)) {
        if (is_control(*cursor->at))
            return control_character(cursor);
        cursor->at++;
    }
    return NULL;
}

/* ---- Strings -------------------------------------------------------------------------------- */

/* -1 if it is none. */
static int hex_digit_of(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)((at - digits) % 16) : -1;
}

static const struct rmv_error *read_code_point(struct rmv_cursor *cursor, size_t digits_count,
                                               struct rmv_buf *out)
{
    const char *start = cursor->at - 2;
    uint32_t point = 0;
    for (size_t i = 0; i < digits_count; i++, cursor->at++) {
        const int digit = hex_digit_of(rmv_cursor_peek(cursor, 0));
        if (digit < 0)
            return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, start,
                                    "'\\%c' needs %zu hexadecimal digits", start[1], digits_count);
        point = point << 4 | (uint32_t)digit;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, start, "U+%04X is no character",
                                (unsigned)point);
    if (point == 0)
        return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, start,
                                "a string must not contain a NUL character");
    rmv_utf8_append(point, out);
    return NULL;
}

/* A backslash at the end of a line of a long string: all blanks and line breaks behind it go. */
static bool skip_folded(struct rmv_cursor *cursor)
{
    struct rmv_cursor ahead = *cursor;
    rmv_toml_skip_blanks(&ahead);
    if (!rmv_toml_skip_break(&ahead))
        return false;
    do
        rmv_toml_skip_blanks(&ahead);
    while (rmv_toml_skip_break(&ahead));
    cursor->at = ahead.at;
    return true;
}

static const struct rmv_error *read_escape(struct rmv_cursor *cursor, bool is_long,
                                           struct rmv_buf *out)
{
    static const char names[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";

    if (is_long && skip_folded(cursor))
        return NULL;
    const char c = rmv_cursor_peek(cursor, 0);
    const char *known = c ? strchr(names, c) : NULL;
    if (!known && c != 'u' && c != 'U')
        return rmv_error_hint(rmv_cursor_error(cursor, RMV_ERR_CORRUPT, cursor->at - 1,
                                               "there is no such escape in TOML"),
                              "write \\\\ for a backslash, or put the string in '…'");
    cursor->at++;
    if (!known)
        return read_code_point(cursor, c == 'u' ? 4 : 8, out);
    rmv_buf_append(out, &meanings[known - names], 1);
    return NULL;
}

/* Up to two quotes may stand right before the three that end a long string. */
static bool ends_long(struct rmv_cursor *cursor, const char *quotes, struct rmv_buf *out)
{
    if (!rmv_cursor_skip(cursor, quotes))
        return false;
    for (int i = 0; i < 2 && rmv_cursor_peek(cursor, 0) == quotes[0]; i++, cursor->at++)
        rmv_buf_append(out, quotes, 1);
    return true;
}

static const struct rmv_error *unfinished(const struct rmv_cursor *cursor, const char *start)
{
    return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, start,
                            "the string that starts here never ends");
}

static const struct rmv_error *read_long(struct rmv_cursor *cursor, const char *quotes,
                                         struct rmv_buf *out)
{
    const char *start = cursor->at;
    cursor->at += 3;
    (void)rmv_toml_skip_break(cursor);
    while (!ends_long(cursor, quotes, out)) {
        const struct rmv_error *err = NULL;
        if (cursor->at == cursor->end)
            return unfinished(cursor, start);
        if (rmv_toml_skip_break(cursor))
            rmv_buf_append_string(out, "\n");
        else if (is_control(*cursor->at))
            return control_character(cursor);
        else if (quotes[0] == '"' && rmv_cursor_skip(cursor, "\\"))
            err = read_escape(cursor, true, out);
        else
            rmv_buf_append(out, cursor->at++, 1);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *read_short(struct rmv_cursor *cursor, char quote,
                                          struct rmv_buf *out)
{
    const char *start = cursor->at++;
    while (rmv_cursor_peek(cursor, 0) != quote) {
        const struct rmv_error *err = NULL;
        if (cursor->at == cursor->end || is_break(cursor))
            return unfinished(cursor, start);
        if (is_control(*cursor->at))
            return control_character(cursor);
        if (quote == '"' && rmv_cursor_skip(cursor, "\\"))
            err = read_escape(cursor, false, out);
        else
            rmv_buf_append(out, cursor->at++, 1);
        if (err)
            return err;
    }
    cursor->at++;
    return NULL;
}

const struct rmv_error *rmv_toml_read_string(struct rmv_cursor *cursor, bool or_lines,
                                             struct rmv_buf *out)
{
    const char *quotes = rmv_cursor_peek(cursor, 0) == '"' ? "\"\"\"" : "'''";
    if (or_lines && rmv_cursor_is_at(cursor, quotes))
        return read_long(cursor, quotes, out);
    return read_short(cursor, quotes[0], out);
}

/* ---- Numbers -------------------------------------------------------------------------------- */

/* How a whole number is written: base 10 may have a sign, but no zeros in front. */
static int base_of(const char *text, const char **digits)
{
    static const char *const sets[] = {"0123456789abcdefABCDEF", "01234567", "01"};
    static const char *const prefixes[] = {"0x", "0o", "0b"};
    static const int bases[] = {16, 8, 2};
    for (int i = 0; i < 3; i++)
        if (strncmp(text, prefixes[i], 2) == 0) {
            *digits = sets[i];
            return bases[i];
        }
    *digits = "0123456789";
    return 10;
}

enum reading { READ_NONE, READ_WELL, READ_TOO_BIG };

static enum reading read_integer(const char *text, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf number = {0};
    const char *digits;
    const int base = base_of(text, &digits);
    const bool has_sign = base == 10 && (*text == '-' || *text == '+');

    if (has_sign)
        rmv_buf_append(&number, text, 1);
    const char *first = text + (base == 10 ? has_sign : 2);
    const char *rest = rmv_number_take_digits(first, digits, &number);
    if (!rest || *rest || (base == 10 && first[0] == '0' && first[1]))
        return READ_NONE;
    errno = 0;
    const long long integer = strtoll(rmv_buf_string(&number), NULL, base);
    if (errno == ERANGE)
        return READ_TOO_BIG;
    rmv_value_set_int(out, integer);
    return READ_WELL;
}

static bool read_word(const char *text, struct rmv_value *out)
{
    const bool has_sign = *text == '-' || *text == '+';
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        rmv_value_set_bool(out, *text == 't');
    else if (strcmp(text + has_sign, "inf") == 0)
        rmv_value_set_double(out, *text == '-' ? -INFINITY : INFINITY);
    else if (strcmp(text + has_sign, "nan") == 0)
        rmv_value_set_double(out, NAN);
    else
        return false;
    return true;
}

/* [-+]? ( 0 | [1-9] digits ) ( . digits )? ( [eE] [-+]? digits )?, at least one of the latter two
 */
static enum reading read_float(const char *text, struct rmv_value *out)
{
    static const char digits[] = "0123456789";
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf number = {0};

    if (*text == '-' || *text == '+')
        rmv_buf_append(&number, text++, 1);
    if (text[0] == '0' && (!text[1] || !strchr(".eE", text[1])))
        return READ_NONE;
    const char *rest = rmv_number_take_digits(text, digits, &number);
    if (rest && *rest == '.') {
        rmv_buf_append_string(&number, ".");
        rest = rmv_number_take_digits(rest + 1, digits, &number);
    }
    if (rest && (*rest == 'e' || *rest == 'E')) {
        rmv_buf_append(&number, rest++, 1);
        if (*rest == '-' || *rest == '+')
            rmv_buf_append(&number, rest++, 1);
        rest = rmv_number_take_digits(rest, digits, &number);
    }
    if (!rest || *rest)
        return READ_NONE;
    rmv_value_set_double(out, strtod(rmv_buf_string(&number), NULL));
    return READ_WELL;
}

/* ---- Dates ---------------------------------------------------------------------------------- */

/* Takes exactly `count` digits off `*text` that make a number from `low` to `high`. */
static bool take_number(const char **text, int count, int low, int high, int *number)
{
    *number = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*text)[i]))
            return false;
        *number = *number * 10 + ((*text)[i] - '0');
    }
    *text += count;
    return *number >= low && *number <= high;
}

static bool take_char(const char **text, const char *any)
{
    if (!**text || !strchr(any, **text))
        return false;
    ++*text;
    return true;
}

static bool take_date(const char **text)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_number(text, 4, 0, 9999, &year) || !take_char(text, "-") ||
        !take_number(text, 2, 1, 12, &month) || !take_char(text, "-") ||
        !take_number(text, 2, 1, lengths[month - 1], &day))
        return false;
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month != 2 || day != 29 || is_leap;
}

static bool take_time(const char **text)
{
    int number;
    if (!take_number(text, 2, 0, 23, &number) || !take_char(text, ":") ||
        !take_number(text, 2, 0, 59, &number) || !take_char(text, ":") ||
        !take_number(text, 2, 0, 60, &number))
        return false;
    if (!take_char(text, "."))
        return true;
    const size_t size = strspn(*text, "0123456789");
    *text += size;
    return size > 0;
}

static bool take_offset(const char **text)
{
    int number;
    if (take_char(text, "Zz"))
        return true;
    return take_char(text, "+-") && take_number(text, 2, 0, 23, &number) && take_char(text, ":") &&
           take_number(text, 2, 0, 59, &number);
}

static bool is_date_or_time(const char *text)
{
    const char *rest = text;
    if (take_time(&rest))
        return !*rest;
    rest = text;
    if (!take_date(&rest))
        return false;
    if (!*rest)
        return true;
    return take_char(&rest, "Tt ") && take_time(&rest) &&
           (!*rest || (take_offset(&rest) && !*rest));
}

static void set_time(char *text, struct rmv_value *out)
{
    for (char *c = text; *c; c++)
        if (*c == ' ' || *c == 't')
            *c = 'T';
        else if (*c == 'z')
            *c = 'Z';
    rmv_value_set_text(out, text);
}

/* ---- All of them ---------------------------------------------------------------------------- */

/* Where the scalar that starts here ends; the blank between a date and a time belongs to it. */
static size_t size_of_scalar(const struct rmv_cursor *cursor)
{
    size_t size = 0;
    for (;; size++) {
        const char c = rmv_cursor_peek(cursor, size);
        if (isalnum((unsigned char)c) || (c && strchr("+-_.:", c)))
            continue;
        const bool is_in_date = c == ' ' && size == 10 && cursor->at[4] == '-' &&
                                isdigit((unsigned char)rmv_cursor_peek(cursor, 11));
        if (!is_in_date)
            return size;
    }
}

const struct rmv_error *rmv_toml_read_scalar(struct rmv_cursor *cursor, struct rmv_value *out)
{
    const size_t size = size_of_scalar(cursor);
    if (size == 0)
        return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, cursor->at, "a value is missing here");
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy_n(cursor->at, size);

    if (is_date_or_time(text)) {
        set_time(text, out);
    } else if (!read_word(text, out)) {
        enum reading reading = read_integer(text, out);
        if (reading == READ_NONE)
            reading = read_float(text, out);
        if (reading == READ_TOO_BIG)
            return rmv_cursor_error(cursor, RMV_ERR_LIMIT, cursor->at,
                                    "the number %.100s does not fit 64 bits", text);
        if (reading == READ_NONE)
            return rmv_error_hint(rmv_cursor_error(cursor, RMV_ERR_CORRUPT, cursor->at,
                                                   "'%.100s' is no value of TOML", text),
                                  "a string needs quotes");
    }
    cursor->at += size;
    return NULL;
}
