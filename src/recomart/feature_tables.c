#include "recomart/feature_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/running_sum.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/csv.h"

/* Sums per user or per item, from the first event to the last. */
struct group {
    size_t count, rated;
    struct running_sum score, rating;
};

static struct group *group_events(const struct rmv_events *events, const uint32_t *member,
                                  size_t groups_count)
{
    struct group *groups = rmv_calloc(groups_count + 1, sizeof(*groups));
    for (size_t i = 0; i < events->count; i++) {
        struct group *group = &groups[member[i]];
        group->count++;
        running_sum_add(&group->score, events->score[i]);
        if (!isnan(events->rating[i])) {
            group->rated++;
            running_sum_add(&group->rating, events->rating[i]);
        }
    }
    return groups;
}

static void append_key(struct rmv_buf *out, const char *user)
{
    rmv_csv_append(out, user, strlen(user));
}

static void append_number(struct rmv_buf *out, double number)
{
    rmv_buf_append_string(out, ",");
    rmv_csv_append_double(out, number);
}

static double mean(double sum, size_t count)
{
    return count ? sum / (double)count : (double)NAN;
}

static const struct rmv_error *write_users(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    const size_t count = events->users.count;
    RMV_CLEANUP(rmv_free) struct group *groups = group_events(events, events->user, count);
    for (size_t i = 0; i < count; i++) {
        append_key(out, events->users.items[i]);
        rmv_buf_append_format(out, ",%zu", groups[i].count);
        append_number(out, mean(groups[i].score.total, groups[i].count));
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
}

static const struct rmv_error *write_items(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    const size_t count = events->items_count;
    RMV_CLEANUP(rmv_free) struct group *groups = group_events(events, events->item, count);
    for (size_t i = 0; i < count; i++) {
        rmv_buf_append_format(out, "%lld,%zu", (long long)events->items[i], groups[i].count);
        append_number(out, mean(groups[i].score.total, groups[i].count));
        append_number(out, mean(groups[i].rating.total, groups[i].rated));
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
}

/* users × items with the sum of `value` (of 1 for NULL) over the events of each pair. */
static const struct rmv_error *sum_pairs(const struct rmv_events *events, const double *value,
                                         struct rmv_sparse *sums)
{
    RMV_CLEANUP(rmv_free)
    struct rmv_triplet *triplets = rmv_calloc(events->count + 1, sizeof(*triplets));
    for (size_t i = 0; i < events->count; i++)
        triplets[i] = (struct rmv_triplet){events->user[i], events->item[i], value ? value[i] : 1};
    return rmv_sparse_of_triplets(triplets, events->count, events->users.count, events->items_count,
                                  sums);
}

static const struct rmv_error *write_pairs(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse counts = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse scores = {0};
    const struct rmv_error *err = sum_pairs(events, NULL, &counts);
    if (!err)
        err = sum_pairs(events, events->score, &scores);
    if (err)
        return err;
    for (size_t user = 0; user < counts.rows; user++)
        for (size_t j = counts.starts[user]; j < counts.starts[user + 1]; j++) {
            append_key(out, events->users.items[user]);
            rmv_buf_append_format(out, ",%lld,%.0f", (long long)events->items[counts.indexes[j]],
                                  counts.values[j]);
            append_number(out, scores.values[j]);
            rmv_buf_append_string(out, "\n");
        }
    *rows = rmv_sparse_count(&counts);
    return NULL;
}

/* ---- Version 1: the customer's tables ---------------------------------------------------------
 */

static const struct rmv_feature_column user_columns[] = {
    {"user_id", RMV_FEATURE_TEXT},
    {"total_interactions", RMV_FEATURE_INT},
    {"avg_interaction_score", RMV_FEATURE_DOUBLE},
};

static const struct rmv_feature_column item_columns[] = {
    {"product_id", RMV_FEATURE_INT},
    {"total_interactions", RMV_FEATURE_INT},
    {"avg_interaction_score", RMV_FEATURE_DOUBLE},
    {"avg_rating", RMV_FEATURE_DOUBLE},
};

static const struct rmv_feature_column user_item_columns[] = {
    {"user_id", RMV_FEATURE_TEXT},
    {"product_id", RMV_FEATURE_INT},
    {"interaction_count", RMV_FEATURE_INT},
    {"total_interaction_score", RMV_FEATURE_DOUBLE},
};

const struct feature_definition feature_definitions[] = {
    {"v1",
     "user_features",
     "user_features.csv",
     {"user_features", user_columns, 3, 1},
     write_users},
    {"v1",
     "item_features",
     "item_features.csv",
     {"item_features", item_columns, 4, 1},
     write_items},
    {"v1",
     "user_item_features",
     "user_item_features.csv",
     {"user_item_features", user_item_columns, 4, 2},
     write_pairs},
};
const size_t feature_definitions_count =
    sizeof(feature_definitions) / sizeof(feature_definitions[0]);
