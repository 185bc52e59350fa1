#include "base/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"

static bool resolve_word(const char *text, struct rmv_value *out)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};

    if (rmv_words_have(nulls, text))
        return true;
    if (rmv_words_have(trues, text) || rmv_words_have(falses, text)) {
        rmv_value_set_bool(out, rmv_words_have(trues, text));
        return true;
    }
    if (rmv_words_have(nans, text)) {
        rmv_value_set_double(out, NAN);
        return true;
    }
    const size_t sign = text[0] == '-' || text[0] == '+';
    if (rmv_words_have(infinities, text + sign)) {
        rmv_value_set_double(out, text[0] == '-' ? -INFINITY : INFINITY);
        return true;
    }
    return false;
}

static bool is_run_of(const char *text, const char *digits)
{
    return *text && text[strspn(text, digits)] == '\0';
}

/* The base of a whole number without its sign, with `*digits` set to its digits; 0 for none. */
static int base_of(const char *text, const char **digits)
{
    *digits = text + 2;
    if (strncmp(text, "0b", 2) == 0)
        return is_run_of(*digits, "01") ? 2 : 0;
    if (strncmp(text, "0o", 2) == 0)
        return is_run_of(*digits, "01234567") ? 8 : 0;
    if (strncmp(text, "0x", 2) == 0)
        return is_run_of(*digits, "0123456789abcdefABCDEF") ? 16 : 0;
    *digits = text;
    return is_run_of(text, "0123456789") ? 10 : 0;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
    static const char digits[] = "0123456789";

    text += *text == '-' || *text == '+';
    const size_t whole = strspn(text, digits);
    text += whole;
    if (*text == '.') {
        const size_t fraction = strspn(++text, digits);
        if (whole == 0 && fraction == 0)
            return false;
        text += fraction;
    } else if (whole == 0) {
        return false;
    }
    if (*text != 'e' && *text != 'E')
        return *text == '\0';
    text++;
    text += *text == '-' || *text == '+';
    return is_run_of(text, digits);
}

static bool resolve_integer(const char *text, struct rmv_value *out, bool *too_big)
{
    const bool has_sign = *text == '-' || *text == '+';
    const char *digits;
    const int base = base_of(text + has_sign, &digits);
    if (base == 0)
        return false;
    RMV_CLEANUP(rmv_str_free)
    char *number = rmv_str_format("%s%s", *text == '-' ? "-" : "", digits);
    errno = 0;
    const long long integer = strtoll(number, NULL, base);
    *too_big = errno == ERANGE;
    if (!*too_big)
        rmv_value_set_int(out, integer);
    return !*too_big;
}

/* The text without the underscores that may stand between the digits of a number, behind the first
 * and before an exponent. */
static char *without_underscores(const char *text)
{
    const size_t sign = *text == '-' || *text == '+';
    const bool is_hex = strncmp(text + sign, "0x", 2) == 0;
    const size_t size = is_hex ? strlen(text) : strcspn(text, "eE");
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    for (size_t i = 0; text[i]; i++)
        if (text[i] != '_' || i <= sign || i >= size)
            rmv_buf_append(&out, text + i, 1);
    (void)rmv_buf_string(&out);
    return rmv_buf_take(&out);
}

bool rmv_yaml_resolve(const char *text, struct rmv_value *out, bool *too_big)
{
    *too_big = false;
    if (resolve_word(text, out))
        return true;
    if (!strchr("+-.0123456789", *text))
        return false;
    RMV_CLEANUP(rmv_str_free) char *cleared = strchr(text, '_') ? without_underscores(text) : NULL;
    const char *number = cleared ? cleared : text;
    if (resolve_integer(number, out, too_big))
        return true;
    if (*too_big || !is_float(number))
        return false;
    rmv_value_set_double(out, strtod(number, NULL));
    return true;
}
