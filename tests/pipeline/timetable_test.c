#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "rmv/pipeline/timetable.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define MARCH_28 1774656000   /* 2026-03-28T00:00:00Z, a Saturday: summer begins the next night */
#define OCTOBER_24 1792800000 /* 2026-10-24T00:00:00Z: it ends the next night */

static struct rmv_timetable parsed(const char *every, const char *at)
{
    struct rmv_timetable timetable = {0};
    CHECK_OK(rmv_timetable_parse(every, at, &timetable));
    return timetable;
}

/* Summer time from the last Sunday of March, 02:00, to that of October, 03:00. */
static void live_in_berlin(void)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
}

static void intervals_count_from_the_first_time(void **state)
{
    (void)state;
    const struct rmv_timetable timetable = parsed("1h30m", NULL);
    assert_int_equal(timetable.every_seconds, 5400);
    assert_int_equal(rmv_timetable_first(&timetable, 1000), 1000);
    assert_int_equal(rmv_timetable_next(&timetable, 1000, 1000), 6400);
    assert_int_equal(rmv_timetable_next(&timetable, 1000, 6399), 6400);
    assert_int_equal(rmv_timetable_next(&timetable, 1000, 6401), 11800);
}

static void missed_times_are_passed_over(void **state)
{
    (void)state;
    const struct rmv_timetable interval = parsed("1m", NULL), daily = parsed("1d", "02:00");
    setenv("TZ", "UTC", 1);
    assert_int_equal(rmv_timetable_next(&interval, 0, 100 * DAY + 1), 100 * DAY + 60);
    assert_int_equal(rmv_timetable_next(&daily, 0, 100 * DAY + 9 * HOUR), 101 * DAY + 2 * HOUR);
    assert_int_equal(rmv_timetable_next(&daily, 0, 100 * DAY + 1 * HOUR), 100 * DAY + 2 * HOUR);
}

static void the_first_time_of_the_day_is_the_next_one(void **state)
{
    (void)state;
    const struct rmv_timetable timetable = parsed("7d", "02:00");
    setenv("TZ", "UTC", 1);
    assert_int_equal(rmv_timetable_first(&timetable, 10 * DAY), 10 * DAY + 2 * HOUR);
    assert_int_equal(rmv_timetable_first(&timetable, 10 * DAY + 2 * HOUR), 11 * DAY + 2 * HOUR);
    assert_int_equal(rmv_timetable_next(&timetable, 0, 10 * DAY + 2 * HOUR), 17 * DAY + 2 * HOUR);
}

static void the_time_of_the_day_stays_when_the_clocks_change(void **state)
{
    (void)state;
    const struct rmv_timetable timetable = parsed("1d", "12:00");
    live_in_berlin();
    assert_int_equal(rmv_timetable_next(&timetable, 0, MARCH_28 + 11 * HOUR),
                     MARCH_28 + DAY + 10 * HOUR);
    assert_int_equal(rmv_timetable_next(&timetable, 0, OCTOBER_24 + 10 * HOUR),
                     OCTOBER_24 + DAY + 11 * HOUR);
}

/* Each night has one time, also that without 02:30 and that with two. */
static void a_night_with_a_change_of_clocks_has_one_time(void **state)
{
    (void)state;
    const struct rmv_timetable timetable = parsed("1d", "02:30");
    const int64_t starts[] = {MARCH_28, OCTOBER_24};
    live_in_berlin();
    for (size_t i = 0; i < 2; i++) {
        int64_t time = rmv_timetable_first(&timetable, starts[i] - 12 * HOUR);
        for (int64_t night = 0; night < 4; night++) {
            /* Within the hours from 00:00 to 05:00 UTC+1 of that night. */
            assert_in_range(time - (starts[i] - HOUR + night * DAY), 0, 5 * HOUR);
            const int64_t next = rmv_timetable_next(&timetable, 0, time);
            assert_in_range(next - time, 22 * HOUR, 26 * HOUR);
            /* A run that took a while, or began late, changes nothing. */
            assert_int_equal(rmv_timetable_next(&timetable, 0, time + 2 * HOUR), next);
            time = next;
        }
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"", NULL},       {"0s", NULL},    {"1", NULL},        {"500ms", NULL}, {"367d", NULL},
        {"1h", "02:00"},  {"1d", ""},      {"1d", "2:00"},     {"1d", "24:00"}, {"1d", "00:60"},
        {"1d", "02:00:"}, {"1d", "0a:00"}, {"1e999d", "02:00"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct rmv_timetable timetable = {0};
        CHECK_FAILS(rmv_timetable_parse(wrong[i][0], wrong[i][1], &timetable), RMV_ERR_USAGE);
        assert_int_equal(timetable.every_seconds, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(intervals_count_from_the_first_time),
        TEST(missed_times_are_passed_over),
        TEST(the_first_time_of_the_day_is_the_next_one),
        TEST(the_time_of_the_day_stays_when_the_clocks_change),
        TEST(a_night_with_a_change_of_clocks_has_one_time),
        TEST(what_is_no_time_is_refused),
    };
    return RUN_TESTS(tests);
}
