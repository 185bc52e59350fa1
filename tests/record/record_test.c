#include "rmv/record/record.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "test.h"

static struct rmv_object_id id_of(const char *text)
{
    return rmv_object_id_of(text, strlen(text));
}

static struct rmv_record_artifact *add(struct rmv_record_artifacts *artifacts, const char *path,
                                       bool is_tree)
{
    struct rmv_record_artifact *added = rmv_record_artifacts_add(artifacts);
    added->path = rmv_str_copy(path);
    added->is_tree = is_tree;
    added->id = id_of(path);
    added->size = 1234;
    added->nfiles = is_tree ? 7 : 1;
    return added;
}

/* Of a stage with everything a record can have. */
static void make_stage(struct rmv_record *record)
{
    record->kind = RMV_RECORD_STAGE;
    record->name = rmv_str_copy("rmv.yaml:train");
    rmv_value_set_text(rmv_value_append(&record->cmd), "recomart train --rank \"10\"");
    rmv_value_set_text(rmv_value_append(&record->cmd), "echo 'done'\n");
    struct rmv_value *file = rmv_value_add(&record->params, "params.yaml");
    rmv_value_set_int(rmv_value_add(file, "train.rank"), 10);
    rmv_value_set_double(rmv_value_add(file, "train.rate"), 1.0);
    rmv_value_set_text(rmv_value_append(rmv_value_add(file, "train.columns")), "ünï");
    add(&record->outs, "data/model.bin", false)->is_executable = true;
    add(&record->outs, "reports/metrics.json", false)->no_cache = true;
    add(&record->deps, "data/features", true);
    add(&record->deps, "src/train.c", false);
    record->definition = id_of("definition");
    rmv_record_identify(record);
    record->started_ns = 1735727445123 * (int64_t)1000000;
    record->ended_ns = record->started_ns + 61 * (int64_t)1000000000;
    record->exit_status = 0;
    rmv_str_set(&record->git_commit, "0123456789abcdef0123456789abcdef01234567");
    rmv_str_set(&record->git_branch, "main");
    record->git_dirty = true;
}

static void make_add(struct rmv_record *record, const char *path, const char *source)
{
    record->kind = RMV_RECORD_ADD;
    record->name = rmv_str_copy(path);
    record->source = rmv_str_copy(source);
    add(&record->outs, path, true);
    rmv_record_identify(record);
}

static void check_round_trip(const struct rmv_record *record, struct rmv_record *again)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text_again = {0};

    rmv_record_format(record, &text);
    CHECK_OK(rmv_record_parse("test", text.data, text.size, again));
    rmv_record_format(again, &text_again);
    assert_int_equal(text.size, text_again.size);
    assert_memory_equal(text.data, text_again.data, text.size);
}

static void check_artifact(const struct rmv_record_artifact *a, const struct rmv_record_artifact *b)
{
    assert_string_equal(a->path, b->path);
    assert_true(rmv_object_id_equal(&a->id, &b->id));
    assert_int_equal(a->is_tree, b->is_tree);
    assert_int_equal(a->is_executable, b->is_executable);
    assert_int_equal(a->no_cache, b->no_cache);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->nfiles, b->nfiles);
}

static void a_run_of_a_stage_comes_back_member_for_member(void **state)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
    (void)state;

    make_stage(&record);
    check_round_trip(&record, &again);
    assert_int_equal(again.kind, RMV_RECORD_STAGE);
    assert_string_equal(again.name, record.name);
    assert_true(rmv_value_equal(&again.cmd, &record.cmd));
    assert_true(rmv_value_equal(&again.params, &record.params));
    assert_int_equal(again.outs.count, 2);
    assert_int_equal(again.deps.count, 2);
    for (size_t i = 0; i < 2; i++) {
        check_artifact(&record.outs.items[i], &again.outs.items[i]);
        check_artifact(&record.deps.items[i], &again.deps.items[i]);
    }
    assert_true(rmv_object_id_equal(&again.definition, &record.definition));
    assert_string_equal(again.invocation, record.invocation);
    assert_true(again.started_ns == record.started_ns && again.ended_ns == record.ended_ns);
    assert_string_equal(again.host, record.host);
    assert_string_equal(again.user, record.user);
    assert_string_equal(again.system, record.system);
    assert_string_equal(again.tool_version, record.tool_version);
    assert_string_equal(again.git_commit, record.git_commit);
    assert_string_equal(again.git_branch, "main");
    assert_true(again.git_dirty);
}

