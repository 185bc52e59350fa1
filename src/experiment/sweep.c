#include "experiment/sweep.h"

#include <math.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "rmv/base/yaml.h"

#define RANGE_COUNT_MAX 10000
#define EXACT_DOUBLE_MAX 9007199254740992.0

/* The end of the part that starts at `text`: its comma, or the end of all. */
static const char *part_end(const char *text)
{
    size_t depth = 0;
    char quote = '\0';

    for (; *text; text++) {
        if (quote) {
            if (*text == '\\' && quote == '"' && text[1])
                text++;
            else if (*text == quote)
                quote = '\0';
        } else if (*text == '\'' || *text == '"') {
            quote = *text;
        } else if (strchr("[{(", *text)) {
            depth++;
        } else if (strchr("]})", *text)) {
            depth -= depth > 0;
        } else if (*text == ',' && depth == 0) {
            return text;
        }
    }
    return text;
}

static void split(const char *text, struct rmv_strings *parts)
{
    for (;;) {
        const char *end = part_end(text), *stop = end;
        while (text < stop && (*text == ' ' || *text == '\t'))
            text++;
        while (stop > text && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        rmv_strings_take(parts, rmv_str_copy_n(text, (size_t)(stop - text)));
        if (!*end)
            return;
        text = end + 1;
    }
}

static const struct rmv_error *parse_value(const char *text, struct rmv_value *value)
{
    if (!*text) {
        rmv_value_set_text(value, "");
        return NULL;
    }
    const struct rmv_error *err = rmv_yaml_parse("value", text, strlen(text), value);
    return err ? rmv_error_hint(rmv_error(RMV_ERR_USAGE, "%s", err->message),
                                "values are YAML; quotes make any text a string")
               : NULL;
}

/* The text between "NAME(" and ")", which the caller frees; NULL if it is no such call. */
static char *call_of(const char *text, const char *name)
{
    const size_t head = strlen(name), size = strlen(text);
    if (strncmp(text, name, head) != 0 || text[head] != '(' || text[size - 1] != ')')
        return NULL;
    return rmv_str_copy_n(text + head + 1, size - head - 2);
}

static bool number_of(const struct rmv_value *value, double *number, bool *is_whole)
{
    *is_whole = *is_whole && value->kind == RMV_VALUE_INT;
    *number = value->kind == RMV_VALUE_INT ? (double)value->integer : value->number;
    return (value->kind == RMV_VALUE_INT || value->kind == RMV_VALUE_DOUBLE) && isfinite(*number) &&
           fabs(*number) < EXACT_DOUBLE_MAX;
}

/* 0.1 + 2 * 0.1 is meant to be 0.3. */
static double without_noise(double number)
{
    if (fabs(number) > 1e3)
        return number;
    return (double)(int64_t)(number * 1e12 + (number < 0 ? -0.5 : 0.5)) / 1e12;
}

static const struct rmv_error *bad_range(const char *arguments)
{
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "range(%s) is no range", arguments),
                          "range(start, stop) or range(start, stop, step): numbers from start on, "
                          "without stop; at most %d",
                          RANGE_COUNT_MAX);
}

static const struct rmv_error *add_range(const char *arguments, struct rmv_value *values)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings parts = {0};
    double numbers[3] = {0, 0, 1};
    bool is_whole = true;

    split(arguments, &parts);
    if (parts.count > 3)
        return bad_range(arguments);
    for (size_t i = 0; i < parts.count; i++) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};
        const size_t at = parts.count == 1 ? 1 : i; /* range(stop) starts at 0 */
        if (parse_value(parts.items[i], &value) || !number_of(&value, &numbers[at], &is_whole))
            return bad_range(arguments);
    }
    /* What rounding adds must not be one more number. */
    const double steps = (numbers[1] - numbers[0]) / numbers[2] - 1e-9;
    if (!(steps > 0 && steps <= RANGE_COUNT_MAX))
        return bad_range(arguments);
    for (size_t i = 0; (double)i < steps; i++) {
        const double number = numbers[0] + (double)i * numbers[2];
        if (is_whole)
            rmv_value_set_int(rmv_value_append(values), (int64_t)number);
        else
            rmv_value_set_double(rmv_value_append(values), without_noise(number));
    }
    return NULL;
}

const struct rmv_error *rmv_sweep_parse(const char *text, struct rmv_value *values)
{
    RMV_CLEANUP(rmv_str_free) char *range = call_of(text, "range");
    RMV_CLEANUP(rmv_str_free) char *choice = call_of(text, "choice");
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings parts = {0};
    const struct rmv_error *err = NULL;

    if (range)
        return add_range(range, values);
    split(choice ? choice : text, &parts);
    for (size_t i = 0; !err && i < parts.count; i++) {
        if (parts.count > 1 && !*parts.items[i])
            err = rmv_error(RMV_ERR_USAGE, "a value is missing beside a comma");
        else
            err = parse_value(parts.items[i], rmv_value_append(values));
    }
    return err;
}
