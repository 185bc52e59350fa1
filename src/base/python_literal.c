#include "base/python_literal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/python.h"

bool rmv_python_is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool skip_break(struct rmv_cursor *cursor)
{
    return rmv_cursor_skip(cursor, "\n") || rmv_cursor_skip(cursor, "\r\n") ||
           rmv_cursor_skip(cursor, "\r");
}

static void skip_comment(struct rmv_cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at != '\n' && *cursor->at != '\r')
        cursor->at++;
}

void rmv_python_skip_blanks(struct rmv_cursor *cursor, bool in_brackets)
{
    for (;;) {
        const char c = rmv_cursor_peek(cursor, 0);
        const char next = rmv_cursor_peek(cursor, 1);
        if (c == ' ' || c == '\t' || c == '\f' || (in_brackets && (c == '\n' || c == '\r'))) {
            cursor->at++;
        } else if (c == '\\' && (next == '\n' || next == '\r')) {
            cursor->at++;
            (void)skip_break(cursor);
        } else if (c == '#' && in_brackets) {
            skip_comment(cursor);
        } else {
            return;
        }
    }
}

bool rmv_python_is_end(const struct rmv_cursor *cursor)
{
    const char c = rmv_cursor_peek(cursor, 0);
    return c == '\0' || c == '\n' || c == '\r' || c == ';' || c == '#';
}

/* ---- Strings -------------------------------------------------------------------------------- */

/* The size of a string's prefix, r, b, u, f and two of them; the quote stands behind it. */
static bool find_string(const struct rmv_cursor *cursor, size_t *prefix_size)
{
    size_t size = 0;
    while (size < 3 && rmv_cursor_peek(cursor, size) &&
           strchr("rRbBuUfFtT", rmv_cursor_peek(cursor, size)))
        size++;
    const char quote = rmv_cursor_peek(cursor, size);
    *prefix_size = size;
    return size < 3 && (quote == '\'' || quote == '"');
}

/* Goes over a string from its first quote on; `*body` and `*body_size` are what is inside. */
static const struct rmv_error *skip_string(struct rmv_cursor *cursor, const char **body,
                                           size_t *body_size)
{
    const char *start = cursor->at;
    const char quote = *start;
    const char long_end[] = {quote, quote, quote, '\0'}, short_end[] = {quote, '\0'};
    const bool is_long = rmv_cursor_is_at(cursor, long_end);
    const char *end = is_long ? long_end : short_end;

    cursor->at += strlen(end);
    *body = cursor->at;
    while (!rmv_cursor_is_at(cursor, end)) {
        const char c = rmv_cursor_peek(cursor, 0);
        if (c == '\0' || (!is_long && (c == '\n' || c == '\r')))
            return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, start,
                                    "the string that starts here never ends");
        cursor->at++;
        if (c == '\\' && cursor->at < cursor->end && !skip_break(cursor))
            cursor->at++;
    }
    *body_size = (size_t)(cursor->at - *body);
    cursor->at += strlen(end);
    return NULL;
}

/* Reads up to `count` digits of the base; `*read` says how many. */
static uint32_t take_point(struct rmv_cursor *cursor, const char *digits, size_t count,
                           size_t *read)
{
    uint32_t point = 0;
    for (*read = 0; *read < count; ++*read, cursor->at++) {
        const char c = (char)tolower((unsigned char)rmv_cursor_peek(cursor, 0));
        const char *digit = c ? strchr(digits, c) : NULL;
        if (!digit)
            break;
        point = point * (uint32_t)strlen(digits) + (uint32_t)(digit - digits);
    }
    return point;
}

