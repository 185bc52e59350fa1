#include "rmv/recomart/ranking.h"

#include <math.h>

#include "test.h"

static void check(double value, double expected)
{
    if (fabs(value - expected) > 1e-15)
        print_message("# %.17g is not %.17g\n", value, expected);
    assert_true(fabs(value - expected) <= 1e-15);
}

/* Relevant are 2, 5 and 9; the list of five has 5 at rank 2 and 2 at rank 4. */
static void a_list_with_two_of_three_comes_out_as_by_hand(void **state)
{
    (void)state;
    const uint32_t relevant_items[] = {2, 5, 9};
    const uint32_t list[] = {7, 5, 1, 2, 3};
    const struct rmv_ranking_set relevant = {relevant_items, 3};
    const struct rmv_ranking_quality quality = rmv_ranking_measure(list, 5, 5, &relevant);
    check(quality.precision, 2.0 / 5);
    check(quality.recall, 2.0 / 3);
    check(quality.hit_rate, 1);
    check(quality.mrr, 1.0 / 2);
    check(quality.map, (1.0 / 2 + 2.0 / 4) / 3);
    check(quality.ndcg, (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / log2(4)));
}

static void what_is_behind_the_end_of_the_list_does_not_count(void **state)
{
    (void)state;
    const uint32_t relevant_items[] = {2, 5, 9};
    const uint32_t list[] = {7, 5, 2};
    const struct rmv_ranking_set relevant = {relevant_items, 3};
    const struct rmv_ranking_quality quality = rmv_ranking_measure(list, 3, 2, &relevant);
    check(quality.precision, 1.0 / 2);
    check(quality.recall, 1.0 / 3);
    /* The best list of two has two of the three. */
    check(quality.map, 1.0 / 2 / 2);
    check(quality.ndcg, 1 / log2(3) / (1 + 1 / log2(3)));
}

static void a_perfect_list_is_worth_one(void **state)
{
    (void)state;
    const uint32_t items[] = {4, 8};
    const struct rmv_ranking_set relevant = {items, 2};
    const struct rmv_ranking_quality quality = rmv_ranking_measure(items, 2, 2, &relevant);
    check(quality.precision, 1);
    check(quality.recall, 1);
    check(quality.ndcg, 1);
    check(quality.map, 1);
    check(quality.mrr, 1);
}

static void a_short_list_is_measured_against_k(void **state)
{
    (void)state;
    const uint32_t items[] = {4};
    const struct rmv_ranking_set relevant = {items, 1};
    const struct rmv_ranking_quality quality = rmv_ranking_measure(items, 1, 10, &relevant);
    check(quality.precision, 0.1);
    check(quality.recall, 1);
}

static void nothing_relevant_is_worth_nothing(void **state)
{
    (void)state;
    const uint32_t items[] = {4, 5};
    const uint32_t other[] = {6};
    const struct rmv_ranking_set none = {NULL, 0};
    const struct rmv_ranking_set elsewhere = {other, 1};
    check(rmv_ranking_measure(items, 2, 2, &none).ndcg, 0);
    check(rmv_ranking_measure(items, 2, 2, &elsewhere).hit_rate, 0);
    check(rmv_ranking_measure(items, 2, 2, &elsewhere).mrr, 0);
    check(rmv_ranking_measure(NULL, 0, 2, &elsewhere).map, 0);
}

static void the_best_come_first_and_of_equals_the_newer(void **state)
{
    (void)state;
    const double scores[] = {0.5, 2, -1, 0.5 + 1e-12, 2, 0.5 - 1e-12, 0.4};
    const struct rmv_ranking_set none = {NULL, 0};
    const uint32_t expected[] = {4, 1, 5, 3, 0, 6, 2};
    uint32_t best[10];
    assert_int_equal(rmv_ranking_top(scores, 7, &none, 10, best), 7);
    assert_memory_equal(best, expected, sizeof(expected));
    for (size_t k = 0; k < 7; k++) {
        assert_int_equal(rmv_ranking_top(scores, 7, &none, k, best), k);
        assert_memory_equal(best, expected, k * sizeof(*best));
    }
}

static void noise_around_zero_is_zero(void **state)
{
    (void)state;
    const double scores[] = {-0.0, 3e-16, -2e-16, 0};
    const struct rmv_ranking_set none = {NULL, 0};
    const uint32_t expected[] = {3, 2, 1, 0};
    uint32_t best[4];
    assert_int_equal(rmv_ranking_top(scores, 4, &none, 4, best), 4);
    assert_memory_equal(best, expected, sizeof(expected));
}

static void excluded_items_are_left_out(void **state)
{
    (void)state;
    const double scores[] = {5, 4, 3, 2, 1};
    const uint32_t excluded_items[] = {0, 2, 4};
    const struct rmv_ranking_set excluded = {excluded_items, 3};
    const uint32_t expected[] = {1, 3};
    uint32_t best[5];
    assert_int_equal(rmv_ranking_top(scores, 5, &excluded, 5, best), 2);
    assert_memory_equal(best, expected, sizeof(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_with_two_of_three_comes_out_as_by_hand),
        TEST(what_is_behind_the_end_of_the_list_does_not_count),
        TEST(a_perfect_list_is_worth_one),
        TEST(a_short_list_is_measured_against_k),
        TEST(nothing_relevant_is_worth_nothing),
        TEST(the_best_come_first_and_of_equals_the_newer),
        TEST(noise_around_zero_is_zero),
        TEST(excluded_items_are_left_out),
    };
    return RUN_TESTS(tests);
}
