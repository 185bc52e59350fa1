/* Times and dates, UTC, proleptic Gregorian, no locale. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RMV_TIME_TEXT_SIZE 40

/* Nanoseconds since 1970-01-01T00:00:00Z, and of a clock that only goes forward. */
int64_t rmv_time_now_ns(void);
int64_t rmv_time_monotonic_ns(void);

/* "2025-01-01T10:30:45Z", or with milliseconds "2025-01-01T10:30:45.123Z". */
void rmv_time_format(int64_t time_ns, bool milliseconds, char text[RMV_TIME_TEXT_SIZE]);

/* Days since 1970-01-01 of a civil date, and back. */
int64_t rmv_time_days_of(int64_t year, unsigned month, unsigned day);
void rmv_time_civil_of(int64_t days, int64_t *year, unsigned *month, unsigned *day);

/* Parses "YYYY-MM-DD" into days since 1970-01-01; false if it is not such a date. */
bool rmv_time_parse_date(const char *text, int64_t *days);
