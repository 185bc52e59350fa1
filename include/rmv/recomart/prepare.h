/* Preparation: validated partitions become one table of interactions, joined with the products.
 *
 * Rows without user or product, of other event types, or whose time cannot be read are dropped;
 * times become UTC; the same event (user, product, type, time, device) counts once, however often
 * and on however many days it was ingested; each is joined with the newest snapshot of its product.
 * Purchases (transactions) join in as event type `purchase`, ratings as `rating`. Rows come in the
 * order of partitions and, within, of their file; the same input gives the same bytes.
 *
 * Columns: user_id, product_id, event_type, timestamp, device; id, title, price, description,
 * category, image, rating.rate, rating.count of the product, empty where the catalogue lacks it;
 * event_score; category_encoded (categories that occur, sorted bytewise, from 0); price_normalized
 * (0 … 1 between the lowest and highest price that occur); hour (0 … 23, UTC). Columns that the
 * sources have beyond their own are not carried over. */
#pragma once

#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/recomart/settings.h"

enum rmv_event {
    RMV_EVENT_VIEW,
    RMV_EVENT_CLICK,
    RMV_EVENT_ADD_TO_CART,
    RMV_EVENT_PURCHASE,
    RMV_EVENT_RATING,
    RMV_EVENTS,
};

const char *rmv_event_name(enum rmv_event event); /* "add_to_cart" */

enum rmv_impute { RMV_IMPUTE_NOTHING, RMV_IMPUTE_MEAN, RMV_IMPUTE_MEDIAN };

/* Section `prepare` of params.yaml. */
struct rmv_prepare_options {
    int zone_seconds;            /* of times that name no zone, east of UTC */
    double strength[RMV_EVENTS]; /* a purchase: per unit; 0 leaves purchases out; a rating: ×1 */
    const char *device;          /* for interactions without one; "" leaves it empty */
    const char *category;        /* for products without one; "" leaves it empty */
    enum rmv_impute price;       /* for products without one, over those that occur */
};

/* Reads the section; the texts live as long as the settings. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_prepare_options_read(const struct rmv_settings *settings,
                                                 struct rmv_prepare_options *options);

struct rmv_prepare_summary {
    uint64_t read;            /* records of all partitions */
    uint64_t without_ids;     /* dropped: no user or no product */
    uint64_t of_other_types;  /* dropped: another event type */
    uint64_t without_time;    /* dropped: the time cannot be read */
    uint64_t duplicates;      /* dropped: the same event before */
    uint64_t without_product; /* kept, but the catalogue lacks the product */
    uint64_t rows;            /* written */
    uint64_t users, products, pairs;
    char catalogue_date[11]; /* "2025-01-01", of the newest snapshot */
};

/* Writes PROCESSED/prepared_interactions.csv and the plots in PROCESSED/eda/. What was dropped goes
 * to `log` (may be NULL). Errors: NOT_FOUND (nothing was validated), CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_prepare(const struct rmv_settings *settings,
                                    const struct rmv_prepare_options *options, struct rmv_log *log,
                                    struct rmv_prepare_summary *summary);
