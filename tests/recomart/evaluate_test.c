#include "rmv/recomart/evaluate.h"

#include <math.h>

#include "recomart/golden.h"
#include "rmv/base/mem.h"
#include "test.h"

#define PREPARED "data/processed/prepared_interactions.csv"

static const struct rmv_model_options rank_10 = {.rank = 10};
static const struct rmv_model_source source = {.features_version = "v1"};

static void train_golden(struct rmv_buf *bytes, struct rmv_model *model)
{
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences preferences = {0};
    golden_write_prepared(PREPARED);
    CHECK_OK(rmv_events_read(PREPARED, &events));
    CHECK_OK(rmv_events_sum(&events, NULL, &preferences));
    CHECK_OK(rmv_model_train(&preferences, &rank_10, &source, bytes));
    CHECK_OK(rmv_model_parse("golden", bytes->data, bytes->size, model));
}

static void check_mean(const struct rmv_mean *mean, double expected, double margin)
{
    assert_true(fabs(mean->mean - expected) < 5e-5);
    assert_true(fabs(mean->margin - margin) < 5e-5);
}

static void the_customers_protocol_gives_the_customers_figures(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    struct rmv_evaluation evaluation;
    train_golden(&bytes, &model);
    const double values[] = {6.40995474, 5.17645066, 4.57186327, 3.98325917, 3.74427288};
    for (size_t i = 0; i < 5; i++)
        assert_true(fabs(model.values[i] - values[i]) < 5e-9);
    CHECK_OK(rmv_evaluate_customer(&model, 5, &evaluation));
    assert_int_equal(evaluation.users, 20);
    assert_true(fabs(evaluation.model.metrics[RMV_METRIC_PRECISION].mean - 0.19) < 1e-15);
    assert_true(fabs(evaluation.model.metrics[RMV_METRIC_RECALL].mean - 0.95) < 1e-15);
}

static void the_honest_protocol_gives_the_honest_figures(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    struct rmv_evaluation evaluation;
    golden_write_prepared(PREPARED);
    CHECK_OK(rmv_events_read(PREPARED, &events));
    CHECK_OK(rmv_evaluate_leave_last_out(&events, &rank_10, 5, &evaluation));
    assert_int_equal(evaluation.users, 20);
    /* 7 of 20: sd = √(7·13/20/19). */
    check_mean(&evaluation.model.metrics[RMV_METRIC_RECALL], 0.35, 0.2145);
    check_mean(&evaluation.popularity.metrics[RMV_METRIC_RECALL], 0.20, 0.1799);
    /* The model has seen nothing that leads to a held-out item: ties alone decide. */
    assert_int_equal(evaluation.ties.users, 20);
    assert_true(evaluation.ties.worst == 0 && evaluation.ties.best == 1);
}

/* A's last item is 1, which A had before; B's two events are of one time; C and D have two items
 * each. Held out are 1, 2, 3 and 1; what remains is A 2, B 1, C 1, D 2, and nobody for 3. */
#define SMALL                                                                                      \
    "user_id,product_id,event_score,timestamp\n"                                                   \
    "A,1,1,2025-01-01 10:00:03\nA,2,1,2025-01-01 10:00:02\nA,1,1,2025-01-01 10:00:01\n"            \
    "B,1,1,2025-01-01 10:00:00\nB,2,1,2025-01-01 10:00:00\n"                                       \
    "C,3,1,2025-01-02 10:00:00\nC,1,1,2025-01-01 10:00:00\n"                                       \
    "D,2,1,2025-01-01 10:00:00\nD,1,1,2025-01-01 11:00:00\n"                                       \
    "E,2,1,2025-01-01 10:00:00\n"

/* Popularity of the rest is 2 (A, D, E), 1 (B, C), 3. With lists of one and known items left out, A
 * and D get 1 and B gets 2, which are hits; C gets 2, which is none. E has one item and is not
 * tested. */
static void the_last_item_is_held_out_with_all_its_events(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    struct rmv_evaluation evaluation;
    const struct rmv_model_options options = {.rank = 2};
    test_write("small.csv", SMALL);
    CHECK_OK(rmv_events_read("small.csv", &events));
    CHECK_OK(rmv_evaluate_leave_last_out(&events, &options, 1, &evaluation));
    assert_int_equal(evaluation.users, 4);
    assert_int_equal(evaluation.items, 3);
    /* Three of four: sd = 0.5, 1.96·0.5/√4. */
    check_mean(&evaluation.popularity.metrics[RMV_METRIC_RECALL], 0.75, 0.49);
    check_mean(&evaluation.popularity.metrics[RMV_METRIC_PRECISION], 0.75, 0.49);
    assert_true(fabs(evaluation.popularity.coverage - 2.0 / 3) < 1e-15);
}

static void nobody_to_test_on_is_an_error(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    struct rmv_evaluation evaluation;
    test_write("one.csv", "user_id,product_id,event_score,timestamp\n"
                          "A,1,1,2025-01-01 10:00:00\nA,1,2,2025-01-01 10:00:01\n"
                          "B,2,1,2025-01-01 10:00:00\n");
    CHECK_OK(rmv_events_read("one.csv", &events));
    CHECK_SAYS(rmv_evaluate_leave_last_out(&events, &rank_10, 5, &evaluation), RMV_ERR_FAILED,
               "nobody");
    train_golden(&bytes, &model);
    CHECK_SAYS(rmv_evaluate_customer(&model, 0, &evaluation), RMV_ERR_USAGE, "k is 0");
    CHECK_FAILS(rmv_evaluate_customer(&model, RMV_RANKING_K_MAX + 1, &evaluation), RMV_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_customers_protocol_gives_the_customers_figures),
        TEST(the_honest_protocol_gives_the_honest_figures),
        TEST(the_last_item_is_held_out_with_all_its_events),
        TEST(nobody_to_test_on_is_an_error),
    };
    return RUN_TESTS(tests);
}
