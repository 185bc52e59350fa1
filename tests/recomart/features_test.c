#include "rmv/recomart/feature_files.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "recomart/golden.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define PREPARED "prepared_interactions.csv"
#define FOLDER "features"
#define DATABASE "local/features.db"

static void build(struct rmv_feature_files *files)
{
    golden_write_prepared(PREPARED);
    CHECK_OK(rmv_feature_files_build(PREPARED, false, FOLDER));
    CHECK_OK(rmv_feature_files_open(FOLDER, files));
}

static void open_database(struct rmv_feature_store **store)
{
    const struct rmv_feature_store_options options = {.backend = RMV_FEATURE_SQLITE,
                                                      .path = DATABASE};
    CHECK_OK(rmv_feature_store_open(&options, store));
}

static void check_file(const char *name, const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format(FOLDER "/%s", name);
    CHECK_OK(rmv_fs_read(path, 100000, &content));
    assert_string_equal(rmv_buf_string(&content), expected);
}

/* The customer's three tables, row by row and digit by digit. */
static void the_customers_tables_come_out_exactly(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    build(&files);
    check_file("user_features.csv",
               "user_id,total_interactions,avg_interaction_score\n"
               "U1,5,1.6\nU10,2,1.0\nU11,3,1.3333333333333333\nU12,2,1.0\n"
               "U13,3,1.3333333333333333\nU14,2,1.0\nU15,3,1.6666666666666667\nU16,2,1.0\n"
               "U17,3,1.3333333333333333\nU18,2,1.0\nU19,2,1.0\nU2,4,1.25\nU20,4,1.0\nU3,4,1.25\n"
               "U4,4,1.25\nU5,4,1.5\nU6,3,1.3333333333333333\nU7,3,1.3333333333333333\nU8,3,1.0\n"
               "U9,3,1.3333333333333333\n");
    check_file("item_features.csv",
               "product_id,total_interactions,avg_interaction_score,avg_rating\n"
               "1,5,1.4,3.9\n2,6,1.5,4.1\n3,6,1.3333333333333333,4.7\n4,5,1.6,2.1\n5,5,1.2,4.6\n"
               "6,3,1.3333333333333333,3.9\n7,2,1.0,3.0\n"
               "8,3,1.3333333333333333,1.8999999999999997\n9,2,1.0,3.3\n"
               "10,3,1.6666666666666667,2.9\n11,2,1.0,4.8\n12,3,1.3333333333333333,4.8\n"
               "13,2,1.0,2.9\n14,2,1.0,2.2\n15,2,1.0,2.6\n16,2,1.0,2.9\n17,2,1.0,3.8\n"
               "18,2,1.0,4.7\n19,2,1.0,4.5\n20,2,1.0,3.6\n");
    check_file("user_item_features.csv",
               "user_id,product_id,interaction_count,total_interaction_score\n"
               "U1,1,2,3.0\nU1,2,2,4.0\nU1,3,1,1.0\nU10,5,1,1.0\nU10,13,1,1.0\nU11,6,2,3.0\n"
               "U11,14,1,1.0\nU12,7,1,1.0\nU12,15,1,1.0\nU13,8,2,3.0\nU13,16,1,1.0\nU14,9,1,1.0\n"
               "U14,17,1,1.0\nU15,10,2,4.0\nU15,18,1,1.0\nU16,11,1,1.0\nU16,19,1,1.0\n"
               "U17,12,2,3.0\nU17,20,1,1.0\nU18,13,1,1.0\nU18,14,1,1.0\nU19,15,1,1.0\n"
               "U19,16,1,1.0\nU2,3,2,3.0\nU2,4,1,1.0\nU2,5,1,1.0\nU20,17,1,1.0\nU20,18,1,1.0\n"
               "U20,19,1,1.0\nU20,20,1,1.0\nU3,2,2,3.0\nU3,5,1,1.0\nU3,6,1,1.0\nU4,1,2,3.0\n"
               "U4,3,1,1.0\nU4,7,1,1.0\nU5,2,1,1.0\nU5,4,2,4.0\nU5,8,1,1.0\nU6,5,2,3.0\n"
               "U6,9,1,1.0\nU7,3,2,3.0\nU7,10,1,1.0\nU8,1,1,1.0\nU8,2,1,1.0\nU8,11,1,1.0\n"
               "U9,4,2,3.0\nU9,12,1,1.0\n");
}

static void building_again_changes_no_byte(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files first = {0};
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files second = {0};
    build(&first);
    build(&second);
    assert_string_equal(first.id_hex, second.id_hex);
    CHECK_OK(rmv_feature_files_check(&second));
}

static void tables_are_filled_once_per_id(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    RMV_CLEANUP(rmv_str_free) char *stamp = NULL;
    size_t filled = 0;
    build(&files);
    open_database(&store);
    CHECK_OK(rmv_feature_files_materialize(&files, store, &filled));
    assert_true(filled > 0);
    CHECK_OK(rmv_feature_files_materialize(&files, store, &filled));
    assert_int_equal(filled, 0);
    CHECK_OK(rmv_feature_store_stamp(store, "v1", &stamp));
    assert_string_equal(stamp, files.id_hex);
}

