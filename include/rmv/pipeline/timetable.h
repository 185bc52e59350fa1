/* When something is due that is done over and over. Times are seconds since 1970; days and hours
 * are those of the local time zone, as it is when it is asked. */
#pragma once

#include <stdint.h>

#include "rmv/base/error.h"

struct rmv_timetable {
    int64_t every_seconds;
    int at_minutes; /* since midnight; -1: counted from the first time */
};

/* `every` is a duration such as "90s", "15m", "1h30m" or "2d", of whole seconds; `at`, "HH:MM" or
 * NULL, is for whole days. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_timetable_parse(const char *every, const char *at,
                                            struct rmv_timetable *timetable);

/* The first time: with `at` the next time of the day after `now`, otherwise `now`. */
int64_t rmv_timetable_first(const struct rmv_timetable *timetable, int64_t now);

/* The first time that is due after `last`, where all up to `last` are done with, whether or not
 * they were missed. `first` is where intervals count from, not after `last`. */
int64_t rmv_timetable_next(const struct rmv_timetable *timetable, int64_t first, int64_t last);
