/* Times as they stand in data files, brought to UTC.
 *
 * Read are: ISO 8601 and its relatives ("2025-01-01 09:15:00", "2025-01-01T09:15:00.250+05:30",
 * "2025/01/01 09:15", "2025-01-01", "20250101T091500Z"), RFC 2822 and HTTP dates ("Wed, 01 Jan 2025
 * 09:15:00 GMT"), and seconds, milliseconds, microseconds or nanoseconds since 1970 (told apart by
 * their length). Not read is what means different days in different countries: 01/02/2025. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"

/* Parses a whole text into nanoseconds since 1970-01-01T00:00:00Z. A time that names no zone is
 * `zone_seconds` east of UTC. False if it is no such time, or not between 1678 and 2261. */
bool rmv_timestamp_parse(const char *text, size_t size, int zone_seconds, int64_t *time_ns);

/* Appends "2025-01-01 09:15:00" (UTC), with as many decimals as it takes: none, 3, 6 or 9. */
void rmv_timestamp_append(struct rmv_buf *out, int64_t time_ns);

/* Parses the name of a zone: "UTC", "Z", "+05:30", "-0800". Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_timestamp_parse_zone(const char *text, int *zone_seconds);
