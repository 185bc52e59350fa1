#include "rmv/recomart/model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/model_file.h"
#include "rmv/base/mem.h"
#include "rmv/linalg/svd.h"

/* ---- Using ------------------------------------------------------------------------------------
 */

const char *rmv_model_user(const struct rmv_model *model, size_t index)
{
    return model->user_text + model->user_ends[index];
}

size_t rmv_model_find_user(const struct rmv_model *model, const char *user)
{
    size_t from = 0;
    size_t to = model->users_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = strcmp(user, rmv_model_user(model, middle));
        if (order == 0)
            return middle;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return RMV_NOT_FOUND;
}

struct rmv_ranking_set rmv_model_known_items(const struct rmv_model *model, size_t user)
{
    return (struct rmv_ranking_set){
        .items = model->indexes + model->starts[user],
        .count = model->starts[user + 1] - model->starts[user],
    };
}

/* Adds one entry of a row a to the taste a·V. */
static void add_taste(const struct rmv_model *model, size_t item, double strength, double *taste)
{
    const double *vector = model->right + item * model->rank;
    for (size_t k = 0; k < model->rank; k++)
        taste[k] += strength * vector[k];
}

void rmv_model_score_many(const struct rmv_model *model, size_t first, size_t count,
                          struct rmv_dense *scores)
{
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense tastes = {0};
    rmv_dense_resize(&tastes, count, model->rank);
    for (size_t i = 0; i < count; i++)
        for (size_t j = model->starts[first + i]; j < model->starts[first + i + 1]; j++)
            add_taste(model, model->indexes[j], model->strengths[j],
                      tastes.values + i * model->rank);
    /* The product only reads it. */
    const struct rmv_dense right = {.rows = model->items_count,
                                    .columns = model->rank,
                                    .values = (double *)(uintptr_t)model->right};
    rmv_dense_resize(scores, count, model->items_count);
    rmv_dense_multiply_transposed(&tastes, &right, scores);
}

/* ---- Weighting --------------------------------------------------------------------------------
 */

static const char *const weighting_names[] = {
    [RMV_MODEL_SUM] = "sum", [RMV_MODEL_BINARY] = "binary", [RMV_MODEL_LOG1P] = "log1p"};

const char *rmv_model_weighting_name(enum rmv_model_weighting weighting)
{
    return weighting_names[weighting];
}

const struct rmv_error *rmv_model_weighting_parse(const char *name,
                                                  enum rmv_model_weighting *weighting)
{
    for (int i = RMV_MODEL_SUM; i <= RMV_MODEL_LOG1P; i++)
        if (strcmp(name, weighting_names[i]) == 0) {
            *weighting = i;
            return NULL;
        }
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "unknown weighting '%s'", name),
                          "use sum, binary or log1p");
}

static double weighted(double strength, enum rmv_model_weighting weighting)
{
    switch (weighting) {
    case RMV_MODEL_SUM:
        return strength;
    case RMV_MODEL_BINARY:
        return 1;
    case RMV_MODEL_LOG1P:
        return log1p(strength);
    }
    assert(false);
    return 0;
}

void rmv_model_score_row(const struct rmv_model *model, const struct rmv_model_row *row,
                         double *scores)
{
    RMV_CLEANUP(rmv_free) double *taste = rmv_calloc(model->rank, sizeof(*taste));
    for (size_t j = 0; j < row->count; j++)
        add_taste(model, row->indexes[j], weighted(row->strengths[j], model->options.weighting),
                  taste);
    for (size_t i = 0; i < model->items_count; i++) {
        const double *vector = model->right + i * model->rank;
        double sum = 0;
        for (size_t k = 0; k < model->rank; k++)
            sum += taste[k] * vector[k];
        scores[i] = sum;
    }
}

/* ---- Training ---------------------------------------------------------------------------------
 */

static void copy_matrix(const struct rmv_sparse *from, struct rmv_sparse *to)
{
    const size_t count = rmv_sparse_count(from);
    *to = (struct rmv_sparse){.rows = from->rows, .columns = from->columns};
    to->starts = rmv_calloc(from->rows + 1, sizeof(*to->starts));
    to->indexes = rmv_calloc(count + 1, sizeof(*to->indexes));
    to->values = rmv_calloc(count + 1, sizeof(*to->values));
    memcpy(to->starts, from->starts, (from->rows + 1) * sizeof(*to->starts));
    memcpy(to->indexes, from->indexes, count * sizeof(*to->indexes));
    memcpy(to->values, from->values, count * sizeof(*to->values));
}

/* Takes some of the weight of popular items: column j is divided by (its users)^s. */
static void scale_by_popularity(struct rmv_sparse *matrix, double s)
{
    const size_t count = rmv_sparse_count(matrix);
    RMV_CLEANUP(rmv_free) size_t *degrees = rmv_calloc(matrix->columns + 1, sizeof(*degrees));
    for (size_t i = 0; i < count; i++)
        degrees[matrix->indexes[i]]++;
    for (size_t i = 0; i < count; i++)
        matrix->values[i] *= pow((double)degrees[matrix->indexes[i]], -s);
}

struct popularity {
    uint32_t index;
    size_t events;
    double rating;
};

static int compare_popularity(const void *left, const void *right)
{
    const struct popularity *a = left;
    const struct popularity *b = right;
    if (a->events != b->events)
        return a->events < b->events ? 1 : -1;
    if (a->rating != b->rating)
        return a->rating < b->rating ? 1 : -1;
    return a->index < b->index ? 1 : -1;
}