/* \101, \x41, \u0041, \U00000041 */
static bool read_code_point(struct rmv_cursor *cursor, struct rmv_buf *out)
{
    const char kind = rmv_cursor_peek(cursor, 0);
    const size_t wanted = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 3;
    size_t read;

    if (wanted != 3)
        cursor->at++;
    const uint32_t point =
        take_point(cursor, wanted == 3 ? "01234567" : "0123456789abcdef", wanted, &read);
    if ((wanted != 3 && read != wanted) || point == 0 || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
        return false;
    rmv_utf8_append(point, out);
    return true;
}

static bool read_escape(struct rmv_cursor *cursor, struct rmv_buf *out)
{
    static const char names[] = "\\'\"abfnrtv";
    static const char meanings[] = "\\'\"\a\b\f\n\r\t\v";

    if (skip_break(cursor))
        return true;
    const char c = rmv_cursor_peek(cursor, 0);
    const char *known = c ? strchr(names, c) : NULL;
    if (known) {
        cursor->at++;
        rmv_buf_append(out, &meanings[known - names], 1);
        return true;
    }
    if (c == 'N')
        return false;
    if (c == 'x' || c == 'u' || c == 'U' || (c >= '0' && c <= '7'))
        return read_code_point(cursor, out);
    rmv_buf_append_string(out, "\\");
    return true;
}

static bool has_prefix(const struct rmv_cursor *cursor, size_t prefix_size, const char *letters)
{
    for (size_t i = 0; i < prefix_size; i++)
        if (strchr(letters, cursor->at[i]))
            return true;
    return false;
}

/* Reads one string; false for bytes and for f-strings. */
static bool read_string(struct rmv_cursor *cursor, struct rmv_buf *out)
{
    size_t prefix_size, size = 0;
    const char *body = cursor->at;

    if (!find_string(cursor, &prefix_size) || has_prefix(cursor, prefix_size, "bBfFtT"))
        return false;
    const bool is_raw = has_prefix(cursor, prefix_size, "rR");
    cursor->at += prefix_size;
    const struct rmv_error *err = skip_string(cursor, &body, &size);
    if (err)
        return false; /* whoever goes over it says so */
    struct rmv_cursor inner = {.at = body, .end = body + size};
    while (inner.at < inner.end) {
        if (skip_break(&inner))
            rmv_buf_append_string(out, "\n");
        else if (is_raw || *inner.at != '\\')
            rmv_buf_append(out, inner.at++, 1);
        else if (inner.at++, !read_escape(&inner, out))
            return false;
    }
    return true;
}

/* Strings that follow each other are one. */
static bool read_strings(struct rmv_cursor *cursor, bool in_brackets, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    size_t prefix_size;

    do {
        if (!read_string(cursor, &text))
            return false;
        rmv_python_skip_blanks(cursor, in_brackets);
    } while (find_string(cursor, &prefix_size));
    rmv_value_set_text(out, rmv_buf_string(&text));
    return true;
}

const struct rmv_error *rmv_python_skip_token(struct rmv_cursor *cursor, unsigned *depth,
                                              const char **bracket)
{
    const char c = rmv_cursor_peek(cursor, 0);
    const char *body;
    size_t size;

    if (find_string(cursor, &size)) {
        cursor->at += size;
        return skip_string(cursor, &body, &size);
    }
    if (rmv_python_is_name(c)) {
        while (rmv_python_is_name(rmv_cursor_peek(cursor, 0)))
            cursor->at++;
        return NULL;
    }
    if (c == '#') {
        skip_comment(cursor);
        return NULL;
    }
    if (c == '\\' || (c && strchr(")]}", c) && *depth == 0))
        return rmv_cursor_error(cursor, RMV_ERR_CORRUPT, cursor->at, "'%c' has no place here", c);
    if (c && strchr("([{", c)) {
        *bracket = cursor->at;
        ++*depth;
    } else if (c && strchr(")]}", c)) {
        --*depth;
    }
    cursor->at++;
    return NULL;
}

/* ---- Numbers -------------------------------------------------------------------------------- */

/* How whole numbers are written, "0x" and so on; the last is the plain one. */
static const struct notation {
    const char *letters, *digits;
    int base;
} notations[] = {{"xX", "0123456789abcdefABCDEF", 16},
                 {"oO", "01234567", 8},
                 {"bB", "01", 2},
                 {"", "0123456789", 10}};

static const struct notation *notation_of(const char *text)
{
    const struct notation *notation = notations;
    while (*notation->letters &&
           (text[0] != '0' || !text[1] || !strchr(notation->letters, text[1])))
        notation++;
    return notation;
}

static bool read_integer(const char *text, bool is_negative, struct rmv_value *out)
{
    const struct notation *notation = notation_of(text);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf number = {0};

    rmv_buf_append_string(&number, is_negative ? "-" : "");
    const char *first = notation->base == 10 ? text : text + 2 + (text[2] == '_');
    const char *rest = rmv_number_take_digits(first, notation->digits, &number);
    const bool has_zero =
        notation->base == 10 && first[0] == '0' && first[strspn(first, "0_")] != '\0';
    if (!rest || *rest || has_zero)
        return false;
    errno = 0;
    const long long integer = strtoll(rmv_buf_string(&number), NULL, notation->base);
    if (errno == ERANGE)
        return false;
    rmv_value_set_int(out, integer);
    return true;
}

static bool read_float(const char *text, bool is_negative, struct rmv_value *out)
{
    static const char digits[] = "0123456789";
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf number = {0};
    const char *rest = text;

    if (!strpbrk(text, ".eE"))
        return false;
    if (isdigit((unsigned char)*rest))
        rest = rmv_number_take_digits(rest, digits, &number);
    else if (*rest != '.' || !isdigit((unsigned char)rest[1]))
        return false;
    if (*rest == '.') {
        rmv_buf_append(&number, rest++, 1);
        if (isdigit((unsigned char)*rest))
            rest = rmv_number_take_digits(rest, digits, &number);
    }
    if (*rest == 'e' || *rest == 'E') {
        rmv_buf_append(&number, rest++, 1);
        if (*rest == '-' || *rest == '+')
            rmv_buf_append(&number, rest++, 1);
        rest = rmv_number_take_digits(rest, digits, &number);
    }
    if (!rest || *rest)
        return false;
    const double value = strtod(rmv_buf_string(&number), NULL);
    rmv_value_set_double(out, is_negative ? -value : value);
    return true;
}

static bool read_number(struct rmv_cursor *cursor, struct rmv_value *out)
{
    const bool is_negative = rmv_cursor_peek(cursor, 0) == '-';
    size_t size = 0;

    if (is_negative || rmv_cursor_peek(cursor, 0) == '+') {
        cursor->at++;
        rmv_python_skip_blanks(cursor, false);
    }
    for (;; size++) {
        const char c = rmv_cursor_peek(cursor, size);
        const char before = size ? rmv_cursor_peek(cursor, size - 1) : '\0';
        const bool is_hex = rmv_cursor_peek(cursor, 1) == 'x' || rmv_cursor_peek(cursor, 1) == 'X';
        const bool is_sign = (c == '-' || c == '+') && (before == 'e' || before == 'E') && !is_hex;
        if (!rmv_python_is_name(c) && c != '.' && !is_sign)
            break;
    }
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy_n(cursor->at, size);
    cursor->at += size;
    return read_integer(text, is_negative, out) || read_float(text, is_negative, out);
}

/* ---- All of them ---------------------------------------------------------------------------- */

static bool read_word(struct rmv_cursor *cursor, struct rmv_value *out)
{
    static const char *const words[] = {"True", "False", "None"};
    for (size_t i = 0; i < 3; i++) {
        const size_t size = strlen(words[i]);
        if (!rmv_cursor_is_at(cursor, words[i]) ||
            rmv_python_is_name(rmv_cursor_peek(cursor, size)))
            continue;
        cursor->at += size;
        if (i < 2)
            rmv_value_set_bool(out, i == 0);
        return true;
    }
    return false;
}

static bool read_value(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out);

/* Reads values with commas between them up to `end`; `*has_comma` says whether there was any. */
static bool read_list(struct rmv_cursor *cursor, const char *end, unsigned depth,
                      struct rmv_value *out, bool *has_comma)
{
    *has_comma = false;
    rmv_value_set_list(out);
    for (;;) {
        rmv_python_skip_blanks(cursor, true);
        if (rmv_cursor_skip(cursor, end))
            return true;
        if (!read_value(cursor, depth + 1, rmv_value_append(out)))
            return false;
        rmv_python_skip_blanks(cursor, true);
        if (rmv_cursor_skip(cursor, ","))
            *has_comma = true;
        else if (!rmv_cursor_is_at(cursor, end))
            return false;
    }
}

/* (1) is 1; (1,) and () are tuples. */
static bool read_tuple(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out)
{
    bool has_comma;
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};

    if (!read_list(cursor, ")", depth, &list, &has_comma))
        return false;
    rmv_value_copy(out, list.list.count == 1 && !has_comma ? &list.list.items[0] : &list);
    return true;
}

