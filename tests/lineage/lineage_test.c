#include "rmv/lineage/lineage.h"

#include <stdlib.h>
#include <string.h>

#include "lineage/ids.h"
#include "lineage/words.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "test.h"

/* A workspace whose stages are made up: outputs, records and the lock file are written as repro
 * would, without running anything. */
struct project {
    struct rmv_workspace *workspace;
    struct rmv_store_batch *batch;
    struct rmv_lock_file lock;
};

static void open_project(struct project *project)
{
    const struct rmv_workspace_init_options options = {.no_scm = true};

    CHECK_OK(rmv_workspace_init(".", &options));
    CHECK_OK(rmv_workspace_open(".", NULL, &project->workspace));
    CHECK_OK(rmv_store_batch_open(project->workspace->store, &project->batch));
    project->lock.path = rmv_str_copy(RMV_LOCK_FILE_NAME);
}

static void close_project(struct project *project)
{
    rmv_store_batch_close(&project->batch);
    rmv_workspace_close(&project->workspace);
    rmv_lock_file_free(&project->lock);
}

static void add_file(struct rmv_outputs *outputs, struct rmv_record_artifacts *artifacts,
                     const char *name)
{
    const struct rmv_object_id id = rmv_object_id_of(name, strlen(name));
    struct rmv_output *output = rmv_outputs_add(outputs);
    output->path = rmv_str_copy(name);
    output->kind = RMV_OUTPUT_BLOB;
    output->id = id;
    output->size = strlen(name);
    output->nfiles = 1;

    struct rmv_record_artifact *artifact = rmv_record_artifacts_add(artifacts);
    artifact->path = rmv_str_copy(name);
    artifact->id = id;
    artifact->size = strlen(name);
    artifact->nfiles = 1;
}

/* A stage of the name of its output, whose content is that name too. */
static void add_stage(struct project *project, const char *name, const char *const *deps)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    struct rmv_lock_stage *stage = rmv_lock_file_add(&project->lock, name);
    struct rmv_object_id id;

    CHECK_OK(rmv_store_batch_put(project->batch, name, strlen(name), &id));
    add_file(&stage->outs, &record.outs, name);
    for (size_t i = 0; deps && deps[i]; i++)
        add_file(&stage->deps, &record.deps, deps[i]);
    rmv_value_set_text(&stage->cmd, "make it");
    rmv_value_set_text(&record.cmd, "make it");
    record.name = rmv_str_format("rmv.yaml:%s", name);
    record.definition = rmv_object_id_of("definition", 10);
    rmv_record_identify(&record);
    CHECK_OK(rmv_record_put(&record, project->batch, &stage->record));
}

static void finish(struct project *project)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    CHECK_OK(rmv_store_batch_commit(project->batch));
    rmv_lock_file_format(&project->lock, &text);
    CHECK_OK(rmv_fs_write_atomic(RMV_LOCK_FILE_NAME, text.data, text.size));
}

static void trace(struct project *project, const char *path, struct rmv_lineage *lineage)
{
    const struct rmv_lineage_options options = {0};
    CHECK_OK(rmv_lineage_trace(project->workspace, path, &options, lineage));
}

static char *text_of(const struct rmv_lineage *lineage)
{
    const struct rmv_lineage_style style = {.ascii = true};
    struct rmv_buf text = {0};
    rmv_lineage_format_text(lineage, &style, &text);
    return rmv_buf_take(&text);
}

static void what_many_ways_lead_to_is_there_once(void **state)
{
    RMV_CLEANUP(close_project) struct project project = {0};
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage lineage = {0};
    (void)state;

    /* 2^40 ways from the top to the bottom. */
    open_project(&project);
    for (int i = 0; i < 40; i++) {
        RMV_CLEANUP(rmv_str_free) char *left = rmv_str_format("left%d", i);
        RMV_CLEANUP(rmv_str_free) char *right = rmv_str_format("right%d", i);
        RMV_CLEANUP(rmv_str_free) char *left_dep = rmv_str_format("left%d", i - 1);
        RMV_CLEANUP(rmv_str_free) char *right_dep = rmv_str_format("right%d", i - 1);
        const char *const deps[] = {left_dep, right_dep, NULL};
        add_stage(&project, left, i > 0 ? deps : NULL);
        add_stage(&project, right, i > 0 ? deps : NULL);
    }
    finish(&project);
    trace(&project, "left39", &lineage);
    assert_int_equal(rmv_lineage_status_of(&lineage), RMV_LINEAGE_VERIFIED);
    assert_int_equal(lineage.artifacts_count, 79);
    assert_int_equal(lineage.runs_count, 79);
    RMV_CLEANUP(rmv_str_free) char *text = text_of(&lineage);
    assert_true(strlen(text) < 100000);
    assert_non_null(strstr(text, "see above"));
}

