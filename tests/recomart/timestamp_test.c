#include "rmv/recomart/timestamp.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static void check_is(const char *text, int zone_seconds, const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    int64_t time_ns;
    if (!rmv_timestamp_parse(text, strlen(text), zone_seconds, &time_ns))
        fail_msg("'%s' was not read", text);
    rmv_timestamp_append(&out, time_ns);
    assert_string_equal(rmv_buf_string(&out), expected);
}

static void the_usual_forms_are_read(void **state)
{
    (void)state;
    check_is("2025-01-01 09:15:00", 0, "2025-01-01 09:15:00");
    check_is("2025-01-01T09:15:00", 0, "2025-01-01 09:15:00");
    check_is("2025/01/01 09:15", 0, "2025-01-01 09:15:00");
    check_is("2025-01-01", 0, "2025-01-01 00:00:00");
    check_is("20250101T091500Z", 0, "2025-01-01 09:15:00");
    check_is("20250101T0915", 0, "2025-01-01 09:15:00");
    check_is(" 2025-01-01 09:15:00 ", 0, "2025-01-01 09:15:00");
    check_is("Wed, 01 Jan 2025 09:15:00 GMT", 0, "2025-01-01 09:15:00");
    check_is("1 Jan 2025 09:15", 0, "2025-01-01 09:15:00");
    check_is("2024-02-29 23:59:60", 0, "2024-03-01 00:00:00");
    check_is("1969-12-31 23:59:59.5", 0, "1969-12-31 23:59:59.500");
}

static void zones_are_brought_to_utc(void **state)
{
    (void)state;
    check_is("2025-01-01T09:15:00Z", 3600, "2025-01-01 09:15:00");
    check_is("2025-01-01T01:15:00+05:30", 0, "2024-12-31 19:45:00");
    check_is("2025-01-01 23:30:00 -0800", 0, "2025-01-02 07:30:00");
    check_is("2025-01-01 09:15:00+02", 0, "2025-01-01 07:15:00");
    check_is("2025-01-01 09:15:00 UTC", 7200, "2025-01-01 09:15:00");
    check_is("2025-01-01 09:15:00", 7200, "2025-01-01 07:15:00");
}

static void decimals_are_kept(void **state)
{
    (void)state;
    check_is("2025-01-01 09:15:00.25", 0, "2025-01-01 09:15:00.250");
    check_is("2025-01-01 09:15:00.000001", 0, "2025-01-01 09:15:00.000001");
    check_is("2025-01-01 09:15:00.123456789", 0, "2025-01-01 09:15:00.123456789");
    check_is("2025-01-01 09:15:00.000", 0, "2025-01-01 09:15:00");
}

static void counts_since_1970_are_told_apart_by_their_length(void **state)
{
    (void)state;
    check_is("1735722900", 3600, "2025-01-01 09:15:00");
    check_is("1735722900250", 0, "2025-01-01 09:15:00.250");
    check_is("1735722900000001", 0, "2025-01-01 09:15:00.000001");
    check_is("1735722900000000001", 0, "2025-01-01 09:15:00.000000001");
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        " ",
                                        "yesterday",
                                        "2025",
                                        "2025-1-1",
                                        "2025-02-29",
                                        "2025-13-01",
                                        "2025-00-10",
                                        "2025-01-32",
                                        "2025-01-01 24:00:00",
                                        "2025-01-01 10:60",
                                        "2025-01-01 10:00:61",
                                        "01/02/2025",
                                        "2025-01-01 10:00:00x",
                                        "2025-01-01 10:00:00.",
                                        "2025-01-01T10:00+1",
                                        "2025-01-01T10:00+99:00",
                                        "1500-01-01",
                                        "2400-01-01",
                                        "12345",
                                        "99999999999999999999",
                                        "32 Jan 2025 10:00",
                                        "Wed, Jan 2025",
                                        "2025-01/01",
                                        "-1735722900"};
    int64_t time_ns;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (rmv_timestamp_parse(wrong[i], strlen(wrong[i]), 0, &time_ns))
            fail_msg("'%s' was read", wrong[i]);
}

static void names_of_zones_are_offsets(void **state)
{
    (void)state;
    int seconds;
    CHECK_OK(rmv_timestamp_parse_zone("UTC", &seconds));
    assert_int_equal(seconds, 0);
    CHECK_OK(rmv_timestamp_parse_zone("+05:30", &seconds));
    assert_int_equal(seconds, 19800);
    CHECK_OK(rmv_timestamp_parse_zone("-0800", &seconds));
    assert_int_equal(seconds, -28800);
    CHECK_SAYS(rmv_timestamp_parse_zone("Mars", &seconds), RMV_ERR_USAGE, "'Mars'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_usual_forms_are_read),   TEST(zones_are_brought_to_utc),
        TEST(decimals_are_kept),          TEST(counts_since_1970_are_told_apart_by_their_length),
        TEST(what_is_no_time_is_refused), TEST(names_of_zones_are_offsets),
    };
    return RUN_TESTS(tests);
}