void rmv_model_rank_popularity(const struct rmv_preferences *preferences, uint32_t *order)
{
    const size_t count = preferences->matrix.columns;
    RMV_CLEANUP(rmv_free) struct popularity *items = rmv_calloc(count + 1, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        const double rating = preferences->ratings[i];
        items[i] = (struct popularity){(uint32_t)i, preferences->events[i],
                                       isnan(rating) ? -INFINITY : rating};
    }
    qsort(items, count, sizeof(*items), compare_popularity);
    for (size_t i = 0; i < count; i++)
        order[i] = items[i].index;
}

static const struct rmv_error *check_options(const struct rmv_preferences *preferences,
                                             const struct rmv_model_options *options)
{
    if (options->rank == 0 || options->rank > RMV_MODEL_RANK_MAX)
        return rmv_error(RMV_ERR_USAGE, "rank %zu is not between 1 and %d", options->rank,
                         RMV_MODEL_RANK_MAX);
    if (!(options->popularity_scale >= 0 && options->popularity_scale <= 1))
        return rmv_error(RMV_ERR_USAGE, "popularity scale %g is not between 0 and 1",
                         options->popularity_scale);
    if (rmv_sparse_count(&preferences->matrix) == 0)
        return rmv_error(RMV_ERR_FAILED, "there are no interactions to learn from");
    return NULL;
}

static void fill_users(const struct rmv_preferences *preferences, char *bytes,
                       const struct model_layout *layout)
{
    uint64_t *ends = (uint64_t *)(void *)(bytes + layout->user_ends);
    char *text = bytes + layout->user_text;
    uint64_t end = 0;
    for (size_t i = 0; i < preferences->users.count; i++) {
        const size_t size = strlen(preferences->users.items[i]) + 1;
        ends[i] = end;
        memcpy(text + end, preferences->users.items[i], size);
        end += size;
    }
    ends[preferences->users.count] = end;
}

static void fill_rows(const struct rmv_sparse *rows, char *bytes, const struct model_layout *layout)
{
    const size_t count = rmv_sparse_count(rows);
    uint64_t *starts = (uint64_t *)(void *)(bytes + layout->starts);
    for (size_t i = 0; i <= rows->rows; i++)
        starts[i] = rows->starts[i];
    memcpy(bytes + layout->indexes, rows->indexes, count * sizeof(*rows->indexes));
    memcpy(bytes + layout->strengths, rows->values, count * sizeof(*rows->values));
}

static void format(const struct model_header *header, const struct rmv_preferences *preferences,
                   const struct rmv_sparse *rows, const struct rmv_svd *svd, struct rmv_buf *out)
{
    const struct model_layout layout = model_layout_of(header);
    char *bytes = rmv_buf_reserve(out, layout.end);
    memset(bytes, 0, layout.end);
    memcpy(bytes, header, sizeof(*header));
    memcpy(bytes + layout.values, svd->values, svd->rank * sizeof(double));
    memcpy(bytes + layout.right, svd->right.values, header->items * svd->rank * sizeof(double));
    memcpy(bytes + layout.items, preferences->items, header->items * sizeof(int64_t));
    rmv_model_rank_popularity(preferences, (uint32_t *)(void *)(bytes + layout.popular));
    fill_users(preferences, bytes, &layout);
    fill_rows(rows, bytes, &layout);
    rmv_sha256(bytes, layout.checksum, (uint8_t *)(bytes + layout.checksum));
    out->size += layout.end;
}

static struct model_header header_of(const struct rmv_preferences *preferences,
                                     const struct rmv_model_options *options,
                                     const struct rmv_model_source *source, size_t rank)
{
    struct model_header header = {.magic = {0}, .version = MODEL_VERSION};
    memcpy(header.magic, MODEL_MAGIC, sizeof(header.magic));
    header.header_bytes = sizeof(header);
    header.users = preferences->matrix.rows;
    header.items = preferences->matrix.columns;
    header.entries = rmv_sparse_count(&preferences->matrix);
    header.rank = rank;
    for (size_t i = 0; i < preferences->users.count; i++)
        header.user_text_bytes += strlen(preferences->users.items[i]) + 1;
    header.rank_wanted = options->rank;
    header.weighting = options->weighting;
    header.popularity_scale = options->popularity_scale;
    memcpy(header.features_version, source->features_version, strlen(source->features_version));
    memcpy(header.features_id, source->features_id, RMV_SHA256_SIZE);
    header.file_bytes = model_layout_of(&header).end;
    return header;
}

const struct rmv_error *rmv_model_train(const struct rmv_preferences *preferences,
                                        const struct rmv_model_options *options,
                                        const struct rmv_model_source *source,
                                        struct rmv_buf *bytes)
{
    const struct rmv_error *err = check_options(preferences, options);
    if (err)
        return err;
    if (strlen(source->features_version) >= RMV_MODEL_VERSION_BYTES)
        return rmv_error(RMV_ERR_USAGE, "'%s' is too long for a feature version",
                         source->features_version);

    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse rows = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse scaled = {0};
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    copy_matrix(&preferences->matrix, &rows);
    for (size_t i = 0; i < rmv_sparse_count(&rows); i++)
        rows.values[i] = weighted(rows.values[i], options->weighting);
    copy_matrix(&rows, &scaled);
    if (options->popularity_scale > 0)
        scale_by_popularity(&scaled, options->popularity_scale);

    err = rmv_svd_of(&scaled, options->rank, RMV_SVD_AUTO, &svd);
    if (err)
        return err;
    const struct model_header header = header_of(preferences, options, source, svd.rank);
    format(&header, preferences, &rows, &svd, bytes);
    return NULL;
}
