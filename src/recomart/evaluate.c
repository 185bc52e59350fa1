#include "rmv/recomart/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/running_sum.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/item_knn.h"

#define USERS_AT_ONCE 64
#define NEIGHBOURS 50
#define NO_ITEM UINT32_MAX

static const char *const metric_titles[RMV_METRIC_COUNT] = {"Precision", "Recall", "NDCG",
                                                            "Hit rate",  "MAP",    "MRR"};
static const char *const metric_keys[RMV_METRIC_COUNT] = {"precision", "recall", "ndcg",
                                                          "hit_rate",  "map",    "mrr"};

const char *rmv_metric_title(enum rmv_metric metric)
{
    return metric_titles[metric];
}

const char *rmv_metric_key(enum rmv_metric metric)
{
    return metric_keys[metric];
}

/* ---- Adding up over users ---------------------------------------------------------------------
 */

struct tally {
    size_t k, items;
    size_t users;
    struct running_sum sums[RMV_METRIC_COUNT], squares[RMV_METRIC_COUNT];
    bool *recommended; /* per item: to anybody */
    struct rmv_tie_range ties;
};

static void tally_free(struct tally *tally)
{
    free(tally->recommended);
}

static void tally_open(size_t k, size_t items, struct tally *tally)
{
    *tally = (struct tally){.k = k, .items = items};
    tally->recommended = rmv_calloc(items + 1, sizeof(*tally->recommended));
}

static void count_list(struct tally *tally, const uint32_t *list, size_t count, uint32_t test_item)
{
    const struct rmv_ranking_set relevant = {&test_item, 1};
    const struct rmv_ranking_quality quality =
        rmv_ranking_measure(list, count, tally->k, &relevant);
    const double values[RMV_METRIC_COUNT] = {quality.precision, quality.recall, quality.ndcg,
                                             quality.hit_rate,  quality.map,    quality.mrr};
    for (size_t m = 0; m < RMV_METRIC_COUNT; m++) {
        running_sum_add(&tally->sums[m], values[m]);
        running_sum_add(&tally->squares[m], values[m] * values[m]);
    }
    for (size_t i = 0; i < count; i++)
        tally->recommended[list[i]] = true;
    tally->users++;
}

/* Where could the test item have come, had equal scores fallen otherwise? */
static void count_ties(struct tally *tally, const double *scores,
                       const struct rmv_ranking_set *excluded, uint32_t test_item)
{
    const double own = rmv_ranking_round(scores[test_item]);
    size_t above = 0;
    size_t equal = 0; /* the test item is one of them */
    size_t next = 0;
    for (size_t i = 0; i < tally->items; i++) {
        if (next < excluded->count && excluded->items[next] == i) {
            next++;
            continue;
        }
        /* Few are so close that rounding could matter. */
        if (fabs(scores[i] - scores[test_item]) > 2 * RMV_RANKING_TIE) {
            above += scores[i] > scores[test_item];
            continue;
        }
        const double score = rmv_ranking_round(scores[i]);
        above += score > own;
        equal += score == own;
    }
    const double places = above < tally->k ? (double)(tally->k - above) : 0;
    tally->ties.average += fmin(1, places / (double)equal);
    tally->ties.best += places > 0 ? 1 : 0;
    tally->ties.worst += places >= (double)equal ? 1 : 0;
    tally->ties.users += places > 0 && places < (double)equal;
}

static void finish(const struct tally *tally, struct rmv_scores *scores)
{
    const double n = (double)tally->users;
    for (size_t m = 0; m < RMV_METRIC_COUNT; m++) {
        const double mean = tally->sums[m].total / n;
        const double variance =
            tally->users > 1 ? fmax(0, tally->squares[m].total - n * mean * mean) / (n - 1) : 0;
        scores->metrics[m] = (struct rmv_mean){mean, 1.96 * sqrt(variance / n)};
    }
    size_t covered = 0;
    for (size_t i = 0; i < tally->items; i++)
        covered += tally->recommended[i];
    scores->coverage = tally->items ? (double)covered / (double)tally->items : 0;
}

