#include <math.h>
#include <stdlib.h>

#include "recomart/feature_tables.h"
#include "rmv/base/mem.h"

/* Version 2: what version 1 has, in the same places, and more behind it. "Now" is the time of the
 * newest event, so that the same events give the same features. */

#define DAY_NS (INT64_C(86400) * 1000000000)
#define HOUR_NS (INT64_C(3600) * 1000000000)

static int64_t newest_time(const struct rmv_events *events)
{
    int64_t newest = events->count ? events->time_ns[0] : 0;
    for (size_t i = 0; i < events->count; i++)
        newest = events->time_ns[i] > newest ? events->time_ns[i] : newest;
    return newest;
}

static double days_since(const struct rmv_events *events, size_t event, int64_t now_ns)
{
    return (double)(now_ns - events->time_ns[event]) / (double)DAY_NS;
}

/* Of a sample; NaN for fewer than two. */
static double deviation(const struct feature_group *group)
{
    return group->count > 1 ? sqrt(group->squares.total / (double)(group->count - 1)) : (double)NAN;
}

static const struct rmv_error *write_users(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    const size_t count = events->users.count;
    const int64_t now_ns = newest_time(events);
    RMV_CLEANUP(rmv_free)
    struct feature_group *groups = feature_groups_of(events, events->user, count);
    for (size_t i = 0; i < count; i++) {
        const struct feature_group *group = &groups[i];
        feature_append_key(out, events->users.items[i]);
        rmv_buf_append_format(out, ",%zu", group->count);
        feature_append_number(out, feature_mean(&group->score, group->count));
        feature_append_number(out, deviation(group));
        feature_append_number(out, group->highest - group->lowest);
        feature_append_number(out, days_since(events, group->last, now_ns));
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
}

static void append_integer(struct rmv_buf *out, double number)
{
    if (isnan(number))
        rmv_buf_append_string(out, ",");
    else
        rmv_buf_append_format(out, ",%.0f", number);
}

/* Attributes are those of the product's last event. */
static const struct rmv_error *write_items(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    const size_t count = events->items_count;
    RMV_CLEANUP(rmv_free)
    struct feature_group *groups = feature_groups_of(events, events->item, count);
    for (size_t i = 0; i < count; i++) {
        const struct feature_group *group = &groups[i];
        const double off = deviation(group);
        rmv_buf_append_format(out, "%lld,%zu", (long long)events->items[i], group->count);
        feature_append_number(out, feature_mean(&group->score, group->count));
        feature_append_number(out, feature_mean(&group->rating, group->rated));
        feature_append_number(out, events->attributes[RMV_ATTRIBUTE_RATING_COUNT][group->last]);
        feature_append_number(out, isnan(off) ? off : 1 / (1 + off));
        feature_append_number(out, events->attributes[RMV_ATTRIBUTE_PRICE][group->last]);
        append_integer(out, events->attributes[RMV_ATTRIBUTE_CATEGORY][group->last]);
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
}

struct pair_context {
    const struct rmv_events *events;
    const struct feature_group *users, *items;
    int64_t now_ns;
};

static void append_pair(const struct pair_context *context, const struct feature_group *pair,
                        struct rmv_buf *out)
{
    const struct rmv_events *events = context->events;
    const struct feature_group *user = &context->users[events->user[pair->last]];
    const struct feature_group *item = &context->items[events->item[pair->last]];
    const double mean = feature_mean(&pair->score, pair->count);
    const int64_t time_ns = events->time_ns[pair->last];
    const int64_t of_day_ns = ((time_ns % DAY_NS) + DAY_NS) % DAY_NS;
    feature_append_number(out, mean - feature_mean(&user->score, user->count));
    feature_append_number(out, mean - feature_mean(&item->score, item->count));
    feature_append_number(out, user->score.total > 0 ? pair->score.total / user->score.total
                                                     : (double)NAN);
    feature_append_number(out, days_since(events, pair->last, context->now_ns));
    rmv_buf_append_format(out, ",%lld", (long long)(of_day_ns / HOUR_NS));
}

static const struct rmv_error *write_pairs(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse pairs = {0};
    RMV_CLEANUP(rmv_free) uint32_t *member = NULL;
    const struct rmv_error *err = feature_pairs_of(events, &pairs, &member);
    if (err)
        return err;
    const size_t count = rmv_sparse_count(&pairs);
    RMV_CLEANUP(rmv_free)
    struct feature_group *groups = feature_groups_of(events, member, count);
    RMV_CLEANUP(rmv_free)
    struct feature_group *users = feature_groups_of(events, events->user, events->users.count);
    RMV_CLEANUP(rmv_free)
    struct feature_group *items = feature_groups_of(events, events->item, events->items_count);
    const struct pair_context context = {events, users, items, newest_time(events)};
    for (size_t j = 0; j < count; j++) {
        const size_t last = groups[j].last;
        feature_append_key(out, events->users.items[events->user[last]]);
        rmv_buf_append_format(out, ",%lld,%zu", (long long)events->items[events->item[last]],
                              groups[j].count);
        feature_append_number(out, groups[j].score.total);
        append_pair(&context, &groups[j], out);
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
}

static const struct rmv_feature_column user_columns[] = {
    {"user_id", RMV_FEATURE_TEXT},
    {"total_interactions", RMV_FEATURE_INT},
    {"avg_interaction_score", RMV_FEATURE_DOUBLE},
    {"score_std", RMV_FEATURE_DOUBLE},
    {"score_range", RMV_FEATURE_DOUBLE},
    {"days_since_last_interaction", RMV_FEATURE_DOUBLE},
};

static const struct rmv_feature_column item_columns[] = {
    {"product_id", RMV_FEATURE_INT},
    {"total_interactions", RMV_FEATURE_INT},
    {"avg_interaction_score", RMV_FEATURE_DOUBLE},
    {"avg_rating", RMV_FEATURE_DOUBLE},
    {"popularity_score", RMV_FEATURE_DOUBLE},
    {"score_consistency", RMV_FEATURE_DOUBLE},
    {"price_normalized", RMV_FEATURE_DOUBLE},
    {"category_encoded", RMV_FEATURE_INT},
};

static const struct rmv_feature_column user_item_columns[] = {
    {"user_id", RMV_FEATURE_TEXT},
    {"product_id", RMV_FEATURE_INT},
    {"interaction_count", RMV_FEATURE_INT},
    {"total_interaction_score", RMV_FEATURE_DOUBLE},
    {"score_above_user_mean", RMV_FEATURE_DOUBLE},
    {"score_above_item_mean", RMV_FEATURE_DOUBLE},
    {"affinity_score", RMV_FEATURE_DOUBLE},
    {"days_since_last_interaction", RMV_FEATURE_DOUBLE},
    {"last_hour", RMV_FEATURE_INT},
};

const struct feature_definition feature_definitions_v2[FEATURE_DEFINITIONS_COUNT] = {
    {"v2",
     "user_features",
     "user_features_v2.csv",
     {"user_features_v2", user_columns, 6, 1},
     write_users},
    {"v2",
     "item_features",
     "item_features_v2.csv",
     {"item_features_v2", item_columns, 8, 1},
     write_items},
    {"v2",
     "user_item_features",
     "user_item_features_v2.csv",
     {"user_item_features_v2", user_item_columns, 9, 2},
     write_pairs},
};
