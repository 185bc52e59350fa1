#include "rmv/base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000
#define SECONDS_PER_DAY 86400

static int64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t rmv_time_now_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t rmv_time_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void rmv_time_format(int64_t time_ns, bool milliseconds, char text[RMV_TIME_TEXT_SIZE])
{
    int64_t year;
    unsigned month, day;

    const int64_t seconds = floor_divide(time_ns, NS_PER_SECOND);
    const int64_t days = floor_divide(seconds, SECONDS_PER_DAY);
    const unsigned second = (unsigned)(seconds - days * SECONDS_PER_DAY);
    const unsigned ms = (unsigned)((time_ns - seconds * NS_PER_SECOND) / 1000000);
    rmv_time_civil_of(days, &year, &month, &day);

    const int n =
        snprintf(text, RMV_TIME_TEXT_SIZE, "%04lld-%02u-%02uT%02u:%02u:%02u", (long long)year,
                 month, day, second / 3600, second / 60 % 60, second % 60);
    if (milliseconds)
        snprintf(text + n, RMV_TIME_TEXT_SIZE - (size_t)n, ".%03uZ", ms);
    else
        snprintf(text + n, RMV_TIME_TEXT_SIZE - (size_t)n, "Z");
}

/* Both directions count in eras of 400 years that start on 1 March, so that leap days come last:
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#define DAYS_PER_ERA 146097
#define DAYS_ERA_TO_UNIX 719468 /* from 0000-03-01 to 1970-01-01 */

int64_t rmv_time_days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    const int64_t era = floor_divide(year, 400);
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_ERA_TO_UNIX;
}

void rmv_time_civil_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += DAYS_ERA_TO_UNIX;
    const int64_t era = floor_divide(days, DAYS_PER_ERA);
    const int64_t day_of_era = days - era * DAYS_PER_ERA;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;

    *day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (unsigned)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool rmv_time_parse_date(const char *text, int64_t *days)
{
    static const char pattern[] = "dddd-dd-dd";

    if (strlen(text) != sizeof(pattern) - 1)
        return false;
    unsigned numbers[3] = {0};
    for (size_t i = 0, field = 0; pattern[i]; i++) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == 'd' ? !digit : text[i] != pattern[i])
            return false;
        if (pattern[i] == 'd')
            numbers[field] = 10 * numbers[field] + (unsigned)(text[i] - '0');
        else
            field++;
    }

    /* A date that does not exist, 30 February, comes back as another one. */
    int64_t year;
    unsigned month, day;
    if (numbers[1] < 1 || numbers[1] > 12 || numbers[2] < 1 || numbers[2] > 31)
        return false;
    const int64_t found = rmv_time_days_of(numbers[0], numbers[1], numbers[2]);
    rmv_time_civil_of(found, &year, &month, &day);
    if (month != numbers[1] || day != numbers[2])
        return false;
    *days = found;
    return true;
}
