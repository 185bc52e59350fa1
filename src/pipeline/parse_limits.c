#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/parse.h"

/* How long a stage may take, and how often it is tried. */

#define DURATION_MS_MAX ((double)366 * 24 * 3600 * 1000)
#define ATTEMPTS_MAX 1000
#define BACKOFF_MAX 1000.0
#define DELAY_MS 1000
#define MAX_DELAY_MS ((int64_t)3600 * 1000)

static double number_of(const struct rmv_value *value)
{
    if (value->kind == RMV_VALUE_INT)
        return (double)value->integer;
    return value->kind == RMV_VALUE_DOUBLE ? value->number : NAN;
}

double rmv_parse_units(const char *text)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    double sum = 0;

    if (!*text)
        return NAN;
    while (*text) {
        char *end = NULL;
        size_t i = 0;
        if (!isdigit((unsigned char)*text))
            return NAN;
        const double number = strtod(text, &end);
        const size_t size = strspn(end, "msdh");
        while (i < 5 && (strlen(units[i].name) != size || strncmp(units[i].name, end, size) != 0))
            i++;
        if (i == 5)
            return NAN;
        sum += number * units[i].ms;
        text = end + size;
    }
    return sum;
}

const struct rmv_error *rmv_parse_duration(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *value, const char *what,
                                           int64_t *duration_ms)
{
    const double ms =
        value->kind == RMV_VALUE_STRING ? rmv_parse_units(value->text) : number_of(value) * 1000;
    if (!(ms > 0) || ms > DURATION_MS_MAX)
        return rmv_error_hint(rmv_value_error(parser->file, value,
                                              "%s is a time, more than nothing, up to a year",
                                              what),
                              "write seconds, or 90s, 15m, 1h30m, 2d");
    *duration_ms = ms < 1 ? 1 : (int64_t)ms;
    return NULL;
}

static const struct rmv_error *parse_attempts(const struct rmv_stage_parser *parser,
                                              const struct rmv_value *value, unsigned *attempts)
{
    if (value->kind != RMV_VALUE_INT || value->integer < 1 || value->integer > ATTEMPTS_MAX)
        return rmv_value_error(parser->file, value,
                               "the attempts are a whole number from 1 to %d, the first included",
                               ATTEMPTS_MAX);
    *attempts = (unsigned)value->integer;
    return NULL;
}

const struct rmv_error *rmv_parse_retry(const struct rmv_stage_parser *parser,
                                        const struct rmv_value *value,
                                        struct rmv_stage_retry *retry)
{
    static const char *const known[] = {"attempts", "delay", "backoff", "max_delay", NULL};
    *retry = (struct rmv_stage_retry){
        .attempts = 1, .delay_ms = DELAY_MS, .backoff = 2, .max_delay_ms = MAX_DELAY_MS};
    if (value->kind == RMV_VALUE_INT)
        return parse_attempts(parser, value, &retry->attempts);

    const struct rmv_error *err = rmv_value_expect(parser->file, value, RMV_VALUE_MAP, "'retry'");
    if (!err)
        err = rmv_value_check_keys(parser->file, value, known, NULL);
    const struct rmv_value *attempts = err ? NULL : rmv_value_find(value, "attempts");
    if (!err && !attempts)
        err = rmv_value_error(parser->file, value, "'retry' has no 'attempts'");
    else if (attempts)
        err = parse_attempts(parser, attempts, &retry->attempts);
    const struct rmv_value *delay = err ? NULL : rmv_value_find(value, "delay");
    if (delay)
        err = rmv_parse_duration(parser, delay, "'delay'", &retry->delay_ms);
    const struct rmv_value *max_delay = err ? NULL : rmv_value_find(value, "max_delay");
    if (max_delay)
        err = rmv_parse_duration(parser, max_delay, "'max_delay'", &retry->max_delay_ms);
    const struct rmv_value *backoff = err ? NULL : rmv_value_find(value, "backoff");
    if (backoff && !(number_of(backoff) >= 1 && number_of(backoff) <= BACKOFF_MAX))
        err = rmv_value_error(parser->file, backoff, "'backoff' is a number from 1 to %g",
                              BACKOFF_MAX);
    else if (backoff)
        retry->backoff = number_of(backoff);
    return err;
}
