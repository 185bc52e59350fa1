#include "rmv/linalg/svd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static uint64_t random_state;

/* A number in [0, 1) of a fixed sequence (a linear congruential generator, MMIX constants). */
static double next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(random_state >> 11) * 0x1p-53;
}

static void random_matrix(size_t rows, size_t columns, size_t count, struct rmv_sparse *out)
{
    RMV_CLEANUP(rmv_free) struct rmv_triplet *triplets = rmv_calloc(count, sizeof(*triplets));
    random_state = 7;
    for (size_t i = 0; i < count; i++) {
        triplets[i].row = (uint32_t)(next_random() * next_random() * (double)rows);
        triplets[i].column = (uint32_t)(next_random() * next_random() * (double)columns);
        triplets[i].value = 1 + next_random();
    }
    CHECK_OK(rmv_sparse_of_triplets(triplets, count, rows, columns, out));
}

static void diagonal_matrix(const double *diagonal, size_t count, size_t rows, size_t columns,
                            struct rmv_sparse *out)
{
    RMV_CLEANUP(rmv_free) struct rmv_triplet *triplets = rmv_calloc(count, sizeof(*triplets));
    for (size_t i = 0; i < count; i++)
        triplets[i] = (struct rmv_triplet){(uint32_t)i, (uint32_t)i, diagonal[i]};
    CHECK_OK(rmv_sparse_of_triplets(triplets, count, rows, columns, out));
}

/* The largest entry of |QᵀQ − I|. */
static double orthonormality_error(const struct rmv_dense *q)
{
    double worst = 0;
    for (size_t a = 0; a < q->columns; a++)
        for (size_t b = a; b < q->columns; b++) {
            double sum = a == b ? -1 : 0;
            for (size_t i = 0; i < q->rows; i++)
                sum += q->values[i * q->columns + a] * q->values[i * q->columns + b];
            worst = fmax(worst, fabs(sum));
        }
    return worst;
}

/* The largest of ‖A·v − σ·u‖ and ‖Aᵀ·u − σ·v‖ over all triplets, relative to the first σ. */
static double residual(const struct rmv_sparse *a, const struct rmv_svd *svd)
{
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse at = {0};
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense av = {0};
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense atu = {0};
    rmv_sparse_transpose(a, &at);
    rmv_dense_resize(&av, a->rows, svd->rank);
    rmv_dense_resize(&atu, a->columns, svd->rank);
    rmv_sparse_times_panel(a, svd->right.values, svd->rank, av.values);
    rmv_sparse_times_panel(&at, svd->left.values, svd->rank, atu.values);
    double worst = 0;
    for (size_t k = 0; k < svd->rank; k++) {
        double left = 0;
        double right = 0;
        for (size_t i = k; i < a->rows * svd->rank; i += svd->rank)
            left += pow(av.values[i] - svd->values[k] * svd->left.values[i], 2);
        for (size_t i = k; i < a->columns * svd->rank; i += svd->rank)
            right += pow(atu.values[i] - svd->values[k] * svd->right.values[i], 2);
        worst = fmax(worst, fmax(sqrt(left), sqrt(right)));
    }
    return svd->values[0] > 0 ? worst / svd->values[0] : worst;
}

static void check_is_svd(const struct rmv_sparse *a, const struct rmv_svd *svd)
{
    assert_true(orthonormality_error(&svd->left) < 1e-12);
    assert_true(orthonormality_error(&svd->right) < 1e-12);
    assert_true(residual(a, svd) < 1e-9);
    for (size_t k = 0; k < svd->rank; k++)
        assert_true(svd->values[k] >= 0 && (k == 0 || svd->values[k] <= svd->values[k - 1]));
}

static void check_matches_dense(const struct rmv_sparse *a, size_t rank)
{
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd dense = {0};
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd sparse = {0};
    CHECK_OK(rmv_svd_of(a, rank, RMV_SVD_DENSE, &dense));
    CHECK_OK(rmv_svd_of(a, rank, RMV_SVD_LANCZOS, &sparse));
    check_is_svd(a, &dense);
    check_is_svd(a, &sparse);
    assert_int_equal(dense.rank, sparse.rank);
    for (size_t k = 0; k < sparse.rank; k++)
        assert_true(fabs(sparse.values[k] - dense.values[k]) <=
                    1e-10 * fmax(dense.values[k], 1e-3 * dense.values[0]));
}

