#include "rmv/recomart/timestamp.h"

#include <ctype.h>
#include <string.h>

#include "rmv/base/time.h"

#define NS_PER_SECOND 1000000000
#define SECONDS_PER_DAY 86400
#define YEAR_MIN 1678 /* what nanoseconds in 64 bits can say */
#define YEAR_MAX 2261

/* A civil time in the making, and what is left of the text. */
struct scan {
    const char *at, *end;
    int64_t year;
    unsigned month, day, hour, minute, second, nanosecond;
    bool has_zone;
    int zone_seconds;
};

static bool take(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool is_digit(const char *at)
{
    return *at >= '0' && *at <= '9';
}

/* Exactly `count` digits. */
static bool take_digits(struct scan *scan, size_t count, unsigned *number)
{
    if ((size_t)(scan->end - scan->at) < count)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < count; i++, scan->at++) {
        if (!is_digit(scan->at))
            return false;
        value = 10 * value + (unsigned)(*scan->at - '0');
    }
    *number = value;
    return true;
}

static bool take_fraction(struct scan *scan)
{
    unsigned unit = 100000000;
    if (scan->at == scan->end || !is_digit(scan->at))
        return false;
    for (; scan->at < scan->end && is_digit(scan->at); scan->at++, unit /= 10)
        scan->nanosecond += unit * (unsigned)(*scan->at - '0');
    return true;
}

/* "09:15", "09:15:00.25", or without colons where `colon` is 0. */
static bool take_clock(struct scan *scan, char colon)
{
    if (!take_digits(scan, 2, &scan->hour) || (colon && !take(scan, colon)) ||
        !take_digits(scan, 2, &scan->minute))
        return false;
    if (colon ? !take(scan, colon) : (scan->at == scan->end || !is_digit(scan->at)))
        return true;
    if (!take_digits(scan, 2, &scan->second))
        return false;
    return !take(scan, '.') || take_fraction(scan);
}

static bool take_word(struct scan *scan, const char *word)
{
    const size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || strncasecmp(scan->at, word, size) != 0)
        return false;
    scan->at += size;
    return true;
}

/* "Z", "UTC", "GMT", "+05:30", "-0800", "+05". */
static bool take_zone(struct scan *scan)
{
    scan->has_zone = true;
    if (take_word(scan, "UTC") || take_word(scan, "GMT") || take_word(scan, "Z"))
        return true;
    const int sign = take(scan, '+') ? 1 : take(scan, '-') ? -1 : 0;
    unsigned hours, minutes = 0;
    if (sign == 0 || !take_digits(scan, 2, &hours))
        return false;
    const bool has_colon = take(scan, ':');
    if ((has_colon || scan->at < scan->end) && !take_digits(scan, 2, &minutes))
        return false;
    scan->zone_seconds = sign * (int)(hours * 3600 + minutes * 60);
    return hours <= 15 && minutes < 60;
}

static bool take_zone_if_any(struct scan *scan)
{
    while (take(scan, ' '))
        ;
    return scan->at == scan->end || take_zone(scan);
}

/* "2025-01-01", "2025/01/01" or "20250101", and a clock behind it. */
static bool take_iso(struct scan *scan)
{
    unsigned year;
    if (!take_digits(scan, 4, &year))
        return false;
    scan->year = year;
    const char separator = take(scan, '-') ? '-' : take(scan, '/') ? '/' : '\0';
    if (!take_digits(scan, 2, &scan->month) || (separator && !take(scan, separator)) ||
        !take_digits(scan, 2, &scan->day))
        return false;
    if (scan->at == scan->end)
        return true;
    if (!take(scan, 'T') && !take(scan, ' ') && !take(scan, 't'))
        return false;
    return take_clock(scan, separator ? ':' : '\0') && take_zone_if_any(scan);
}

static bool take_month_name(struct scan *scan)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (unsigned i = 0; i < 12; i++) {
        if (take_word(scan, names[i])) {
            scan->month = i + 1;
            return true;
        }
    }
    return false;
}

/* "Wed, 01 Jan 2025 09:15:00 +0000"; the name of the day may be missing, and is not checked. */
static bool take_mail_date(struct scan *scan)
{
    if (scan->end - scan->at > 5 && scan->at[3] == ',')
        scan->at += 4;
    take(scan, ' ');

    unsigned year;
    const size_t digits = scan->end - scan->at > 1 && is_digit(scan->at + 1) ? 2 : 1;
    if (!take_digits(scan, digits, &scan->day) || !take(scan, ' ') || !take_month_name(scan) ||
        !take(scan, ' ') || !take_digits(scan, 4, &year) || !take(scan, ' '))
        return false;
    scan->year = year;
    return take_clock(scan, ':') && take_zone_if_any(scan);
}