/* Keys become text: whole numbers in decimal, all else as it is written. */
static bool read_key(struct rmv_cursor *cursor, unsigned depth, char **key)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    const char *start = cursor->at;

    if (!read_value(cursor, depth, &value) || value.kind == RMV_VALUE_LIST ||
        value.kind == RMV_VALUE_MAP)
        return false;
    if (value.kind == RMV_VALUE_INT)
        *key = rmv_str_format("%lld", (long long)value.integer);
    else if (value.kind == RMV_VALUE_STRING)
        *key = rmv_str_copy(value.text);
    else
        *key = rmv_str_copy_n(start, (size_t)(cursor->at - start));
    return true;
}

static bool read_member(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_str_free) char *key = NULL;
    if (!read_key(cursor, depth + 1, &key))
        return false;
    rmv_python_skip_blanks(cursor, true);
    if (!rmv_cursor_skip(cursor, ":"))
        return false;
    struct rmv_value *value = rmv_value_add(out, key);
    rmv_value_free(value); /* of the same key before */
    rmv_python_skip_blanks(cursor, true);
    return read_value(cursor, depth + 1, value);
}

static bool read_dictionary(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out)
{
    rmv_value_set_map(out);
    for (;;) {
        rmv_python_skip_blanks(cursor, true);
        if (rmv_cursor_skip(cursor, "}"))
            return true;
        if (!read_member(cursor, depth, out))
            return false;
        rmv_python_skip_blanks(cursor, true);
        if (!rmv_cursor_skip(cursor, ",") && !rmv_cursor_is_at(cursor, "}"))
            return false;
    }
}

