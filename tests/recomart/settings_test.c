#include "rmv/recomart/settings.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static void without_files_all_has_its_default(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings settings = {0};
    const struct rmv_value *section;
    static const char *const known[] = {"a", NULL};
    CHECK_OK(rmv_settings_read(NULL, NULL, &settings));
    assert_string_equal(settings.raw, "data/raw");
    assert_string_equal(settings.logs, "logs");
    assert_false(settings.logs_name_stage);
    CHECK_OK(rmv_settings_section(&settings, "train", known, &section));
    assert_null(section);
    CHECK_FAILS(rmv_settings_read("other.yaml", NULL, &settings), RMV_ERR_NOT_FOUND);
}

static void both_forms_of_paths_are_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings settings = {0};
    test_write("paths.yaml", "raw: lake/raw\nlogs: out/logs\n");
    CHECK_OK(rmv_settings_read("paths.yaml", NULL, &settings));
    assert_string_equal(settings.raw, "lake/raw");
    assert_string_equal(settings.logs, "out/logs");
    assert_string_equal(settings.validated, "data/validated");

    test_write("config.yaml", "paths: {raw_data: lake/raw, processed_data: lake/processed}\n"
                              "model: {n_factors: 50}\nevaluation: {test_size: 0.2}\n");
    CHECK_OK(rmv_settings_read("config.yaml", NULL, &settings));
    assert_string_equal(settings.processed, "lake/processed");
    assert_true(settings.logs_name_stage);
}

static void wrong_paths_are_named_with_their_place(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings settings = {0};
    test_write("paths.yaml", "raw: a\nvalidatd: b\n");
    CHECK_SAYS(rmv_settings_read("paths.yaml", NULL, &settings), RMV_ERR_USAGE, "paths.yaml:2:1");
    test_write("paths.yaml", "raw: [a]\n");
    CHECK_SAYS(rmv_settings_read("paths.yaml", NULL, &settings), RMV_ERR_USAGE, "paths.yaml:1:6");
    test_write("paths.yaml", "raw: ''\n");
    CHECK_SAYS(rmv_settings_read("paths.yaml", NULL, &settings), RMV_ERR_USAGE, "'raw' is empty");
    test_write("paths.yaml", "- raw\n");
    CHECK_FAILS(rmv_settings_read("paths.yaml", NULL, &settings), RMV_ERR_USAGE);
}

static void parameters_are_checked(void **state)
{
    (void)state;
    static const char *const known[] = {"rate", "name", NULL};
    static const double range[2] = {0, 10};
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings settings = {0};
    const struct rmv_value *section;
    double rate = 7;
    const char *name = "unset";

    test_write("params.yaml",
               "good: {rate: 2}\nbad: {rate: 11, name: 3}\nodd: {raet: 1}\nlist: []\n");
    CHECK_OK(rmv_settings_read(NULL, NULL, &settings));
    CHECK_OK(rmv_settings_section(&settings, "good", known, &section));
    CHECK_OK(rmv_settings_number(&settings, section, "rate", range, &rate));
    CHECK_OK(rmv_settings_text(&settings, section, "name", &name));
    assert_true(rate == 2);
    assert_string_equal(name, "unset");

    CHECK_OK(rmv_settings_section(&settings, "bad", known, &section));
    CHECK_SAYS(rmv_settings_number(&settings, section, "rate", range, &rate), RMV_ERR_USAGE,
               "params.yaml:2:13: 'rate' must be between 0 and 10");
    CHECK_FAILS(rmv_settings_text(&settings, section, "name", &name), RMV_ERR_USAGE);
    CHECK_SAYS(rmv_settings_section(&settings, "odd", known, &section), RMV_ERR_USAGE, "'rate'");
    CHECK_FAILS(rmv_settings_section(&settings, "list", known, &section), RMV_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_files_all_has_its_default),
        TEST(both_forms_of_paths_are_read),
        TEST(wrong_paths_are_named_with_their_place),
        TEST(parameters_are_checked),
    };
    return RUN_TESTS(tests);
}
