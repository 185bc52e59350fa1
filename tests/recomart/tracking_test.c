#include "rmv/recomart/tracking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/value.h"
#include "rmv/base/yaml.h"
#include "test.h"

static char *read_text(const char *run, const char *path)
{
    struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_str_free) char *full = rmv_str_format("mlruns/0/%s/%s", run, path);
    CHECK_OK(rmv_fs_read(full, 100000, &content));
    return rmv_buf_take(&content);
}

static void check_text(const char *run, const char *path, const char *expected)
{
    RMV_CLEANUP(rmv_str_free) char *text = read_text(run, path);
    assert_string_equal(text, expected);
}

static void read_meta(const char *path, struct rmv_value *meta)
{
    CHECK_OK(rmv_yaml_read(path, meta));
}

static void check_status(const char *run, int64_t expected)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value meta = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("mlruns/0/%s/meta.yaml", run);
    read_meta(path, &meta);
    assert_int_equal(rmv_value_find(&meta, "status")->integer, expected);
}

static void a_run_is_laid_out_as_mlflow_does(void **state)
{
    (void)state;
    struct rmv_tracking *run = NULL;
    test_write("model.bin", "model");
    rmv_tracking_start(NULL, "recomart train", &run);
    RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy(rmv_tracking_id(run));
    assert_int_equal(strlen(id), 32);
    assert_int_equal(strspn(id, "0123456789abcdef"), 32);
    check_status(id, 1);
    rmv_tracking_param(run, "n_components", "10");
    rmv_tracking_metric(run, "precision_at_5", 0.19);
    rmv_tracking_tag(run, "note", "two\nlines");
    rmv_tracking_artifact(run, "model.bin");
    CHECK_OK(rmv_tracking_finish(&run, true));
    assert_null(run);

    check_status(id, 3);
    check_text(id, "params/n_components", "10");
    check_text(id, "tags/note", "two\nlines");
    check_text(id, "tags/mlflow.source.name", "recomart train");
    check_text(id, "artifacts/model.bin", "model");
    RMV_CLEANUP(rmv_str_free) char *metric = read_text(id, "metrics/precision_at_5");
    long long time_ms = 0;
    double value = 0;
    int step = -1;
    assert_int_equal(sscanf(metric, "%lld %lf %d\n", &time_ms, &value, &step), 3);
    assert_true(time_ms > INT64_C(1500000000000));
    assert_true(value == 0.19 && step == 0);
}

static void the_meta_files_have_what_mlflow_reads(void **state)
{
    (void)state;
    struct rmv_tracking *run = NULL;
    rmv_tracking_start(NULL, "test", &run);
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("mlruns/0/%s/meta.yaml", rmv_tracking_id(run));
    CHECK_OK(rmv_tracking_finish(&run, true));
    RMV_CLEANUP(rmv_value_free) struct rmv_value experiment = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value meta = {0};
    read_meta("mlruns/0/meta.yaml", &experiment);
    read_meta(path, &meta);
    assert_string_equal(rmv_value_find_text(&experiment, "name"), "Default");
    assert_string_equal(rmv_value_find_text(&experiment, "lifecycle_stage"), "active");
    /* An id of digits stays text. */
    assert_string_equal(rmv_value_find_text(&experiment, "experiment_id"), "0");
    static const char *const keys[] = {"artifact_uri",  "end_time",   "entry_point_name",
                                       "experiment_id", "run_id",     "run_name",
                                       "source_type",   "start_time", "user_id"};
    for (size_t i = 0; i < 9; i++)
        assert_non_null(rmv_value_find(&meta, keys[i]));
    assert_true(strncmp(rmv_value_find_text(&meta, "artifact_uri"), "file:///", 8) == 0);
    assert_int_equal(rmv_value_find(&meta, "source_type")->integer, 4);
    assert_true(rmv_value_find(&meta, "end_time")->integer >=
                rmv_value_find(&meta, "start_time")->integer);
}

static void a_failed_run_says_so(void **state)
{
    (void)state;
    struct rmv_tracking *run = NULL;
    rmv_tracking_start(NULL, "test", &run);
    RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy(rmv_tracking_id(run));
    CHECK_OK(rmv_tracking_finish(&run, false));
    check_status(id, 4);
}

static void runs_do_not_share_an_id(void **state)
{
    (void)state;
    struct rmv_tracking *first = NULL;
    struct rmv_tracking *second = NULL;
    rmv_tracking_start(NULL, "test", &first);
    rmv_tracking_start(NULL, "test", &second);
    assert_string_not_equal(rmv_tracking_id(first), rmv_tracking_id(second));
    CHECK_OK(rmv_tracking_finish(&first, true));
    CHECK_OK(rmv_tracking_finish(&second, true));
}

static void the_uri_of_a_folder_is_followed(void **state)
{
    (void)state;
    struct rmv_tracking *run = NULL;
    setenv("MLFLOW_TRACKING_URI", "other/runs", 1);
    rmv_tracking_start(NULL, "test", &run);
    CHECK_OK(rmv_tracking_finish(&run, true));
    unsetenv("MLFLOW_TRACKING_URI");
    assert_true(rmv_fs_exists("other/runs/0/meta.yaml"));
    assert_false(rmv_fs_exists("mlruns"));
}

static void what_cannot_be_recorded_is_told_at_the_end(void **state)
{
    (void)state;
    struct rmv_tracking *run = NULL;
    setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:5000", 1);
    rmv_tracking_start(NULL, "test", &run);
    rmv_tracking_param(run, "a", "b");
    const struct rmv_error *err = rmv_tracking_finish(&run, true);
    CHECK_SAYS(err, RMV_ERR_UNSUPPORTED, "MLFLOW_TRACKING_URI");
    assert_null(strstr(err->message, "secret"));
    unsetenv("MLFLOW_TRACKING_URI");

    test_write("mlruns", "a file is in the way");
    rmv_tracking_start(NULL, "test", &run);
    rmv_tracking_metric(run, "a", 1);
    rmv_tracking_artifact(run, "missing");
    err = rmv_tracking_finish(&run, true);
    assert_non_null(err);
    assert_non_null(strstr(err->message, "mlruns"));
    assert_null(run);
    CHECK_OK(rmv_tracking_finish(&run, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_laid_out_as_mlflow_does),
        TEST(the_meta_files_have_what_mlflow_reads),
        TEST(a_failed_run_says_so),
        TEST(runs_do_not_share_an_id),
        TEST(the_uri_of_a_folder_is_followed),
        TEST(what_cannot_be_recorded_is_told_at_the_end),
    };
    unsetenv("MLFLOW_TRACKING_URI");
    return RUN_TESTS(tests);
}