static void tables_follow_when_the_files_change(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files old = {0};
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files new = {0};
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences preferences = {0};
    size_t filled = 0;
    build(&old);
    open_database(&store);
    CHECK_OK(rmv_feature_files_materialize(&old, store, &filled));
    test_write(PREPARED, "user_id,product_id,event_score,timestamp\n"
                         "A,7,2,2025-01-01 10:00:00\nB,3,1.5,2025-01-01 10:00:01\n");
    CHECK_OK(rmv_feature_files_build(PREPARED, false, FOLDER));
    CHECK_OK(rmv_feature_files_open(FOLDER, &new));
    CHECK_OK(rmv_feature_files_materialize(&new, store, &filled));
    assert_true(filled > 0);
    CHECK_OK(rmv_feature_files_load(&new, store, "v1", &preferences));
    assert_int_equal(preferences.users.count, 2);
    assert_string_equal(preferences.users.items[1], "B");
    assert_int_equal(preferences.items[0], 3);
    assert_true(preferences.matrix.values[0] == 2 && preferences.matrix.values[1] == 1.5);
    /* No ratings in the data: NULL in the table. */
    assert_true(isnan(preferences.ratings[0]));
}

static void what_training_reads_is_what_the_events_say(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences loaded = {0};
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences summed = {0};
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    size_t filled = 0;
    build(&files);
    open_database(&store);
    CHECK_OK(rmv_feature_files_materialize(&files, store, &filled));
    CHECK_OK(rmv_feature_files_load(&files, store, "v1", &loaded));
    CHECK_OK(rmv_events_read(PREPARED, &events));
    CHECK_OK(rmv_events_sum(&events, NULL, &summed));
    assert_int_equal(rmv_sparse_count(&loaded.matrix), 48);
    assert_memory_equal(loaded.matrix.starts, summed.matrix.starts, 21 * sizeof(size_t));
    assert_memory_equal(loaded.matrix.indexes, summed.matrix.indexes, 48 * sizeof(uint32_t));
    assert_memory_equal(loaded.matrix.values, summed.matrix.values, 48 * sizeof(double));
    assert_memory_equal(loaded.ratings, summed.ratings, 20 * sizeof(double));
    assert_memory_equal(loaded.events, summed.events, 20 * sizeof(size_t));
}

static void a_changed_file_is_refused_and_the_tables_stay(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    RMV_CLEANUP(rmv_str_free) char *stamp = NULL;
    size_t filled = 0;
    build(&files);
    open_database(&store);
    test_write(FOLDER "/user_features.csv",
               "user_id,total_interactions,avg_interaction_score\nU1,9,9\n");
    CHECK_SAYS(rmv_feature_files_check(&files), RMV_ERR_CORRUPT, "user_features.csv");
    CHECK_SAYS(rmv_feature_files_materialize(&files, store, &filled), RMV_ERR_CORRUPT,
               "user_features.csv");
    CHECK_OK(rmv_feature_store_stamp(store, "v1", &stamp));
    assert_null(stamp);
}

static void missing_and_foreign_manifests_are_named(void **state)
{
    (void)state;
    struct rmv_feature_files files = {0};
    CHECK_SAYS(rmv_feature_files_open(FOLDER, &files), RMV_ERR_NOT_FOUND, "recomart features");
    test_write(FOLDER "/manifest.json", "{\"format\": \"other\"}");
    CHECK_SAYS(rmv_feature_files_open(FOLDER, &files), RMV_ERR_CORRUPT, "none of ours");
    test_write(FOLDER "/manifest.json", "{\"format\": ");
    CHECK_SAYS(rmv_feature_files_open(FOLDER, &files), RMV_ERR_CORRUPT, "manifest.json");
    test_write(FOLDER "/manifest.json",
               "{\"format\": \"recomart-features\", \"format_version\": 7, \"tables\": []}");
    CHECK_SAYS(rmv_feature_files_open(FOLDER, &files), RMV_ERR_UNSUPPORTED, "version 7");
    test_write(FOLDER "/manifest.json",
               "{\"format\": \"recomart-features\", \"format_version\": 1, \"tables\": [{}]}");
    CHECK_SAYS(rmv_feature_files_open(FOLDER, &files), RMV_ERR_CORRUPT, "makes no sense");
}

static void a_manifest_cannot_name_files_elsewhere(void **state)
{
    (void)state;
    struct rmv_feature_files files = {0};
    test_write(FOLDER "/manifest.json",
               "{\"format\": \"recomart-features\", \"format_version\": 1, \"tables\": "
               "[{\"version\": \"v1\", \"table\": \"t\", \"file\": \"../secret\", \"rows\": 1, "
               "\"sha256\": \"\", \"keys\": 1, "
               "\"columns\": [{\"name\": \"a\", \"type\": \"INT\"}]}]}");
    CHECK_FAILS(rmv_feature_files_open(FOLDER, &files), RMV_ERR_DENIED);
}