/* A = [3 0; 4 5] has AᵀA = [25 20; 20 25], so σ² = 45 and 5, with v = (1, 1)/√2 and (1, −1)/√2. */
static void a_two_by_two_matrix_comes_out_as_by_hand(void **state)
{
    (void)state;
    const struct rmv_triplet triplets[] = {{0, 0, 3}, {1, 0, 4}, {1, 1, 5}};
    const enum rmv_svd_method methods[] = {RMV_SVD_AUTO, RMV_SVD_DENSE, RMV_SVD_LANCZOS};
    for (size_t i = 0; i < 3; i++) {
        RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
        RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
        CHECK_OK(rmv_sparse_of_triplets(triplets, 3, 2, 2, &a));
        CHECK_OK(rmv_svd_of(&a, 2, methods[i], &svd));
        assert_true(fabs(svd.values[0] - sqrt(45)) < 1e-14);
        assert_true(fabs(svd.values[1] - sqrt(5)) < 1e-14);
        assert_true(fabs(svd.right.values[0] - M_SQRT1_2) < 1e-14);
        assert_true(fabs(svd.right.values[2] - M_SQRT1_2) < 1e-14);
        /* Both entries of the second vector are as large: the first one is made positive. */
        assert_true(fabs(svd.right.values[1] - M_SQRT1_2) < 1e-14);
        assert_true(fabs(svd.right.values[3] + M_SQRT1_2) < 1e-14);
        assert_true(fabs(svd.left.values[0] - 1 / sqrt(10)) < 1e-14);
        check_is_svd(&a, &svd);
    }
}

static void lanczos_agrees_with_lapack_on_tall_and_wide_matrices(void **state)
{
    (void)state;
    const size_t shapes[][4] = {
        {400, 150, 4000, 10},
        {150, 400, 4000, 10},
        {300, 300, 2500, 40},
        {500, 40, 3000, 1},
    };
    for (size_t i = 0; i < 4; i++) {
        RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
        random_matrix(shapes[i][0], shapes[i][1], shapes[i][2], &a);
        check_matches_dense(&a, shapes[i][3]);
    }
}

static void a_repeated_singular_value_is_found_as_often_as_it_occurs(void **state)
{
    (void)state;
    double diagonal[300];
    for (size_t i = 0; i < 300; i++)
        diagonal[i] = i < 7 ? 9 : 8 - (double)i * 0.02;
    diagonal[250] = 9;
    diagonal[290] = 8.5;
    diagonal[291] = 8.5;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    diagonal_matrix(diagonal, 300, 300, 320, &a);
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    CHECK_OK(rmv_svd_of(&a, 11, RMV_SVD_LANCZOS, &svd));
    for (size_t k = 0; k < 8; k++)
        assert_true(fabs(svd.values[k] - 9) < 1e-12);
    assert_true(fabs(svd.values[8] - 8.5) < 1e-12);
    assert_true(fabs(svd.values[9] - 8.5) < 1e-12);
    assert_true(fabs(svd.values[10] - 7.86) < 1e-12);
    check_is_svd(&a, &svd);
}

static void clustered_singular_values_are_told_apart(void **state)
{
    (void)state;
    double diagonal[400];
    for (size_t i = 0; i < 400; i++)
        diagonal[i] = i < 5 ? 5 + (double)i * 1e-7 : 4.9 - (double)i * 0.01;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    diagonal_matrix(diagonal, 400, 400, 400, &a);
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    CHECK_OK(rmv_svd_of(&a, 6, RMV_SVD_LANCZOS, &svd));
    for (size_t k = 0; k < 5; k++)
        assert_true(fabs(svd.values[k] - (5 + (double)(4 - k) * 1e-7)) < 5e-10);
    assert_true(fabs(svd.values[5] - 4.85) < 5e-10);
}

/* Identical blocks, as users with equal tastes make them: every value of a block occurs 30 times.
 */
static void many_equal_blocks_are_no_trouble(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) struct rmv_triplet *triplets = rmv_calloc(150, sizeof(*triplets));
    for (uint32_t block = 0; block < 30; block++) {
        struct rmv_triplet *five = triplets + (size_t)5 * block;
        five[0] = (struct rmv_triplet){3 * block, 2 * block, 3};
        five[1] = (struct rmv_triplet){3 * block, 2 * block + 1, 1};
        five[2] = (struct rmv_triplet){3 * block + 1, 2 * block, 1};
        five[3] = (struct rmv_triplet){3 * block + 1, 2 * block + 1, 2};
        five[4] = (struct rmv_triplet){3 * block + 2, 2 * block + 1, 1};
    }
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, 150, 500, 450, &a));
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    CHECK_OK(rmv_svd_of(&a, 35, RMV_SVD_LANCZOS, &svd));
    /* AᵀA of one block is [10 5; 5 6]: σ² = 8 ± √29. */
    for (size_t k = 0; k < 35; k++)
        assert_true(fabs(svd.values[k] - sqrt(k < 30 ? 8 + sqrt(29) : 8 - sqrt(29))) < 1e-11);
    check_is_svd(&a, &svd);
}

