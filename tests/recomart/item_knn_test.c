#include "rmv/recomart/item_knn.h"

#include <math.h>

#include "rmv/base/mem.h"
#include "test.h"

/* Users × items | 1 1 0 0 |
 *               | 2 2 1 0 |
 *               | 0 1 0 0 |   Item 3 has no users. */
static const struct rmv_triplet triplets[] = {
    {0, 0, 1}, {0, 1, 1}, {1, 0, 2}, {1, 1, 2}, {1, 2, 1}, {2, 1, 1},
};

static void similarities_are_cosines_of_columns(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse matrix = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse similar = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 3, 4, &matrix));
    rmv_item_knn_train(&matrix, 4, &similar);
    /* ‖0‖ = √5, ‖1‖ = √6, ‖2‖ = 1; products 0·1 = 5, 0·2 = 2, 1·2 = 2. */
    const size_t starts[] = {0, 2, 4, 6, 6};
    const uint32_t indexes[] = {1, 2, 0, 2, 0, 1};
    const double values[] = {5 / sqrt(30), 2 / sqrt(5), 5 / sqrt(30),
                             2 / sqrt(6),  2 / sqrt(5), 2 / sqrt(6)};
    assert_memory_equal(similar.starts, starts, sizeof(starts));
    assert_memory_equal(similar.indexes, indexes, sizeof(indexes));
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs(similar.values[i] - values[i]) < 1e-15);
}

static void only_the_best_neighbours_are_kept(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse matrix = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse similar = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 3, 4, &matrix));
    rmv_item_knn_train(&matrix, 1, &similar);
    const uint32_t indexes[] = {1, 0, 0};
    assert_int_equal(rmv_sparse_count(&similar), 3);
    assert_memory_equal(similar.indexes, indexes, sizeof(indexes));
}

static void a_user_scores_by_what_was_touched(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse matrix = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse similar = {0};
    double scores[4];
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 3, 4, &matrix));
    rmv_item_knn_train(&matrix, 4, &similar);
    rmv_item_knn_score(&matrix, &similar, 0, scores);
    assert_true(fabs(scores[2] - (2 / sqrt(5) + 2 / sqrt(6))) < 1e-15);
    assert_true(scores[3] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(similarities_are_cosines_of_columns),
        TEST(only_the_best_neighbours_are_kept),
        TEST(a_user_scores_by_what_was_touched),
    };
    return RUN_TESTS(tests);
}
