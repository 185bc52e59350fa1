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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_customers_protocol_gives_the_customers_figures),
        TEST(the_honest_protocol_gives_the_honest_figures),
    };
    return RUN_TESTS(tests);
}