/* Whole numbers of 9 to 10, 12 to 13, 15 to 16 or 18 to 19 digits count from 1970: in 1973 to 2286
 * for each unit. */
static bool parse_epoch(const char *text, size_t size, int64_t *time_ns)
{
    static const int64_t units[] = {NS_PER_SECOND, 1000000, 1000, 1};
    if (size < 9 || size > 19 || size % 3 == 2)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < size; i++)
        if (!is_digit(text + i) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text[i] - '0', &number))
            return false;
    return !__builtin_mul_overflow(number, units[(size - 9) / 3], time_ns);
}

static bool to_ns(const struct scan *scan, int zone_seconds, int64_t *time_ns)
{
    static const unsigned month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (scan->year < YEAR_MIN || scan->year > YEAR_MAX || scan->month < 1 || scan->month > 12 ||
        scan->day < 1 || scan->day > month_days[scan->month - 1])
        return false;
    const bool leap = (scan->year % 4 == 0 && scan->year % 100 != 0) || scan->year % 400 == 0;
    if (scan->month == 2 && scan->day == 29 && !leap)
        return false;
    /* Second 60 is a leap second; it counts as the one after it, as everywhere. */
    if (scan->hour > 23 || scan->minute > 59 || scan->second > 60)
        return false;

    const int64_t days = rmv_time_days_of(scan->year, scan->month, scan->day);
    const int64_t seconds = days * SECONDS_PER_DAY + (int64_t)scan->hour * 3600 +
                            (int64_t)scan->minute * 60 + scan->second -
                            (scan->has_zone ? scan->zone_seconds : zone_seconds);
    *time_ns = seconds * NS_PER_SECOND + scan->nanosecond;
    return true;
}

bool rmv_timestamp_parse(const char *text, size_t size, int zone_seconds, int64_t *time_ns)
{
    while (size > 0 && text[0] == ' ') {
        text++;
        size--;
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    if (parse_epoch(text, size, time_ns))
        return true;

    struct scan scan = {.at = text, .end = text + size};
    if (!take_iso(&scan)) {
        scan = (struct scan){.at = text, .end = text + size};
        if (!take_mail_date(&scan))
            return false;
    }
    return scan.at == scan.end && to_ns(&scan, zone_seconds, time_ns);
}

static void put_digits(char *text, unsigned number, size_t count)
{
    while (count-- > 0) {
        text[count] = (char)('0' + number % 10);
        number /= 10;
    }
}

void rmv_timestamp_append(struct rmv_buf *out, int64_t time_ns)
{
    int64_t seconds = time_ns / NS_PER_SECOND;
    int64_t nanosecond = time_ns % NS_PER_SECOND;
    if (nanosecond < 0) {
        nanosecond += NS_PER_SECOND;
        seconds--;
    }
    int64_t days = seconds / SECONDS_PER_DAY;
    int64_t second = seconds % SECONDS_PER_DAY;
    if (second < 0) {
        second += SECONDS_PER_DAY;
        days--;
    }
    int64_t year;
    unsigned month, day;
    rmv_time_civil_of(days, &year, &month, &day);

    char *text = rmv_buf_reserve(out, 30);
    static const char shape[] = "0000-00-00 00:00:00";
    memcpy(text, shape, sizeof(shape) - 1);
    put_digits(text, (unsigned)year, 4);
    put_digits(text + 5, month, 2);
    put_digits(text + 8, day, 2);
    put_digits(text + 11, (unsigned)(second / 3600), 2);
    put_digits(text + 14, (unsigned)(second / 60 % 60), 2);
    put_digits(text + 17, (unsigned)(second % 60), 2);
    out->size += 19;
    if (nanosecond == 0)
        return;

    size_t digits = 9;
    for (; nanosecond % 1000 == 0; nanosecond /= 1000)
        digits -= 3;
    text[19] = '.';
    put_digits(text + 20, (unsigned)nanosecond, digits);
    out->size += 1 + digits;
}

const struct rmv_error *rmv_timestamp_parse_zone(const char *text, int *zone_seconds)
{
    struct scan scan = {.at = text, .end = text + strlen(text)};
    if (!take_zone(&scan) || scan.at != scan.end)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is no time zone", text),
                              "\"UTC\" or an offset such as \"+05:30\"");
    *zone_seconds = scan.zone_seconds;
    return NULL;
}
