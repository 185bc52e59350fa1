#include "rmv/linalg/sparse.h"

#include <math.h>

#include "rmv/base/mem.h"
#include "test.h"

/* | 1 0 2 |
 * | 0 0 0 |
 * | 0 3 0 |
 * | 4 0 5 |  with the 5 given as 2 + 3 */
static const struct rmv_triplet triplets[] = {
    {3, 2, 2}, {0, 2, 2}, {3, 0, 4}, {2, 1, 3}, {0, 0, 1}, {3, 2, 3},
};

static void triplets_in_any_order_become_sorted_rows(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 4, 3, &a));
    const size_t starts[] = {0, 2, 2, 3, 5};
    const uint32_t indexes[] = {0, 2, 1, 0, 2};
    const double values[] = {1, 2, 3, 4, 5};
    assert_int_equal(rmv_sparse_count(&a), 5);
    assert_memory_equal(a.starts, starts, sizeof(starts));
    assert_memory_equal(a.indexes, indexes, sizeof(indexes));
    assert_memory_equal(a.values, values, sizeof(values));
}

static void a_product_with_a_vector_is_the_sum_over_each_row(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 4, 3, &a));
    const double x[] = {10, 100, 1000};
    double y[4];
    rmv_sparse_times_vector(&a, x, y);
    const double expected[] = {2010, 0, 300, 5040};
    assert_memory_equal(y, expected, sizeof(expected));
}

static void a_product_with_a_panel_is_one_product_per_column(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 4, 3, &a));
    const double x[] = {10, 1, 100, 0, 1000, -1};
    double y[8];
    rmv_sparse_times_panel(&a, x, 2, y);
    const double expected[] = {2010, -1, 0, 0, 300, 0, 5040, -1};
    assert_memory_equal(y, expected, sizeof(expected));
}

static void transposing_twice_gives_the_matrix_back(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse at = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse att = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 6, 4, 3, &a));
    rmv_sparse_transpose(&a, &at);
    assert_int_equal(at.rows, 3);
    assert_int_equal(at.columns, 4);
    const uint32_t indexes[] = {0, 3, 2, 0, 3};
    assert_memory_equal(at.indexes, indexes, sizeof(indexes));
    rmv_sparse_transpose(&at, &att);
    assert_memory_equal(att.starts, a.starts, 5 * sizeof(size_t));
    assert_memory_equal(att.indexes, a.indexes, 5 * sizeof(uint32_t));
    assert_memory_equal(att.values, a.values, 5 * sizeof(double));
}

static void no_triplets_make_a_matrix_of_zeros(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(NULL, 0, 2, 2, &a));
    assert_int_equal(rmv_sparse_count(&a), 0);
    const double x[] = {1, 1};
    double y[] = {7, 7};
    rmv_sparse_times_vector(&a, x, y);
    assert_true(y[0] == 0 && y[1] == 0);
}

static void entries_outside_or_without_a_value_are_refused(void **state)
{
    (void)state;
    struct rmv_sparse a = {0};
    const struct rmv_triplet outside = {4, 0, 1};
    CHECK_SAYS(rmv_sparse_of_triplets(&outside, 1, 4, 3, &a), RMV_ERR_USAGE, "(4, 0)");
    const struct rmv_triplet infinite = {0, 0, INFINITY};
    CHECK_SAYS(rmv_sparse_of_triplets(&infinite, 1, 4, 3, &a), RMV_ERR_USAGE, "not a finite");
    CHECK_FAILS(rmv_sparse_of_triplets(NULL, 0, (size_t)1 << 40, 3, &a), RMV_ERR_LIMIT);
    assert_null(a.starts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(triplets_in_any_order_become_sorted_rows),
        TEST(a_product_with_a_vector_is_the_sum_over_each_row),
        TEST(a_product_with_a_panel_is_one_product_per_column),
        TEST(transposing_twice_gives_the_matrix_back),
        TEST(no_triplets_make_a_matrix_of_zeros),
        TEST(entries_outside_or_without_a_value_are_refused),
    };
    return RUN_TESTS(tests);
}