static struct rmv_tie_range finish_ties(const struct tally *tally)
{
    const double n = (double)tally->users;
    return (struct rmv_tie_range){.users = tally->ties.users,
                                  .worst = tally->ties.worst / n,
                                  .average = tally->ties.average / n,
                                  .best = tally->ties.best / n};
}

/* ---- Rankers ----------------------------------------------------------------------------------
 */

static const struct rmv_ranking_set nothing;

/* Ranks by the model for every user with a test item. */
static void rank_by_model(const struct rmv_model *model, const uint32_t *test_items,
                          bool exclude_known, struct tally *tally)
{
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense scores = {0};
    uint32_t list[RMV_RANKING_K_MAX];
    for (size_t first = 0; first < model->users_count; first += USERS_AT_ONCE) {
        const size_t left = model->users_count - first;
        const size_t count = left < USERS_AT_ONCE ? left : USERS_AT_ONCE;
        rmv_model_score_many(model, first, count, &scores);
        for (size_t i = 0; i < count; i++) {
            const uint32_t test_item = test_items[first + i];
            if (test_item == NO_ITEM)
                continue;
            const double *row = scores.values + i * model->items_count;
            const struct rmv_ranking_set known =
                exclude_known ? rmv_model_known_items(model, first + i) : nothing;
            const size_t found = rmv_ranking_top(row, model->items_count, &known, tally->k, list);
            count_list(tally, list, found, test_item);
            count_ties(tally, row, &known, test_item);
        }
    }
}

static struct rmv_ranking_set known_items(const struct rmv_sparse *matrix, size_t user)
{
    return (struct rmv_ranking_set){matrix->indexes + matrix->starts[user],
                                    matrix->starts[user + 1] - matrix->starts[user]};
}

static void rank_by_popularity(const struct rmv_preferences *rest, const uint32_t *test_items,
                               struct tally *tally)
{
    const size_t items = rest->matrix.columns;
    RMV_CLEANUP(rmv_free) uint32_t *order = rmv_calloc(items + 1, sizeof(*order));
    RMV_CLEANUP(rmv_free) double *scores = rmv_calloc(items + 1, sizeof(*scores));
    uint32_t list[RMV_RANKING_K_MAX];
    rmv_model_rank_popularity(rest, order);
    for (size_t i = 0; i < items; i++)
        scores[order[i]] = -(double)i;
    for (size_t user = 0; user < rest->matrix.rows; user++) {
        if (test_items[user] == NO_ITEM)
            continue;
        const struct rmv_ranking_set known = known_items(&rest->matrix, user);
        const size_t found = rmv_ranking_top(scores, items, &known, tally->k, list);
        count_list(tally, list, found, test_items[user]);
    }
}

static void rank_by_neighbours(const struct rmv_preferences *rest, const uint32_t *test_items,
                               struct tally *tally)
{
    const size_t items = rest->matrix.columns;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse similar = {0};
    RMV_CLEANUP(rmv_free) double *scores = rmv_calloc(items + 1, sizeof(*scores));
    uint32_t list[RMV_RANKING_K_MAX];
    rmv_item_knn_train(&rest->matrix, items < NEIGHBOURS ? items : NEIGHBOURS, &similar);
    for (size_t user = 0; user < rest->matrix.rows; user++) {
        if (test_items[user] == NO_ITEM)
            continue;
        const struct rmv_ranking_set known = known_items(&rest->matrix, user);
        rmv_item_knn_score(&rest->matrix, &similar, user, scores);
        const size_t found = rmv_ranking_top(scores, items, &known, tally->k, list);
        count_list(tally, list, found, test_items[user]);
    }
}

/* ---- Protocols --------------------------------------------------------------------------------
 */

static const struct rmv_error *check(size_t k, const uint32_t *test_items, size_t users)
{
    if (k == 0 || k > RMV_RANKING_K_MAX)
        return rmv_error(RMV_ERR_USAGE, "k is %zu, not between 1 and %d", k, RMV_RANKING_K_MAX);
    for (size_t i = 0; i < users; i++)
        if (test_items[i] != NO_ITEM)
            return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_FAILED, "there is nobody to test on"),
                          "a test user needs at least two items");
}