static void a_matrix_of_low_rank_has_zeros_and_orthonormal_vectors_behind(void **state)
{
    (void)state;
    /* Rank 2 in 200 × 180: rows alternate between two patterns, every third row is empty. */
    RMV_CLEANUP(rmv_free) struct rmv_triplet *triplets = rmv_calloc(18000, sizeof(*triplets));
    size_t count = 0;
    for (uint32_t i = 0; i < 200; i++)
        for (uint32_t j = i % 2; i % 3 != 0 && j < 180; j += 2)
            triplets[count++] = (struct rmv_triplet){i, j, 1};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(triplets, count, 200, 180, &a));
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    CHECK_OK(rmv_svd_of(&a, 5, RMV_SVD_LANCZOS, &svd));
    /* 67 odd and 66 even rows of 90 ones each. */
    assert_true(fabs(svd.values[0] - sqrt(67 * 90)) < 1e-11);
    assert_true(fabs(svd.values[1] - sqrt(66 * 90)) < 1e-11);
    for (size_t k = 2; k < 5; k++)
        assert_true(svd.values[k] < 1e-11);
    check_is_svd(&a, &svd);
}

static void a_matrix_of_zeros_has_zeros(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    CHECK_OK(rmv_sparse_of_triplets(NULL, 0, 150, 130, &a));
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    CHECK_OK(rmv_svd_of(&a, 3, RMV_SVD_LANCZOS, &svd));
    assert_true(svd.values[0] == 0 && svd.values[2] == 0);
    check_is_svd(&a, &svd);
}

static void the_rank_is_at_most_the_smaller_side(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    random_matrix(12, 5, 40, &a);
    check_matches_dense(&a, 50);
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    CHECK_OK(rmv_svd_of(&a, 50, RMV_SVD_AUTO, &svd));
    assert_int_equal(svd.rank, 5);
    assert_int_equal(svd.left.rows, 12);
    assert_int_equal(svd.right.rows, 5);
    /* All of it: A = U·Σ·Vᵀ entry by entry. */
    for (size_t i = 0; i < 12; i++) {
        double row[5] = {0};
        for (size_t j = a.starts[i]; j < a.starts[i + 1]; j++)
            row[a.indexes[j]] = a.values[j];
        for (size_t j = 0; j < 5; j++) {
            for (size_t k = 0; k < 5; k++)
                row[j] -= svd.left.values[i * 5 + k] * svd.values[k] * svd.right.values[j * 5 + k];
            assert_true(fabs(row[j]) < 1e-13);
        }
    }
}

static void the_same_matrix_gives_the_same_bits(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    random_matrix(700, 300, 6000, &a);
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd first = {0};
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd second = {0};
    CHECK_OK(rmv_svd_of(&a, 20, RMV_SVD_LANCZOS, &first));
    CHECK_OK(rmv_svd_of(&a, 20, RMV_SVD_LANCZOS, &second));
    assert_memory_equal(first.values, second.values, 20 * sizeof(double));
    assert_memory_equal(first.right.values, second.right.values, 6000 * sizeof(double));
    assert_memory_equal(first.left.values, second.left.values, 14000 * sizeof(double));
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse a = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse none = {0};
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse wide = {0};
    struct rmv_svd svd = {0};
    random_matrix(12, 5, 40, &a);
    CHECK_SAYS(rmv_svd_of(&a, 0, RMV_SVD_AUTO, &svd), RMV_ERR_USAGE, "rank 0");
    CHECK_OK(rmv_sparse_of_triplets(NULL, 0, 0, 5, &none));
    CHECK_SAYS(rmv_svd_of(&none, 1, RMV_SVD_AUTO, &svd), RMV_ERR_USAGE, "0 × 5");
    CHECK_OK(rmv_sparse_of_triplets(NULL, 0, 100000, 100000, &wide));
    CHECK_FAILS(rmv_svd_of(&wide, 1, RMV_SVD_DENSE, &svd), RMV_ERR_LIMIT);
    assert_null(svd.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_two_by_two_matrix_comes_out_as_by_hand),
        TEST(lanczos_agrees_with_lapack_on_tall_and_wide_matrices),
        TEST(a_repeated_singular_value_is_found_as_often_as_it_occurs),
        TEST(clustered_singular_values_are_told_apart),
        TEST(many_equal_blocks_are_no_trouble),
        TEST(a_matrix_of_low_rank_has_zeros_and_orthonormal_vectors_behind),
        TEST(a_matrix_of_zeros_has_zeros),
        TEST(the_rank_is_at_most_the_smaller_side),
        TEST(the_same_matrix_gives_the_same_bits),
        TEST(nonsense_is_refused),
    };
    return RUN_TESTS(tests);
}
