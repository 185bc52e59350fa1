#include "bench/clicks.h"

#include <math.h>
#include <stdlib.h>

#include "rmv/base/mem.h"

#define USERS_COUNT 500000
#define PRODUCTS_COUNT 60000

static const char *const events[] = {"view",     "click",  "add_to_cart", "remove_from_cart",
                                     "purchase", "search", "wishlist"};
static const double events_cumulated[] = {62, 82, 90, 92, 95, 99, 100};
static const char *const devices[] = {
    "mobile-ios",     "mobile-android", "desktop-chrome", "desktop-firefox",
    "desktop-safari", "tablet-ipad",    "tv-app",         "bot"};
static const double devices_cumulated[] = {26, 60, 82, 87, 93, 97, 99, 100};
static const double session_rows_cumulated[] = {20, 40, 65, 80, 100};

static double *zipf(size_t count, double exponent)
{
    double *cumulated = rmv_calloc(count, sizeof(*cumulated));
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        cumulated[i] = sum += pow((double)(i + 1), -exponent);
    return cumulated;
}

void clicks_open(uint64_t seed, struct clicks *clicks)
{
    *clicks = (struct clicks){.time_ms = 1735689600000u};
    random_seed(&clicks->random, seed);
    clicks->users_cumulated = zipf(USERS_COUNT, 0.8);
    clicks->products_cumulated = zipf(PRODUCTS_COUNT, 0.95);
}

void clicks_close(struct clicks *clicks)
{
    free(clicks->users_cumulated);
    free(clicks->products_cumulated);
}

static void start_session(struct clicks *clicks)
{
    struct random_state *random = &clicks->random;
    clicks->user = random_choice(random, clicks->users_cumulated, USERS_COUNT);
    clicks->device = random_choice(random, devices_cumulated, 8);
    clicks->session_left = random_choice(random, session_rows_cumulated, 5) + 1;
}

void clicks_append(struct clicks *clicks, struct rmv_buf *out)
{
    if (clicks->session_left == 0)
        start_session(clicks);
    clicks->session_left--;

    struct random_state *random = &clicks->random;
    const size_t product = random_choice(random, clicks->products_cumulated, PRODUCTS_COUNT);
    const size_t event = random_choice(random, events_cumulated, 7);
    clicks->time_ms += 1 + random_below(random, 63);
    rmv_buf_append_format(out, "u%07zu,SKU-%05zu,%s,%llu.%03llu,%s\n",
                          (clicks->user * 7919 + 13) % 9999991, (product * 104729 + 7) % 99991,
                          events[event], (unsigned long long)(clicks->time_ms / 1000),
                          (unsigned long long)(clicks->time_ms % 1000), devices[clicks->device]);
}
