#include "rmv/base/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "rmv/base/mem.h"

#define NUMBER_SIZE_MAX 63 /* cJSON's own limit */

/* cJSON forgives what RFC 8259 does not (control characters, numbers like 01, text that is not
 * UTF-8), cuts strings at \u0000 and keeps every number as a double. So the text is walked here
 * token by token, once before cJSON to check each token, and once beside cJSON's tree, which has
 * the same order, for the whole numbers and the places of keys. */
struct cursor {
    const char *name, *text;
    size_t size, offset;
    struct rmv_buf *plain; /* the text for cJSON where it has words of Python; NULL: it has none */
};

static const struct rmv_error *fail_at(const struct cursor *cursor, size_t offset,
                                       enum rmv_error_code code, const char *problem)
{
    uint32_t line, column;
    rmv_utf8_place(cursor->text, offset, &line, &column);
    return rmv_error(code, "%s:%u:%u: %s", cursor->name, line, column, problem);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_structure(char c)
{
    return c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',';
}

/* How many digits `text` starts with. */
static size_t count_digits(const char *text, size_t size)
{
    size_t n = 0;
    while (n < size && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* Goes past the string that starts here; an open one ends with the text. */
static void skip_string(struct cursor *cursor)
{
    for (cursor->offset++; cursor->offset < cursor->size; cursor->offset++) {
        const char c = cursor->text[cursor->offset];
        if (c == '"') {
            cursor->offset++;
            return;
        }
        if (c == '\\' && cursor->offset + 1 < cursor->size)
            cursor->offset++;
    }
}

/* Goes past a number, a word or whatever stands there instead. */
static void skip_word(struct cursor *cursor)
{
    const char *c;
    do
        c = &cursor->text[++cursor->offset];
    while (cursor->offset < cursor->size && *c != '"' && !is_blank(*c) && !is_structure(*c));
}

/* Finds the next string, number or word, sets `*start` to it and goes past it; false at the end. */
static bool next_scalar(struct cursor *cursor, size_t *start)
{
    while (cursor->offset < cursor->size &&
           (is_blank(cursor->text[cursor->offset]) || is_structure(cursor->text[cursor->offset])))
        cursor->offset++;
    *start = cursor->offset;
    if (cursor->offset == cursor->size)
        return false;
    if (cursor->text[cursor->offset] == '"')
        skip_string(cursor);
    else
        skip_word(cursor);
    return true;
}

static const struct rmv_error *check_string(const struct cursor *cursor, size_t start)
{
    for (size_t i = start; i < cursor->offset;) {
        uint32_t point;
        const size_t n = rmv_utf8_next(cursor->text + i, cursor->offset - i, &point);
        if (n == 0)
            return fail_at(cursor, i, RMV_ERR_CORRUPT, "bytes that are not UTF-8");
        if (point < 0x20)
            return fail_at(cursor, i, RMV_ERR_CORRUPT,
                           "a control character inside a string, or a quote that is not closed");
        if (point == '\\' && cursor->offset - i >= 6 && !memcmp(cursor->text + i, "\\u0000", 6))
            return fail_at(cursor, i, RMV_ERR_CORRUPT, "a string must not contain a NUL character");
        i += point == '\\' ? 2 : n; /* a character behind a backslash is ASCII, or cJSON objects */
    }
    return NULL;
}

/* -? (0 | [1-9][0-9]*) (\. [0-9]+)? ([eE] [-+]? [0-9]+)? */
static bool is_number(const char *text, size_t size)
{
    size_t i = size > 0 && text[0] == '-';
    const size_t whole = count_digits(text + i, size - i);
    if (whole == 0 || (whole > 1 && text[i] == '0'))
        return false;
    i += whole;
    if (i < size && text[i] == '.') {
        const size_t fraction = count_digits(text + i + 1, size - i - 1);
        if (fraction == 0)
            return false;
        i += 1 + fraction;
    }
    if (i < size && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        i += i < size && (text[i] == '-' || text[i] == '+');
        const size_t exponent = count_digits(text + i, size - i);
        return exponent > 0 && i + exponent == size;
    }
    return i == size;
}

/* Those that Python writes for numbers that are not finite. */
static bool is_word_of_python(const char *text, size_t size)
{
    return (size == 3 && !memcmp(text, "NaN", 3)) || (size == 8 && !memcmp(text, "Infinity", 8)) ||
           (size == 9 && !memcmp(text, "-Infinity", 9));
}

/* cJSON does not know such a word: it sees a 0 there, and blanks. */
static void hide_word(const struct cursor *cursor, size_t start)
{
    if (!cursor->plain->size)
        rmv_buf_append(cursor->plain, cursor->text, cursor->size);
    memset(cursor->plain->data + start, ' ', cursor->offset - start);
    cursor->plain->data[start] = '0';
}

static const struct rmv_error *check_word(const struct cursor *cursor, size_t start)
{
    const char *word = cursor->text + start;
    const size_t size = cursor->offset - start;
    const bool known = (size == 4 && (!memcmp(word, "true", 4) || !memcmp(word, "null", 4))) ||
                       (size == 5 && !memcmp(word, "false", 5));
    if (known)
        return NULL;
    if (is_number(word, size))
        return size <= NUMBER_SIZE_MAX
                   ? NULL
                   : fail_at(cursor, start, RMV_ERR_LIMIT, "a number of more than 63 characters");
    if (cursor->plain && is_word_of_python(word, size)) {
        hide_word(cursor, start);
        return NULL;
    }
    return fail_at(
        cursor, start, RMV_ERR_CORRUPT,
        "expected a string in double quotes, a number, true, false, null, a list or a map");
}

static const struct rmv_error *check_depth(const struct cursor *cursor, size_t from, size_t *depth)
{
    for (size_t i = from; i < cursor->size && cursor->text[i] != '"'; i++) {
        const char c = cursor->text[i];
        if (c == '{' || c == '[')
            ++*depth;
        else if ((c == '}' || c == ']') && *depth > 0)
            --*depth;
        else if (!is_blank(c) && c != ':' && c != ',')
            break;
        if (*depth > RMV_JSON_DEPTH_MAX)
            return fail_at(cursor, i, RMV_ERR_LIMIT, "nested too deep");
    }
    return NULL;
}

static const struct rmv_error *check_tokens(struct cursor cursor)
{
    size_t start, depth = 0;
    const struct rmv_error *err = check_depth(&cursor, cursor.offset, &depth);
    while (!err && next_scalar(&cursor, &start)) {
        err = cursor.text[start] == '"' ? check_string(&cursor, start) : check_word(&cursor, start);
        if (!err)
            err = check_depth(&cursor, cursor.offset, &depth);
    }
    return err;
}

/* The token at `start` as a whole number, or a double where it has a fraction or is too big. */
static void convert_number(const struct cursor *cursor, size_t start, double number,
                           struct rmv_value *out)
{
    const size_t size = cursor->offset - start;
    char digits[24];

    if (is_word_of_python(cursor->text + start, size)) {
        const char first = cursor->text[start];
        rmv_value_set_double(out, first == 'N' ? NAN : first == '-' ? -INFINITY : INFINITY);
        return;
    }

    if (size < sizeof(digits) && !memchr(cursor->text + start, '.', size) &&
        !memchr(cursor->text + start, 'e', size) && !memchr(cursor->text + start, 'E', size)) {
        memcpy(digits, cursor->text + start, size);
        digits[size] = '\0';
        errno = 0;
        const long long integer = strtoll(digits, NULL, 10);
        if (errno == 0) {
            rmv_value_set_int(out, integer);
            return;
        }
    }
    rmv_value_set_double(out, number);
}

static const struct rmv_error *convert(struct cursor *cursor, const cJSON *item,
                                       struct rmv_value *out);

static const struct rmv_error *convert_map(struct cursor *cursor, const cJSON *item,
                                           struct rmv_value *out)
{
    rmv_value_set_map(out);
    for (const cJSON *member = item->child; member; member = member->next) {
        size_t start = 0;
        next_scalar(cursor, &start);
        const size_t count = out->map.count;
        struct rmv_value *value = rmv_value_add(out, member->string);
        if (out->map.count == count) {
            RMV_CLEANUP(rmv_str_free)
            char *problem = rmv_str_format("the key '%s' is there twice", member->string);
            return fail_at(cursor, start, RMV_ERR_CORRUPT, problem);
        }
        const struct rmv_error *err = convert(cursor, member, value);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *convert_list(struct cursor *cursor, const cJSON *item,
                                            struct rmv_value *out)
{
    rmv_value_set_list(out);
    for (const cJSON *child = item->child; child; child = child->next) {
        const struct rmv_error *err = convert(cursor, child, rmv_value_append(out));
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *convert(struct cursor *cursor, const cJSON *item,
                                       struct rmv_value *out)
{
    size_t start = 0;

    if (cJSON_IsArray(item))
        return convert_list(cursor, item, out);
    if (cJSON_IsObject(item))
        return convert_map(cursor, item, out);
    next_scalar(cursor, &start);
    if (cJSON_IsNumber(item) && !isfinite(item->valuedouble))
        return fail_at(cursor, start, RMV_ERR_LIMIT, "a number beyond what a double can hold");
    if (cJSON_IsString(item))
        rmv_value_set_text(out, item->valuestring);
    else if (cJSON_IsNumber(item))
        convert_number(cursor, start, item->valuedouble, out);
    else if (cJSON_IsBool(item))
        rmv_value_set_bool(out, cJSON_IsTrue(item));
    return NULL;
}

static void free_tree(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

/* What cJSON does not parse: a structure that does not fit together. */
static const struct rmv_error *structure_error(const struct cursor *cursor, size_t offset)
{
    while (offset < cursor->size && is_blank(cursor->text[offset]))
        offset++;
    if (offset >= cursor->size || offset + 1 == cursor->size)
        return fail_at(cursor, cursor->size, RMV_ERR_CORRUPT,
                       "the text ends before the document does");
    return fail_at(cursor, offset, RMV_ERR_CORRUPT, "this is not JSON from here on");
}

static const struct rmv_error *parse(const char *name, const char *text, size_t size,
                                     struct rmv_buf *plain, struct rmv_value *out)
{
    text = text ? text : "";
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
    RMV_CLEANUP(free_tree) cJSON *tree = NULL;
    struct cursor cursor = {.name = name, .text = text, .size = size, .plain = plain};

    if (size > RMV_JSON_BYTES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "%s: longer than %zu bytes", name, RMV_JSON_BYTES_MAX);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        cursor.offset = 3;
    const struct rmv_error *err = check_tokens(cursor);
    if (err)
        return err;

    const char *seen = plain && plain->size ? plain->data : text, *stop = NULL;
    tree = cJSON_ParseWithLengthOpts(seen + cursor.offset, size - cursor.offset, &stop, false);
    const size_t end = stop ? (size_t)(stop - seen) : size;
    if (!tree)
        return structure_error(&cursor, end);
    for (size_t rest = end; rest < size; rest++)
        if (!is_blank(text[rest]))
            return fail_at(&cursor, rest, RMV_ERR_CORRUPT,
                           "the document has ended, but here is more text");
    err = convert(&cursor, tree, &value);
    if (err)
        return err;
    *out = value;
    value = (struct rmv_value){0};
    return NULL;
}

const struct rmv_error *rmv_json_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out)
{
    return parse(name, text, size, NULL, out);
}

const struct rmv_error *rmv_json_parse_python(const char *name, const char *text, size_t size,
                                              struct rmv_value *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf plain = {0};
    return parse(name, text, size, &plain, out);
}