static void an_add_comes_back_with_its_source(void **state)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
    (void)state;

    make_add(&record, "data/raw", "/srv/dumps/2025-01-01");
    check_round_trip(&record, &again);
    assert_int_equal(again.kind, RMV_RECORD_ADD);
    assert_string_equal(again.name, "data/raw");
    assert_string_equal(again.source, "/srv/dumps/2025-01-01");
    assert_int_equal(again.cmd.kind, RMV_VALUE_NULL);
    assert_null(again.git_commit);
}

static void a_stage_without_outputs_attests_to_its_definition(void **state)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
    (void)state;

    record.name = rmv_str_copy("rmv.yaml:check");
    rmv_value_set_text(&record.cmd, "true");
    record.definition = id_of("definition");
    check_round_trip(&record, &again);
    assert_int_equal(again.outs.count, 0);
    assert_true(rmv_object_id_equal(&again.definition, &record.definition));
}

static void names_that_are_not_utf8_come_back_byte_for_byte(void **state)
{
    static const char *const names[] = {"data/\xff%41 b\n", "plain%41", "ä b", "tab\there"};
    (void)state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
        RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
        make_add(&record, names[i], names[i]);
        check_round_trip(&record, &again);
        assert_string_equal(again.name, names[i]);
        assert_string_equal(again.source, names[i]);
        assert_string_equal(again.outs.items[0].path, names[i]);
    }
}

static void two_runs_never_have_the_same_invocation(void **state)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record a = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record b = {0};
    (void)state;

    rmv_record_identify(&a);
    rmv_record_identify(&b);
    assert_string_not_equal(a.invocation, b.invocation);
    assert_string_equal(a.host, b.host);
}

static void outs_and_deps_are_found_and_sorted_by_path(void **state)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    (void)state;

    add(&record.deps, "b", false);
    add(&record.deps, "a/c", false);
    add(&record.deps, "a", true);
    rmv_record_sort(&record);
    assert_string_equal(record.deps.items[0].path, "a");
    assert_string_equal(record.deps.items[1].path, "a/c");
    assert_ptr_equal(rmv_record_artifacts_find(&record.deps, "b"), &record.deps.items[2]);
    assert_null(rmv_record_artifacts_find(&record.deps, "c"));
}

/* ---- Hostile records ------------------------------------------------------------------------ */

/* Replaces the first `from` in a good record of a stage by `to` and parses that. */
static const struct rmv_error *parse_with(const char *from, const char *to)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf changed = {0};

    make_stage(&record);
    rmv_record_format(&record, &text);
    const char *start = rmv_buf_string(&text);
    const char *found = strstr(start, from);
    assert_non_null(found);
    rmv_buf_append(&changed, start, (size_t)(found - start));
    rmv_buf_append_string(&changed, to);
    rmv_buf_append_string(&changed, found + strlen(from));
    const struct rmv_error *err = rmv_record_parse("record x", changed.data, changed.size, &again);
    if (err)
        assert_null(again.name);
    return err;
}

static void what_is_newer_is_refused_as_such(void **state)
{
    (void)state;
    CHECK_SAYS(parse_with("in-toto.io/Statement/v1", "in-toto.io/Statement/v2"),
               RMV_ERR_UNSUPPORTED, "Statement/v2");
    CHECK_SAYS(parse_with("slsa.dev/provenance/v1", "slsa.dev/provenance/v9"), RMV_ERR_UNSUPPORTED,
               "provenance/v9");
    CHECK_SAYS(parse_with("urn:rmv:build:stage:v1", "urn:rmv:build:stage:v2"), RMV_ERR_UNSUPPORTED,
               "urn:rmv:build:stage:v2");
    CHECK_SAYS(parse_with("urn:rmv:builder:v1", "urn:other"), RMV_ERR_UNSUPPORTED, "urn:other");
}

