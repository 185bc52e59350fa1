#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rmv_number_format(double number, char text[RMV_NUMBER_TEXT_SIZE])
{
    /* 15 digits survive the way through a double and %g drops zeros at the end, so fewer need no
     * trying, except where doubles lose their precision towards zero. */
    char digits[RMV_NUMBER_TEXT_SIZE];
    int precision = fabs(number) < DBL_MIN ? 1 : 15;
    do
        snprintf(digits, sizeof(digits), "%.*g", precision, number);
    while (strtod(digits, NULL) != number && ++precision <= 17);

    const size_t whole = strcspn(digits, ".e");
    const char *dot = digits[whole] == '.' ? "" : ".0";
    snprintf(text, RMV_NUMBER_TEXT_SIZE, "%.*s%s%s", (int)whole, digits, dot, digits + whole);
}

bool rmv_scalar_format(const struct rmv_value *value, struct rmv_buf *out)
{
    char text[RMV_NUMBER_TEXT_SIZE];
    if (value->kind == RMV_VALUE_NULL)
        rmv_buf_append_string(out, "null");
    else if (value->kind == RMV_VALUE_BOOL)
        rmv_buf_append_string(out, value->boolean ? "true" : "false");
    else if (value->kind == RMV_VALUE_INT)
        rmv_buf_append_format(out, "%lld", (long long)value->integer);
    else if (value->kind != RMV_VALUE_DOUBLE || !isfinite(value->number))
        return false;
    else {
        rmv_number_format(value->number, text);
        rmv_buf_append_string(out, text);
    }
    return true;
}

const char *rmv_number_take_digits(const char *text, const char *digits, struct rmv_buf *out)
{
    if (!*text || !strchr(digits, *text))
        return NULL;
    for (;;) {
        rmv_buf_append(out, text++, 1);
        if (*text == '_' && text[1] && strchr(digits, text[1]))
            text++;
        if (!*text || !strchr(digits, *text))
            return text;
    }
}
