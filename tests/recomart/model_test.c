#include "rmv/recomart/model.h"

#include <math.h>
#include <stdlib.h>

#include "recomart/golden.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/events.h"

#define PREPARED "prepared_interactions.csv"

static struct rmv_model_source source = {.features_version = "v1", .features_id = {1, 2, 3}};

static void read_golden(struct rmv_preferences *preferences)
{
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    golden_write_prepared(PREPARED);
    CHECK_OK(rmv_events_read(PREPARED, &events));
    CHECK_OK(rmv_events_sum(&events, NULL, preferences));
}

static void train(const struct rmv_model_options *options, struct rmv_buf *bytes)
{
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences preferences = {0};
    read_golden(&preferences);
    CHECK_OK(rmv_model_train(&preferences, options, &source, bytes));
}

static void a_model_comes_back_from_its_file_as_it_was_trained(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    const struct rmv_model_options options = {.rank = 10};
    train(&options, &bytes);
    CHECK_OK(rmv_fs_write_atomic("model.bin", bytes.data, bytes.size));
    CHECK_OK(rmv_model_open("model.bin", &model));
    assert_int_equal(model.users_count, 20);
    assert_int_equal(model.items_count, 20);
    assert_int_equal(model.rank, 10);
    assert_int_equal(model.options.rank, 10);
    assert_string_equal(model.features_version, "v1");
    assert_memory_equal(model.features_id, source.features_id, RMV_SHA256_SIZE);
    /* Users in bytewise order, products in numeric order. */
    assert_string_equal(rmv_model_user(&model, 1), "U10");
    assert_string_equal(rmv_model_user(&model, 19), "U9");
    assert_int_equal(rmv_model_find_user(&model, "U2"), 11);
    assert_true(rmv_model_find_user(&model, "U21") == RMV_NOT_FOUND);
    assert_true(rmv_model_find_user(&model, "") == RMV_NOT_FOUND);
    assert_int_equal(model.items[9], 10);
    /* U1 touched 1, 2 and 3 with a strength of 3, 4 and 1. */
    const struct rmv_ranking_set known = rmv_model_known_items(&model, 0);
    assert_int_equal(known.count, 3);
    assert_int_equal(known.items[2], 2);
    assert_true(model.strengths[0] == 3 && model.strengths[1] == 4 && model.strengths[2] == 1);
    /* Most events first: 2 and 3 have six each, and 3 is rated better. */
    assert_int_equal(model.items[model.popular[0]], 3);
    assert_int_equal(model.items[model.popular[1]], 2);
}