static void members_of_the_wrong_type_are_refused_and_named(void **state)
{
    (void)state;
    CHECK_SAYS(parse_with("\"size\": 1234", "\"size\": \"1234\""), RMV_ERR_CORRUPT,
               "record x: 'subject' 1: 'size' must be a whole number");
    CHECK_SAYS(parse_with("\"size\": 1234", "\"size\": 1e300"), RMV_ERR_CORRUPT, "'size'");
    CHECK_SAYS(parse_with("\"nfiles\": 1", "\"nfiles\": -1"), RMV_ERR_CORRUPT, "negative");
    CHECK_SAYS(parse_with("\"dirty\": true", "\"dirty\": 1"), RMV_ERR_CORRUPT, "'dirty'");
    CHECK_SAYS(parse_with("\"rmv_exitStatus\": 0", "\"rmv_exitStatus\": 99999999999"),
               RMV_ERR_CORRUPT, "rmv_exitStatus");
    CHECK_SAYS(parse_with("{\"params.yaml\": {", "{\"x\": 1, \"params.yaml\": {"), RMV_ERR_CORRUPT,
               "'params'");
    CHECK_SAYS(parse_with("\"cmd\": [", "\"cmd\": [1, "), RMV_ERR_CORRUPT, "'cmd'");
    CHECK_SAYS(parse_with("2025-01-01T10:30:45.123Z", "2025-02-30T10:30:45.123Z"), RMV_ERR_CORRUPT,
               "'startedOn'");
    CHECK_SAYS(parse_with("2025-01-01T10:30:45.123Z", "9999-01-01T10:30:45.123Z"), RMV_ERR_CORRUPT,
               "'startedOn'");
    CHECK_SAYS(rmv_record_parse("x", "[]", 2, NULL), RMV_ERR_CORRUPT, "must be a map");
}

static void members_that_are_unknown_missing_or_twice_are_refused(void **state)
{
    (void)state;
    CHECK_SAYS(parse_with("\"predicate\"", "\"Predicate\""), RMV_ERR_CORRUPT, "Predicate");
    CHECK_SAYS(parse_with("\"nfiles\"", "\"files\""), RMV_ERR_CORRUPT, "'files'");
    CHECK_SAYS(parse_with("\"invocationId\"", "\"rmv_secret\""), RMV_ERR_CORRUPT, "rmv_secret");
    CHECK_SAYS(parse_with("\"nfiles\": 1, ", ""), RMV_ERR_CORRUPT, "'nfiles' is missing");
    CHECK_SAYS(parse_with("\"nfiles\": 1", "\"nfiles\": 1, \"nfiles\": 1"), RMV_ERR_CORRUPT,
               "twice");
    CHECK_SAYS(parse_with("reports/metrics.json", "data/model.bin"), RMV_ERR_CORRUPT,
               "'data/model.bin' is there twice");
}

static void bad_ids_are_refused(void **state)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    struct rmv_object_id id = id_of("data/model.bin");
    (void)state;

    rmv_object_id_to_hex(&id, hex);
    CHECK_SAYS(parse_with(hex, zeros), RMV_ERR_CORRUPT, "all zeros");
    CHECK_SAYS(parse_with(hex, "abc"), RMV_ERR_CORRUPT, "64 lower-case hexadecimal");
    id = id_of("data/features");
    rmv_object_id_to_hex(&id, hex);
    CHECK_SAYS(parse_with(hex, zeros + 1), RMV_ERR_CORRUPT, "rmvTree1");
    CHECK_SAYS(parse_with("\"rmvTree1\"", "\"sha256\""), RMV_ERR_CORRUPT, "must be a rmvTree1");
    CHECK_SAYS(parse_with("0123456789abcdef0123", "0123456789ABCDEF0123"), RMV_ERR_CORRUPT,
               "gitCommit");
}

