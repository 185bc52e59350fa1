#include "rmv/recomart/item_knn.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/recomart/ranking.h"

/* Scratch space for one item at a time. */
struct knn {
    const struct rmv_sparse *matrix;
    struct rmv_sparse by_item;
    double *lengths; /* of each column */
    double *sums;    /* inner products with the item at hand; 0 elsewhere */
};

static void knn_free(struct knn *knn)
{
    rmv_sparse_free(&knn->by_item);
    free(knn->lengths);
    free(knn->sums);
}

static void knn_open(const struct rmv_sparse *matrix, struct knn *knn)
{
    *knn = (struct knn){.matrix = matrix};
    rmv_sparse_transpose(matrix, &knn->by_item);
    knn->lengths = rmv_calloc(matrix->columns + 1, sizeof(double));
    knn->sums = rmv_calloc(matrix->columns + 1, sizeof(double));
    for (size_t i = 0; i < matrix->columns; i++) {
        double sum = 0;
        for (size_t j = knn->by_item.starts[i]; j < knn->by_item.starts[i + 1]; j++)
            sum += knn->by_item.values[j] * knn->by_item.values[j];
        knn->lengths[i] = sqrt(sum);
    }
}

/* Sets `sums` to the cosine similarities with `item`. */
static void similarities_of(struct knn *knn, size_t item)
{
    const struct rmv_sparse *by_user = knn->matrix;
    memset(knn->sums, 0, by_user->columns * sizeof(double));
    for (size_t j = knn->by_item.starts[item]; j < knn->by_item.starts[item + 1]; j++) {
        const size_t user = knn->by_item.indexes[j];
        for (size_t e = by_user->starts[user]; e < by_user->starts[user + 1]; e++)
            knn->sums[by_user->indexes[e]] += knn->by_item.values[j] * by_user->values[e];
    }
    for (size_t i = 0; i < by_user->columns; i++)
        if (knn->sums[i] != 0)
            knn->sums[i] /= knn->lengths[item] * knn->lengths[i];
}

static int compare_indexes(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

void rmv_item_knn_train(const struct rmv_sparse *matrix, size_t neighbours,
                        struct rmv_sparse *similar)
{
    assert(neighbours <= RMV_RANKING_K_MAX);
    const size_t items = matrix->columns;
    RMV_CLEANUP(knn_free) struct knn knn;
    knn_open(matrix, &knn);
    *similar = (struct rmv_sparse){.rows = items, .columns = items};
    similar->starts = rmv_calloc(items + 1, sizeof(*similar->starts));
    similar->indexes = rmv_calloc(items * neighbours + 1, sizeof(*similar->indexes));
    similar->values = rmv_calloc(items * neighbours + 1, sizeof(*similar->values));

    size_t end = 0;
    for (size_t i = 0; i < items; i++) {
        uint32_t best[RMV_RANKING_K_MAX];
        const uint32_t self = (uint32_t)i;
        const struct rmv_ranking_set without = {&self, 1};
        similarities_of(&knn, i);
        const size_t found = rmv_ranking_top(knn.sums, items, &without, neighbours, best);
        qsort(best, found, sizeof(*best), compare_indexes);
        for (size_t j = 0; j < found; j++)
            if (knn.sums[best[j]] > 0) {
                similar->indexes[end] = best[j];
                similar->values[end++] = knn.sums[best[j]];
            }
        similar->starts[i + 1] = end;
    }
}

void rmv_item_knn_score(const struct rmv_sparse *matrix, const struct rmv_sparse *similar,
                        size_t user, double *scores)
{
    memset(scores, 0, matrix->columns * sizeof(*scores));
    for (size_t j = matrix->starts[user]; j < matrix->starts[user + 1]; j++) {
        const size_t item = matrix->indexes[j];
        for (size_t n = similar->starts[item]; n < similar->starts[item + 1]; n++)
            scores[similar->indexes[n]] += matrix->values[j] * similar->values[n];
    }
}
