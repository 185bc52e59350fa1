#include "rmv/pipeline/timetable.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "pipeline/parse.h"

#define SECONDS_PER_DAY 86400
#define EVERY_SECONDS_MAX ((double)366 * SECONDS_PER_DAY)

static const struct rmv_error *parse_at(const char *text, int *minutes)
{
    const bool is_time = strlen(text) == 5 && isdigit((unsigned char)text[0]) &&
                         isdigit((unsigned char)text[1]) && text[2] == ':' &&
                         isdigit((unsigned char)text[3]) && isdigit((unsigned char)text[4]);
    const int hour = is_time ? (text[0] - '0') * 10 + text[1] - '0' : 24;
    const int minute = is_time ? (text[3] - '0') * 10 + text[4] - '0' : 0;
    if (hour > 23 || minute > 59)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is no time of the day", text),
                              "write hours and minutes, 00:00 to 23:59, such as 02:00");
    *minutes = hour * 60 + minute;
    return NULL;
}

const struct rmv_error *rmv_timetable_parse(const char *every, const char *at,
                                            struct rmv_timetable *timetable)
{
    const double seconds = rmv_parse_units(every) / 1000;
    if (!(seconds >= 1) || seconds > EVERY_SECONDS_MAX || seconds != floor(seconds))
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is no time of whole seconds, up to a year", every),
            "write 90s, 15m, 1h30m, 2d");
    struct rmv_timetable parsed = {.every_seconds = (int64_t)seconds, .at_minutes = -1};
    const struct rmv_error *err = at ? parse_at(at, &parsed.at_minutes) : NULL;
    if (err)
        return err;
    if (at && parsed.every_seconds % SECONDS_PER_DAY)
        return rmv_error(RMV_ERR_USAGE, "a time of the day is for whole days, not for '%s'", every);
    *timetable = parsed;
    return NULL;
}

/* The time of the day that is meant, `days` days after that of `now`. Where the clock is put
 * forward over it, it is an hour off. */
static int64_t time_on(const struct rmv_timetable *timetable, int64_t now, int64_t days)
{
    const time_t time = (time_t)now;
    struct tm local;
    tzset();
    if (!localtime_r(&time, &local))
        return now + days * SECONDS_PER_DAY;
    local.tm_mday += (int)days;
    local.tm_hour = timetable->at_minutes / 60;
    local.tm_min = timetable->at_minutes % 60;
    local.tm_sec = 0;
    local.tm_isdst = -1;
    return (int64_t)mktime(&local);
}

/* By the hands of the clock, so that an hour that comes twice has it once. */
static bool is_over(const struct rmv_timetable *timetable, int64_t now)
{
    const time_t time = (time_t)now;
    struct tm local = {0};
    tzset();
    return localtime_r(&time, &local) && local.tm_hour * 60 + local.tm_min >= timetable->at_minutes;
}

static int64_t next_time(const struct rmv_timetable *timetable, int64_t now, int64_t days)
{
    const int64_t time = time_on(timetable, now, days - (is_over(timetable, now) ? 0 : 1));
    return time > now ? time : time_on(timetable, now, days);
}

int64_t rmv_timetable_first(const struct rmv_timetable *timetable, int64_t now)
{
    return timetable->at_minutes < 0 ? now : next_time(timetable, now, 1);
}

int64_t rmv_timetable_next(const struct rmv_timetable *timetable, int64_t first, int64_t last)
{
    const int64_t every = timetable->every_seconds;
    if (timetable->at_minutes >= 0)
        return next_time(timetable, last, every / SECONDS_PER_DAY);
    return first + ((last - first) / every + 1) * every;
}