static void paths_that_leave_the_workspace_are_refused(void **state)
{
    static const char *const paths[] = {"../x", "/etc/passwd", "a/../../x", ".git/config",
                                        "a//b", ".RMSTORE/x",  "",          "a/./b"};
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        CHECK_SAYS(parse_with("data/model.bin", paths[i]), RMV_ERR_DENIED, "'subject' 1");
}

static void badly_encoded_names_are_refused(void **state)
{
#define MARKED(name, encoding)                                                                     \
    "\"name\": \"" name "\", \"digest\": {\"sha256\": \"%s\"}, \"annotations\": {"                 \
    "\"nameEncoding\": \"" encoding "\", "
    static const struct {
        const char *text, *message;
        enum rmv_error_code code;
    } cases[] = {
        {MARKED("data/plain", "percent"), "percent-encoded", RMV_ERR_CORRUPT},
        {MARKED("data/%FF%zz", "percent"), "percent-encoded", RMV_ERR_CORRUPT},
        {MARKED("data/%ff", "percent"), "percent-encoded", RMV_ERR_CORRUPT},
        {MARKED("data/%FF%00", "percent"), "percent-encoded", RMV_ERR_CORRUPT},
        {MARKED("%FF/../..", "percent"), "unsafe path", RMV_ERR_DENIED},
        {MARKED("data/%FF", "base64"), "base64", RMV_ERR_UNSUPPORTED},
    };
#undef MARKED
    const struct rmv_object_id id = id_of("data/model.bin");
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    (void)state;

    rmv_object_id_to_hex(&id, hex);
    RMV_CLEANUP(rmv_str_free)
    char *good = rmv_str_format("\"name\": \"data/model.bin\", \"digest\": {\"sha256\": \"%s\"}, "
                                "\"annotations\": {",
                                hex);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bad = {0};
        const char *place = strstr(cases[i].text, "%s");
        rmv_buf_append(&bad, cases[i].text, (size_t)(place - cases[i].text));
        rmv_buf_append_string(&bad, hex);
        rmv_buf_append_string(&bad, place + 2);
        CHECK_SAYS(parse_with(good, rmv_buf_string(&bad)), cases[i].code, cases[i].message);
    }
}

static void what_would_take_all_memory_is_refused_before(void **state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    (void)state;

    rmv_buf_append_string(&text, "{\"subject\": [");
    while (text.size < 4 * RMV_RECORD_VALUES_MAX)
        rmv_buf_append_string(&text, "[],");
    CHECK_SAYS(rmv_record_parse("x", text.data, text.size, &record), RMV_ERR_LIMIT, "values");
    CHECK_SAYS(rmv_record_parse("x", text.data, RMV_RECORD_BYTES_MAX + 1, &record), RMV_ERR_LIMIT,
               "bytes");
}

static void a_cut_off_record_is_refused_wherever_it_ends(void **state)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    (void)state;

    make_stage(&record);
    rmv_record_format(&record, &text);
    for (size_t size = 0; size + 1 < text.size; size++)
        CHECK_FAILS(rmv_record_parse("x", text.data, size, &again), RMV_ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_of_a_stage_comes_back_member_for_member),
        TEST(an_add_comes_back_with_its_source),
        TEST(a_stage_without_outputs_attests_to_its_definition),
        TEST(names_that_are_not_utf8_come_back_byte_for_byte),
        TEST(two_runs_never_have_the_same_invocation),
        TEST(outs_and_deps_are_found_and_sorted_by_path),
        TEST(what_is_newer_is_refused_as_such),
        TEST(members_of_the_wrong_type_are_refused_and_named),
        TEST(members_that_are_unknown_missing_or_twice_are_refused),
        TEST(bad_ids_are_refused),
        TEST(paths_that_leave_the_workspace_are_refused),
        TEST(badly_encoded_names_are_refused),
        TEST(what_would_take_all_memory_is_refused_before),
        TEST(a_cut_off_record_is_refused_wherever_it_ends),
    };
    return RUN_TESTS(tests);
}
