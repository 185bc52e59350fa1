#include "rmv/base/time.h"

#include <stdlib.h>
#include <time.h>

#include "test.h"

static void check_format(int64_t time_ns, bool milliseconds, const char *expected)
{
    char text[RMV_TIME_TEXT_SIZE];
    rmv_time_format(time_ns, milliseconds, text);
    assert_string_equal(text, expected);
}

static void times_are_written_in_utc(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    check_format(0, false, "1970-01-01T00:00:00Z");
    check_format(1735727445123999999, false, "2025-01-01T10:30:45Z");
    check_format(1735727445123999999, true, "2025-01-01T10:30:45.123Z");
    check_format(1709251199000000000, true, "2024-02-29T23:59:59.000Z");
    check_format(-1, true, "1969-12-31T23:59:59.999Z");
    check_format(INT64_MIN, false, "1677-09-21T00:12:43Z");
    check_format(INT64_MAX, false, "2262-04-11T23:47:16Z");
}

static void dates_agree_with_the_system_for_centuries(void **state)
{
    (void)state;
    for (int64_t days = -800000; days <= 800000; days += 13) {
        const time_t seconds = (time_t)(days * 86400);
        struct tm tm;
        int64_t year;
        unsigned month, day;
        assert_non_null(gmtime_r(&seconds, &tm));
        rmv_time_civil_of(days, &year, &month, &day);
        assert_int_equal(year, tm.tm_year + 1900);
        assert_int_equal(month, tm.tm_mon + 1);
        assert_int_equal(day, tm.tm_mday);
        assert_int_equal(rmv_time_days_of(year, month, day), days);
    }
}

static void dates_that_exist_are_parsed_and_no_others(void **state)
{
    static const char *const wrong[] = {
        "",           "2024-1-01",   "2024-01-1",   "2024-13-01", "2024-00-10",
        "2024-01-00", "2023-02-29",  "2024-02-30",  "1900-02-29", "2024-04-31",
        "2024/01/01", "2024-01-01 ", " 2024-01-01", "20240-1-01", "-024-01-01",
        "2024-01-0x", "２024-01-0",
    };
    int64_t days = 7;

    (void)state;
    assert_true(rmv_time_parse_date("1970-01-01", &days));
    assert_int_equal(days, 0);
    assert_true(rmv_time_parse_date("2024-02-29", &days));
    assert_int_equal(days, 19782);
    assert_true(rmv_time_parse_date("2000-02-29", &days));
    assert_true(rmv_time_parse_date("0000-01-01", &days));
    assert_int_equal(days, -719528);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(rmv_time_parse_date(wrong[i], &days));
    assert_int_equal(days, -719528);
}

static void the_clocks_run(void **state)
{
    (void)state;
    const int64_t first = rmv_time_monotonic_ns();
    assert_true(rmv_time_monotonic_ns() >= first);
    assert_in_range(rmv_time_now_ns() / 1000000000 - time(NULL) + 1, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(times_are_written_in_utc),
        TEST(dates_agree_with_the_system_for_centuries),
        TEST(dates_that_exist_are_parsed_and_no_others),
        TEST(the_clocks_run),
    };
    return RUN_TESTS(tests);
}