/* {1, 2} is a set, {1: 2} a dictionary, and so is {}. What comes first is a key or an element, and
 * so no collection: tuples could be, but nobody writes those. */
static bool read_braces(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value first = {0};
    bool has_comma;

    rmv_python_skip_blanks(cursor, true);
    const char *start = cursor->at;
    if (rmv_cursor_is_at(cursor, "}"))
        return read_dictionary(cursor, depth, out);
    if (strchr("([{", rmv_cursor_peek(cursor, 0)) || !read_value(cursor, depth + 1, &first))
        return false;
    rmv_python_skip_blanks(cursor, true);
    const bool is_dictionary = rmv_cursor_is_at(cursor, ":");
    cursor->at = start;
    return is_dictionary ? read_dictionary(cursor, depth, out)
                         : read_list(cursor, "}", depth, out, &has_comma);
}

static bool read_any(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out)
{
    bool has_comma;
    const char c = rmv_cursor_peek(cursor, 0);

    if (c == '\0' || depth > RMV_PYTHON_DEPTH_MAX)
        return false;
    if (rmv_cursor_skip(cursor, "["))
        return read_list(cursor, "]", depth, out, &has_comma);
    if (rmv_cursor_skip(cursor, "("))
        return read_tuple(cursor, depth, out);
    if (rmv_cursor_skip(cursor, "{"))
        return read_braces(cursor, depth, out);
    if (isdigit((unsigned char)c) || strchr("+-.", c))
        return read_number(cursor, out);
    if (rmv_cursor_skip(cursor, "set()")) {
        rmv_value_set_list(out);
        return true;
    }
    return read_word(cursor, out) || read_strings(cursor, depth > 0, out);
}

static bool read_value(struct rmv_cursor *cursor, unsigned depth, struct rmv_value *out)
{
    uint32_t line, column;
    rmv_cursor_place(cursor, &line, &column);
    if (!read_any(cursor, depth, out))
        return false;
    out->line = line;
    out->column = column;
    return true;
}

bool rmv_python_read_literal(struct rmv_cursor *cursor, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value first = {0};

    if (!read_value(cursor, 0, &first))
        return false;
    rmv_python_skip_blanks(cursor, false);
    if (rmv_cursor_is_at(cursor, ",")) {
        rmv_value_set_list(out);
        out->line = first.line;
        out->column = first.column;
        rmv_value_copy(rmv_value_append(out), &first);
    } else {
        rmv_value_copy(out, &first);
    }
    while (rmv_cursor_skip(cursor, ",")) {
        rmv_python_skip_blanks(cursor, false);
        if (rmv_python_is_end(cursor))
            return true;
        if (!read_value(cursor, 0, rmv_value_append(out)))
            return false;
        rmv_python_skip_blanks(cursor, false);
    }
    return rmv_python_is_end(cursor);
}