static void the_same_interactions_give_the_same_bytes(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf first = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf second = {0};
    const struct rmv_model_options options = {.rank = 10};
    train(&options, &first);
    train(&options, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
}

static void u1_gets_the_customers_list(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    const struct rmv_model_options options = {.rank = 10};
    train(&options, &bytes);
    CHECK_OK(rmv_model_parse("model", bytes.data, bytes.size, &model));
    const struct rmv_ranking_set known = rmv_model_known_items(&model, 0);
    const struct rmv_model_row row = {known.items, model.strengths, known.count};
    const struct rmv_ranking_set none = {NULL, 0};
    double scores[20];
    uint32_t best[5];
    const int64_t expected[] = {2, 1, 3, 7, 11};
    rmv_model_score_row(&model, &row, scores);
    assert_int_equal(rmv_ranking_top(scores, 20, &none, 5, best), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(model.items[best[i]], expected[i]);

    /* The many and the one agree. */
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense many = {0};
    rmv_model_score_many(&model, 0, 20, &many);
    for (size_t i = 0; i < 20; i++)
        assert_true(fabs(many.values[i] - scores[i]) < 1e-13);
}

/* With all singular vectors, a·V·Vᵀ is a itself. */
static void a_model_of_full_rank_scores_what_it_was_given(void **state)
{
    (void)state;
    const enum rmv_model_weighting weightings[] = {RMV_MODEL_SUM, RMV_MODEL_BINARY,
                                                   RMV_MODEL_LOG1P};
    const double expected[] = {4, 1, log(5)};
    for (size_t i = 0; i < 3; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
        RMV_CLEANUP(rmv_dense_free) struct rmv_dense scores = {0};
        const struct rmv_model_options options = {
            .rank = 100, .weighting = weightings[i], .popularity_scale = 0.3};
        train(&options, &bytes);
        CHECK_OK(rmv_model_parse("model", bytes.data, bytes.size, &model));
        assert_int_equal(model.rank, 20);
        assert_int_equal(model.options.rank, 100);
        rmv_model_score_many(&model, 0, 1, &scores);
        assert_true(fabs(scores.values[1] - expected[i]) < 1e-12);
        assert_true(fabs(scores.values[10]) < 1e-12);
    }
}

static void popularity_scaling_takes_weight_from_popular_items(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf plain_bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf scaled_bytes = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model plain = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model scaled = {0};
    struct rmv_model_options options = {.rank = 20};
    train(&options, &plain_bytes);
    options.popularity_scale = 1;
    train(&options, &scaled_bytes);
    CHECK_OK(rmv_model_parse("plain", plain_bytes.data, plain_bytes.size, &plain));
    CHECK_OK(rmv_model_parse("scaled", scaled_bytes.data, scaled_bytes.size, &scaled));
    /* Σσ² is the sum of all squared entries; each was divided by the square of its item's users. */
    double before = 0;
    double after = 0;
    for (size_t k = 0; k < 20; k++) {
        before += plain.values[k] * plain.values[k];
        after += scaled.values[k] * scaled.values[k];
    }
    size_t degrees[20] = {0};
    double expected_before = 0;
    double expected_after = 0;
    for (size_t i = 0; i < plain.starts[20]; i++)
        degrees[plain.indexes[i]]++;
    for (size_t i = 0; i < plain.starts[20]; i++) {
        const double d = (double)degrees[plain.indexes[i]];
        expected_before += plain.strengths[i] * plain.strengths[i];
        expected_after += plain.strengths[i] * plain.strengths[i] / (d * d);
    }
    assert_true(fabs(before - expected_before) < 1e-10);
    assert_true(fabs(after - expected_after) < 1e-10);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences preferences = {0};
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences none = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    read_golden(&preferences);
    struct rmv_model_options options = {.rank = 0};
    CHECK_SAYS(rmv_model_train(&preferences, &options, &source, &bytes), RMV_ERR_USAGE, "rank 0");
    options.rank = 10;
    options.popularity_scale = NAN;
    CHECK_SAYS(rmv_model_train(&preferences, &options, &source, &bytes), RMV_ERR_USAGE, "nan");
    options.popularity_scale = 0;
    CHECK_OK(rmv_sparse_of_triplets(NULL, 0, 0, 0, &none.matrix));
    CHECK_SAYS(rmv_model_train(&none, &options, &source, &bytes), RMV_ERR_FAILED,
               "no interactions");
    enum rmv_model_weighting weighting;
    CHECK_SAYS(rmv_model_weighting_parse("tfidf", &weighting), RMV_ERR_USAGE, "tfidf");
    assert_int_equal(bytes.size, 0);
}

/* ---- Damage -----------------------------------------------------------------------------------
 */

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_model model = {0};
    const struct rmv_model_options options = {.rank = 2};
    train(&options, &bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= (char)(1 << i % 8);
        const struct rmv_error *err = rmv_model_parse("flipped", bytes.data, bytes.size, &model);
        /* The padding behind the checksum is none: the file ends with it. */
        assert_non_null(err);
        assert_true(err->code == RMV_ERR_CORRUPT || err->code == RMV_ERR_UNSUPPORTED);
        bytes.data[i] ^= (char)(1 << i % 8);
    }
    CHECK_OK(rmv_model_parse("whole", bytes.data, bytes.size, &model));
}

static void every_shorter_file_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_model model = {0};
    const struct rmv_model_options options = {.rank = 2};
    train(&options, &bytes);
    for (size_t size = 0; size < bytes.size; size += 3)
        CHECK_FAILS(rmv_model_parse("short", bytes.data, size, &model), RMV_ERR_CORRUPT);
}