static void outputs_that_were_made_from_each_other_come_to_an_end(void **state)
{
    static const char *const on_b[] = {"b", NULL}, *const on_a[] = {"a", "b", NULL};
    RMV_CLEANUP(close_project) struct project project = {0};
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage lineage = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf dot = {0};
    (void)state;

    open_project(&project);
    add_stage(&project, "a", on_b);
    add_stage(&project, "b", on_a);
    finish(&project);
    trace(&project, "a", &lineage);
    assert_int_equal(lineage.artifacts_count, 2);
    assert_int_equal(lineage.runs_count, 2);
    RMV_CLEANUP(rmv_str_free) char *text = text_of(&lineage);
    assert_true(strlen(text) < 2000);
    rmv_lineage_format_dot(&lineage, &dot);
    assert_non_null(strstr(rmv_buf_string(&dot), "artifact1 -> run0;"));
}

static void a_very_long_chain_is_followed_whole_and_shown_in_part(void **state)
{
    RMV_CLEANUP(close_project) struct project project = {0};
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage lineage = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf json = {0};
    (void)state;

    open_project(&project);
    for (int i = 0; i < 800; i++) {
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("s%d", i);
        RMV_CLEANUP(rmv_str_free) char *dep = rmv_str_format("s%d", i - 1);
        const char *const deps[] = {dep, NULL};
        add_stage(&project, name, i > 0 ? deps : NULL);
    }
    finish(&project);
    trace(&project, "s799", &lineage);
    assert_int_equal(lineage.runs_count, 800);
    RMV_CLEANUP(rmv_str_free) char *text = text_of(&lineage);
    assert_non_null(strstr(text, "the chain goes on"));
    rmv_lineage_format_json(&lineage, &json);
    assert_non_null(strstr(rmv_buf_string(&json), "\"path\": \"s0\""));
}

static void a_dependency_that_nobody_has_is_unrecorded(void **state)
{
    static const char *const deps[] = {"nowhere", NULL};
    RMV_CLEANUP(close_project) struct project project = {0};
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage lineage = {0};
    (void)state;

    open_project(&project);
    add_stage(&project, "a", deps);
    finish(&project);
    trace(&project, "a", &lineage);
    assert_int_equal(rmv_lineage_status_of(&lineage), RMV_LINEAGE_UNRECORDED);
    assert_int_equal(lineage.artifacts[1].origin, RMV_LINEAGE_BY_NOBODY);
    assert_int_equal(lineage.artifacts[1].problems.count, 1);
}

static void a_record_of_other_content_is_noticed(void **state)
{
    RMV_CLEANUP(close_project) struct project project = {0};
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage lineage = {0};
    (void)state;

    open_project(&project);
    add_stage(&project, "a", NULL);
    add_stage(&project, "b", NULL);
    struct rmv_lock_stage *a = rmv_lock_file_find(&project.lock, "a");
    a->record = rmv_lock_file_find(&project.lock, "b")->record;
    finish(&project);
    trace(&project, "a", &lineage);
    assert_int_equal(rmv_lineage_status_of(&lineage), RMV_LINEAGE_CHANGED);
    assert_int_equal(lineage.artifacts[0].status, RMV_LINEAGE_CHANGED);
    assert_int_equal(lineage.runs[0].status, RMV_LINEAGE_CHANGED);
}

static void a_set_of_ids_has_each_once_in_the_order_they_came(void **state)
{
    RMV_CLEANUP(rmv_ids_free) struct rmv_ids ids = {0};
    (void)state;

    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 10000; i++) {
            const struct rmv_object_id id = rmv_object_id_of(&i, sizeof(i));
            assert_int_equal(rmv_ids_has(&ids, &id), round > 0);
            assert_int_equal(rmv_ids_add(&ids, &id), round == 0);
        }
    }
    const uint32_t last = 9999;
    const struct rmv_object_id id = rmv_object_id_of(&last, sizeof(last));
    assert_int_equal(ids.count, 10000);
    assert_true(rmv_object_id_equal(&ids.items[9999], &id));
}

static void check_words(char *words, const char *expected)
{
    assert_string_equal(words, expected);
    rmv_str_free(&words);
}

static void sizes_and_durations_are_said_in_words(void **state)
{
    const int64_t second = 1000000000;
    const struct rmv_lineage_artifact file = {.size = 1536, .nfiles = 1};
    const struct rmv_lineage_artifact folder = {.is_tree = true, .size = 1023, .nfiles = 12};
    (void)state;

    check_words(rmv_words_of_duration(second / 4), "250 ms");
    check_words(rmv_words_of_duration(59 * second), "59.0 s");
    check_words(rmv_words_of_duration(61 * second), "1 min 1 s");
    check_words(rmv_words_of_duration(10800 * second), "3 h 0 min");
    check_words(rmv_words_of_duration(-second), "clock went back");
    check_words(rmv_words_of_size(&file), "1.5 KiB");
    check_words(rmv_words_of_size(&folder), "12 files, 1023 B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_many_ways_lead_to_is_there_once),
        TEST(outputs_that_were_made_from_each_other_come_to_an_end),
        TEST(a_very_long_chain_is_followed_whole_and_shown_in_part),
        TEST(a_dependency_that_nobody_has_is_unrecorded),
        TEST(a_record_of_other_content_is_noticed),
        TEST(a_set_of_ids_has_each_once_in_the_order_they_came),
        TEST(sizes_and_durations_are_said_in_words),
    };
    return RUN_TESTS(tests);
}
