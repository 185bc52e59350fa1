#include "recomart/feature_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"

/* ---- Groups of events -------------------------------------------------------------------------
 */

static void add_event(struct feature_group *group, const struct rmv_events *events, size_t i)
{
    const double score = events->score[i];
    const double rating = events->attributes[RMV_ATTRIBUTE_RATING][i];
    if (group->count == 0 || score < group->lowest)
        group->lowest = score;
    if (group->count == 0 || score > group->highest)
        group->highest = score;
    if (group->count == 0 || events->time_ns[i] >= events->time_ns[group->last])
        group->last = i;
    group->count++;
    running_sum_add(&group->score, score);
    if (!isnan(rating)) {
        group->rated++;
        running_sum_add(&group->rating, rating);
    }
}

struct feature_group *feature_groups_of(const struct rmv_events *events, const uint32_t *member,
                                        size_t groups_count)
{
    struct feature_group *groups = rmv_calloc(groups_count + 1, sizeof(*groups));
    for (size_t i = 0; i < events->count; i++)
        add_event(&groups[member[i]], events, i);
    for (size_t i = 0; i < events->count; i++) {
        struct feature_group *group = &groups[member[i]];
        const double off = events->score[i] - feature_mean(&group->score, group->count);
        running_sum_add(&group->squares, off * off);
    }
    return groups;
}

const struct rmv_error *feature_pairs_of(const struct rmv_events *events, struct rmv_sparse *pairs,
                                         uint32_t **member)
{
    RMV_CLEANUP(rmv_free)
    struct rmv_triplet *triplets = rmv_calloc(events->count + 1, sizeof(*triplets));
    for (size_t i = 0; i < events->count; i++)
        triplets[i] = (struct rmv_triplet){events->user[i], events->item[i], 1};
    const struct rmv_error *err = rmv_sparse_of_triplets(
        triplets, events->count, events->users.count, events->items_count, pairs);
    if (err)
        return err;
    *member = rmv_calloc(events->count + 1, sizeof(**member));
    for (size_t i = 0; i < events->count; i++) {
        size_t from = pairs->starts[events->user[i]];
        size_t to = pairs->starts[events->user[i] + 1];
        while (to - from > 1) {
            const size_t middle = from + (to - from) / 2;
            if (pairs->indexes[middle] <= events->item[i])
                from = middle;
            else
                to = middle;
        }
        (*member)[i] = (uint32_t)from;
    }
    return NULL;
}

double feature_mean(const struct running_sum *sum, size_t count)
{
    return count ? sum->total / (double)count : (double)NAN;
}

void feature_append_key(struct rmv_buf *out, const char *text)
{
    rmv_csv_append(out, text, strlen(text));
}

void feature_append_number(struct rmv_buf *out, double number)
{
    rmv_buf_append_string(out, ",");
    rmv_csv_append_double(out, number);
}

/* ---- Rows of version 1 ------------------------------------------------------------------------
 */

static const struct rmv_error *write_users(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    const size_t count = events->users.count;
    RMV_CLEANUP(rmv_free)
    struct feature_group *groups = feature_groups_of(events, events->user, count);
    for (size_t i = 0; i < count; i++) {
        feature_append_key(out, events->users.items[i]);
        rmv_buf_append_format(out, ",%zu", groups[i].count);
        feature_append_number(out, feature_mean(&groups[i].score, groups[i].count));
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
}

static const struct rmv_error *write_items(const struct rmv_events *events, struct rmv_buf *out,
                                           size_t *rows)
{
    const size_t count = events->items_count;
    RMV_CLEANUP(rmv_free)
    struct feature_group *groups = feature_groups_of(events, events->item, count);
    for (size_t i = 0; i < count; i++) {
        rmv_buf_append_format(out, "%lld,%zu", (long long)events->items[i], groups[i].count);
        feature_append_number(out, feature_mean(&groups[i].score, groups[i].count));
        feature_append_number(out, feature_mean(&groups[i].rating, groups[i].rated));
        rmv_buf_append_string(out, "\n");
    }
    *rows = count;
    return NULL;
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
    for (size_t user = 0; user < pairs.rows; user++)
        for (size_t j = pairs.starts[user]; j < pairs.starts[user + 1]; j++) {
            feature_append_key(out, events->users.items[user]);
            rmv_buf_append_format(out, ",%lld,%zu", (long long)events->items[pairs.indexes[j]],
                                  groups[j].count);
            feature_append_number(out, groups[j].score.total);
            rmv_buf_append_string(out, "\n");
        }
    *rows = count;
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

const struct feature_definition feature_definitions_v1[FEATURE_DEFINITIONS_COUNT] = {
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