const struct rmv_error *rmv_evaluate_customer(const struct rmv_model *model, size_t k,
                                              struct rmv_evaluation *evaluation)
{
    RMV_CLEANUP(rmv_free)
    uint32_t *test_items = rmv_calloc(model->users_count + 1, sizeof(*test_items));
    for (size_t i = 0; i < model->users_count; i++) {
        const struct rmv_ranking_set known = rmv_model_known_items(model, i);
        test_items[i] = known.count >= 2 ? known.items[known.count - 1] : NO_ITEM;
    }
    const struct rmv_error *err = check(k, test_items, model->users_count);
    if (err)
        return err;

    RMV_CLEANUP(tally_free) struct tally tally;
    tally_open(k, model->items_count, &tally);
    rank_by_model(model, test_items, false, &tally);
    *evaluation = (struct rmv_evaluation){
        .k = k, .users = tally.users, .items = model->items_count, .ties = finish_ties(&tally)};
    finish(&tally, &evaluation->model);
    return NULL;
}

/* Finds each user's last item and marks its events. */
static void hold_out(const struct rmv_events *events, uint32_t *test_items, bool *left_out)
{
    const size_t users = events->users.count;
    RMV_CLEANUP(rmv_free) int64_t *last = rmv_calloc(users + 1, sizeof(*last));
    RMV_CLEANUP(rmv_free) bool *has_two = rmv_calloc(users + 1, sizeof(*has_two));
    for (size_t i = 0; i < users; i++)
        test_items[i] = NO_ITEM;
    for (size_t i = 0; i < events->count; i++) {
        const uint32_t user = events->user[i];
        const bool is_first = test_items[user] == NO_ITEM;
        if (!is_first && events->item[i] != test_items[user])
            has_two[user] = true;
        /* Of two events at the same time the later line of the file is the last. */
        if (is_first || events->time_ns[i] >= last[user]) {
            last[user] = events->time_ns[i];
            test_items[user] = events->item[i];
        }
    }
    for (size_t i = 0; i < users; i++)
        if (!has_two[i])
            test_items[i] = NO_ITEM;
    for (size_t i = 0; i < events->count; i++)
        left_out[i] = events->item[i] == test_items[events->user[i]];
}

static void measure(const struct rmv_preferences *rest, const struct rmv_model *model,
                    const uint32_t *test_items, size_t k, struct rmv_evaluation *evaluation)
{
    RMV_CLEANUP(tally_free) struct tally by_model;
    RMV_CLEANUP(tally_free) struct tally by_popularity;
    RMV_CLEANUP(tally_free) struct tally by_neighbours;
    tally_open(k, model->items_count, &by_model);
    tally_open(k, model->items_count, &by_popularity);
    tally_open(k, model->items_count, &by_neighbours);
    rank_by_model(model, test_items, true, &by_model);
    rank_by_popularity(rest, test_items, &by_popularity);
    rank_by_neighbours(rest, test_items, &by_neighbours);
    *evaluation = (struct rmv_evaluation){.k = k,
                                          .users = by_model.users,
                                          .items = model->items_count,
                                          .ties = finish_ties(&by_model)};
    finish(&by_model, &evaluation->model);
    finish(&by_popularity, &evaluation->popularity);
    finish(&by_neighbours, &evaluation->item_knn);
}

const struct rmv_error *rmv_evaluate_leave_last_out(const struct rmv_events *events,
                                                    const struct rmv_model_options *options,
                                                    size_t k, struct rmv_evaluation *evaluation)
{
    RMV_CLEANUP(rmv_free)
    uint32_t *test_items = rmv_calloc(events->users.count + 1, sizeof(*test_items));
    RMV_CLEANUP(rmv_free) bool *left_out = rmv_calloc(events->count + 1, sizeof(*left_out));
    hold_out(events, test_items, left_out);
    const struct rmv_error *err = check(k, test_items, events->users.count);
    if (err)
        return err;

    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences rest = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    const struct rmv_model_source source = {.features_version = "held-out"};
    err = rmv_events_sum(events, left_out, &rest);
    if (!err)
        err = rmv_model_train(&rest, options, &source, &bytes);
    if (!err)
        err = rmv_model_parse("held-out", bytes.data, bytes.size, &model);
    if (err)
        return rmv_error_context(err, "training without the last items");
    measure(&rest, &model, test_items, k, evaluation);
    return NULL;
}
