/* An endless clickstream: heavy-tailed users and products, sessions that keep user and device for a
 * few rows, times that rise monotonically. Columns: user_id,product_id,event_type,timestamp,device.
 */
#pragma once

#include "bench/random.h"
#include "rmv/base/buf.h"

#define CLICKS_HEADER "user_id,product_id,event_type,timestamp,device\n"

struct clicks {
    struct random_state random;
    uint64_t time_ms;
    size_t user, device, session_left; /* of the session under way */
    double *users_cumulated, *products_cumulated;
};

void clicks_open(uint64_t seed, struct clicks *clicks);
void clicks_close(struct clicks *clicks);

/* Appends one row, newline included. */
void clicks_append(struct clicks *clicks, struct rmv_buf *out);