static void an_unknown_version_is_named(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    struct rmv_preferences preferences = {0};
    build(&files);
    open_database(&store);
    CHECK_SAYS(rmv_feature_files_load(&files, store, "v9", &preferences), RMV_ERR_NOT_FOUND,
               "'v9'");
    assert_non_null(rmv_feature_files_find(&files, "v1", "user_features"));
    assert_null(rmv_feature_files_find(&files, "v1", "user"));
}

/* Two users, two products; the newest event is on day 3. */
static void version_2_comes_out_as_by_hand(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_feature_store_close) struct rmv_feature_store *store = NULL;
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences preferences = {0};
    size_t filled = 0;
    test_write(PREPARED, "user_id,product_id,event_score,timestamp,rating.rate,rating.count,"
                         "price_normalized,category_encoded\n"
                         "A,7,1,2025-01-01 06:00:00,4.5,120,0.25,2\n"
                         "A,7,3,2025-01-02 18:30:00,4.5,130,0.25,2\n"
                         "A,8,2,2025-01-01 12:00:00,,,,\n"
                         "B,7,2,2025-01-04 18:30:00,4.5,140,0.5,2\n");
    CHECK_OK(rmv_feature_files_build(PREPARED, true, FOLDER));
    check_file("user_features_v2.csv",
               "user_id,total_interactions,avg_interaction_score,score_std,score_range,"
               "days_since_last_interaction\n"
               "A,3,2.0,1.0,2.0,2.0\nB,1,2.0,,0.0,0.0\n");
    check_file("item_features_v2.csv",
               "product_id,total_interactions,avg_interaction_score,avg_rating,popularity_score,"
               "score_consistency,price_normalized,category_encoded\n"
               "7,3,2.0,4.5,140.0,0.5,0.5,2\n8,1,2.0,,,,,\n");
    check_file("user_item_features_v2.csv",
               "user_id,product_id,interaction_count,total_interaction_score,"
               "score_above_user_mean,score_above_item_mean,affinity_score,"
               "days_since_last_interaction,last_hour\n"
               "A,7,2,4.0,0.0,0.0,0.6666666666666666,2.0,18\n"
               "A,8,1,2.0,0.0,0.0,0.3333333333333333,3.2708333333333335,12\n"
               "B,7,1,2.0,0.0,0.0,1.0,0.0,18\n");
    CHECK_OK(rmv_feature_files_open(FOLDER, &files));
    open_database(&store);
    CHECK_OK(rmv_feature_files_materialize(&files, store, &filled));
    assert_int_equal(filled, 2);
    CHECK_OK(rmv_feature_files_load(&files, store, "v2", &preferences));
    assert_int_equal(rmv_sparse_count(&preferences.matrix), 3);
    assert_true(preferences.matrix.values[0] == 4);
}

static void bad_events_are_named_by_line_and_column(void **state)
{
    (void)state;
    struct rmv_events events = {0};
    static const char header[] = "user_id,product_id,event_score,timestamp,rating.rate\n";
    static const char *const rows[][2] = {
        {",1,1,2025-01-01 10:00:00,1\n", "user_id"},
        {"U1,x,1,2025-01-01 10:00:00,1\n", "product_id"},
        {"U1,1,,2025-01-01 10:00:00,1\n", "event_score"},
        {"U1,1,1,yesterday,1\n", "timestamp"},
        {"U1,1,1,2025-01-01 10:00:00,good\n", "rating.rate"},
    };
    for (size_t i = 0; i < 5; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *text = rmv_str_format("%sU1,1,1,2025-01-01 10:00:00,\n%s", header, rows[i][0]);
        test_write(PREPARED, text);
        CHECK_SAYS(rmv_events_read(PREPARED, &events), RMV_ERR_CORRUPT, rows[i][1]);
        CHECK_SAYS(rmv_events_read(PREPARED, &events), RMV_ERR_CORRUPT, PREPARED ":3");
    }
    test_write(PREPARED, "user_id,product_id\n");
    CHECK_SAYS(rmv_events_read(PREPARED, &events), RMV_ERR_CORRUPT, "event_score");
    CHECK_SAYS(rmv_events_read("missing.csv", &events), RMV_ERR_NOT_FOUND, "recomart prepare");
    assert_int_equal(events.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_customers_tables_come_out_exactly),
        TEST(building_again_changes_no_byte),
        TEST(tables_are_filled_once_per_id),
        TEST(tables_follow_when_the_files_change),
        TEST(what_training_reads_is_what_the_events_say),
        TEST(a_changed_file_is_refused_and_the_tables_stay),
        TEST(missing_and_foreign_manifests_are_named),
        TEST(a_manifest_cannot_name_files_elsewhere),
        TEST(an_unknown_version_is_named),
        TEST(version_2_comes_out_as_by_hand),
        TEST(bad_events_are_named_by_line_and_column),
    };
    return RUN_TESTS(tests);
}
