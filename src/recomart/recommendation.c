#include "rmv/recomart/recommendation.h"

#include <stdlib.h>

#include "rmv/base/mem.h"

void rmv_recommendations_free(struct rmv_recommendations *recommendations)
{
    free(recommendations->items);
    *recommendations = (struct rmv_recommendations){0};
}

/* A user's row, in the model's numbering of items; items that came after training are left out. */
struct row {
    const struct rmv_model *model;
    uint32_t *indexes;
    double *strengths;
    size_t count, capacity;
    bool is_known; /* the feature store has heard of the user */
};

static void row_free(struct row *row)
{
    free(row->indexes);
    free(row->strengths);
}

/* Rows come in ascending order of product numbers, which is the model's order too. */
static const struct rmv_error *take(void *context, const struct rmv_feature_value *values)
{
    struct row *row = context;
    row->is_known = true;
    const size_t item =
        rmv_preferences_search(row->model->items, row->model->items_count, values[1].integer);
    if (item == RMV_NOT_FOUND || values[1].is_null || values[3].is_null)
        return NULL;
    if (row->count == row->capacity) {
        row->capacity = row->capacity ? 2 * row->capacity : 64;
        row->indexes = rmv_realloc(row->indexes, row->capacity * sizeof(*row->indexes));
        row->strengths = rmv_realloc(row->strengths, row->capacity * sizeof(*row->strengths));
    }
    row->indexes[row->count] = (uint32_t)item;
    row->strengths[row->count++] = values[3].number;
    return NULL;
}

static const struct rmv_error *look_up(const struct rmv_feature_files *files,
                                       struct rmv_feature_store *store, const char *user,
                                       struct row *row)
{
    const char *version = row->model->features_version;
    const struct rmv_feature_file *file =
        rmv_feature_files_find(files, version, "user_item_features");
    if (!file || file->table.columns_count < 4)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                        "the model needs features %s, which '%s' does not have",
                                        version, files->folder),
                              "train again: recomart train");
    const struct rmv_feature_condition condition = {"user_id",
                                                    {.type = RMV_FEATURE_TEXT, .text = user}};
    const struct rmv_feature_query query = {&file->table, &condition, 1};
    return rmv_feature_store_select(store, &query, take, row);
}

static void score_by_popularity(const struct rmv_model *model, double *scores)
{
    for (size_t i = 0; i < model->items_count; i++)
        scores[model->popular[i]] = -(double)(i + 1);
}

const struct rmv_error *rmv_recommend(const struct rmv_model *model,
                                      const struct rmv_feature_files *files,
                                      struct rmv_feature_store *store,
                                      const struct rmv_recommend_options *options,
                                      struct rmv_recommendations *recommendations)
{
    if (options->k == 0 || options->k > RMV_RANKING_K_MAX)
        return rmv_error(RMV_ERR_USAGE, "k is %zu, not between 1 and %d", options->k,
                         RMV_RANKING_K_MAX);
    RMV_CLEANUP(row_free) struct row row = {.model = model};
    const struct rmv_error *err = look_up(files, store, options->user, &row);
    if (err)
        return err;

    RMV_CLEANUP(rmv_free) double *scores = rmv_calloc(model->items_count + 1, sizeof(*scores));
    const bool is_fallback = row.count == 0;
    if (is_fallback)
        score_by_popularity(model, scores);
    else
        rmv_model_score_row(model, &(struct rmv_model_row){row.indexes, row.strengths, row.count},
                            scores);
    uint32_t best[RMV_RANKING_K_MAX];
    const struct rmv_ranking_set known = {row.indexes, options->include_known ? 0 : row.count};
    const size_t count = rmv_ranking_top(scores, model->items_count, &known, options->k, best);
    *recommendations = (struct rmv_recommendations){.count = count, .is_fallback = is_fallback};
    recommendations->items = rmv_calloc(count + 1, sizeof(*recommendations->items));
    for (size_t i = 0; i < count; i++)
        recommendations->items[i] =
            (struct rmv_recommendation){model->items[best[i]], scores[best[i]]};
    return NULL;
}
