/* Fields of CSV files as numbers, and numbers as fields. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rmv/base/csv.h"

#define NUMBER_BYTES_MAX 400

bool rmv_csv_is_missing(struct rmv_csv_field field)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "null", "None"};
    if (field.size == 0)
        return true;
    if (field.size > 4 || (field.text[0] | 0x20) != 'n')
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == field.size && strncasecmp(words[i], field.text, field.size) == 0)
            return true;
    return false;
}

bool rmv_csv_parse_integer(struct rmv_csv_field field, int64_t *integer)
{
    const bool negative = field.size > 0 && field.text[0] == '-';
    const bool has_sign = negative || (field.size > 0 && field.text[0] == '+');
    int64_t number = 0;
    if (field.size == has_sign)
        return false;
    for (size_t i = has_sign; i < field.size; i++) {
        const int digit = field.text[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *integer = negative ? -number : number;
    return true;
}

bool rmv_csv_parse_double(struct rmv_csv_field field, double *number)
{
    char text[NUMBER_BYTES_MAX + 1];
    if (field.size == 0 || field.size > NUMBER_BYTES_MAX)
        return false;
    memcpy(text, field.text, field.size);
    text[field.size] = '\0';
    /* strtod also reads hexadecimal, "inf" and what follows spaces. */
    if (strspn(text, "+-.0123456789eE") != field.size)
        return false;

    char *end;
    const double parsed = strtod(text, &end);
    if (*end || !isfinite(parsed))
        return false;
    *number = parsed;
    return true;
}

void rmv_csv_append(struct rmv_buf *out, const char *text, size_t size)
{
    bool quoted = false;
    for (size_t i = 0; i < size && !quoted; i++)
        quoted = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    if (!quoted) {
        rmv_buf_append(out, text, size);
        return;
    }
    rmv_buf_append(out, "\"", 1);
    for (size_t i = 0; i < size; i++)
        rmv_buf_append(out, text[i] == '"' ? "\"\"" : &text[i], text[i] == '"' ? 2 : 1);
    rmv_buf_append(out, "\"", 1);
}

/* Python's repr(): an exponent from 1e16 on and below 1e-4. */
#define EXPONENT_FROM 16
#define EXPONENT_BELOW (-4)

void rmv_csv_append_double(struct rmv_buf *out, double number)
{
    if (isnan(number))
        return;
    if (isinf(number)) {
        rmv_buf_append_string(out, number < 0 ? "-inf" : "inf");
        return;
    }

    /* "-d.ddde+XX": 15 digits survive the way through a double, so fewer need no trying. */
    char text[40];
    int precision = fabs(number) < DBL_MIN ? 0 : 14; /* but for the least ones */
    do
        snprintf(text, sizeof(text), "%.*e", precision, number);
    while (strtod(text, NULL) != number && ++precision < 17);
    for (const char *last = strchr(text, 'e') - 1; precision > 0 && *last == '0'; last--)
        precision--;
    snprintf(text, sizeof(text), "%.*e", precision, number);

    const char *mark = strchr(text, 'e');
    const int exponent = (int)strtol(mark + 1, NULL, 10);
    if (exponent >= EXPONENT_FROM || exponent < EXPONENT_BELOW)
        rmv_buf_append(out, text, strlen(text));
    else if (precision <= exponent)
        rmv_buf_append_format(out, "%.1f", number);
    else
        rmv_buf_append_format(out, "%.*f", precision - exponent, number);
}