/* A hostile file has a right checksum: sets 8 bytes at `offset` and seals it again. */
static void check_hostile(const struct rmv_buf *original, size_t offset, uint64_t value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_model model = {0};
    rmv_buf_append(&bytes, original->data, original->size);
    memcpy(bytes.data + offset, &value, sizeof(value));
    const size_t checksum = bytes.size - RMV_SHA256_SIZE;
    rmv_sha256(bytes.data, checksum, (uint8_t *)bytes.data + checksum);
    const struct rmv_error *err = rmv_model_parse("hostile", bytes.data, bytes.size, &model);
    if (!err)
        print_message("# %llx at %zu was accepted\n", (unsigned long long)value, offset);
    assert_non_null(err);
}

static void hostile_counts_and_indexes_are_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_model model = {0};
    const struct rmv_model_options options = {.rank = 2};
    const uint64_t values[] = {UINT64_MAX, UINT64_MAX / 8, (uint64_t)1 << 32, (uint64_t)1 << 61};
    train(&options, &bytes);
    CHECK_OK(rmv_model_parse("model", bytes.data, bytes.size, &model));
    for (size_t i = 0; i < 4; i++) {
        /* file_bytes, users, items, entries, rank, user_text_bytes, rank_wanted */
        for (size_t offset = 16; offset <= 64; offset += 8)
            check_hostile(&bytes, offset, values[i]);
        const char *base = bytes.data;
        check_hostile(&bytes, (size_t)((const char *)model.popular - base), values[i]);
        check_hostile(&bytes, (size_t)((const char *)model.user_ends - base) + 8, values[i]);
        check_hostile(&bytes, (size_t)((const char *)model.starts - base) + 8, values[i]);
        check_hostile(&bytes, (size_t)((const char *)model.indexes - base), UINT64_MAX);
    }
    const char *base = bytes.data;
    const uint64_t nan_bits = UINT64_C(0x7ff8000000000000);
    check_hostile(&bytes, (size_t)((const char *)model.values - base), nan_bits);
    check_hostile(&bytes, (size_t)((const char *)model.right - base), nan_bits);
    check_hostile(&bytes, (size_t)((const char *)model.strengths - base), nan_bits);
    /* The user's NUL is gone, or comes early. */
    check_hostile(&bytes, (size_t)(model.user_text - base), UINT64_C(0x5555555555555555));
    check_hostile(&bytes, (size_t)(model.user_text - base), 0);
}

static void files_that_are_no_models_are_named(void **state)
{
    (void)state;
    struct rmv_model model = {0};
    char text[1000] = "";
    memset(text, 'x', sizeof(text) - 1);
    test_write("text.bin", text);
    test_write("empty.bin", "");
    CHECK_SAYS(rmv_model_open("text.bin", &model), RMV_ERR_CORRUPT, "text.bin");
    CHECK_SAYS(rmv_model_open("empty.bin", &model), RMV_ERR_CORRUPT, "too short");
    CHECK_SAYS(rmv_model_open("missing.bin", &model), RMV_ERR_NOT_FOUND, "recomart train");
    CHECK_SAYS(rmv_model_open(".", &model), RMV_ERR_CORRUPT, "'.'");
}

static void a_newer_format_is_named(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_model model = {0};
    const struct rmv_model_options options = {.rank = 2};
    train(&options, &bytes);
    bytes.data[8] = 9;
    CHECK_SAYS(rmv_model_parse("new", bytes.data, bytes.size, &model), RMV_ERR_UNSUPPORTED,
               "version 9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_model_comes_back_from_its_file_as_it_was_trained),
        TEST(the_same_interactions_give_the_same_bytes),
        TEST(u1_gets_the_customers_list),
        TEST(a_model_of_full_rank_scores_what_it_was_given),
        TEST(popularity_scaling_takes_weight_from_popular_items),
        TEST(bad_options_are_refused),
        TEST(every_flipped_bit_is_found),
        TEST(every_shorter_file_is_refused),
        TEST(hostile_counts_and_indexes_are_refused),
        TEST(files_that_are_no_models_are_named),
        TEST(a_newer_format_is_named),
    };
    return RUN_TESTS(tests);
}
