#include "test.h"

#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/dataset/lock_file.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct rmv_error *parse(const char *path, const char *text, struct rmv_lock_file *lock)
{
    return rmv_lock_file_parse(path, text, strlen(text), lock);
}

static char *format(const struct rmv_lock_file *lock)
{
    struct rmv_buf out = {0};
    rmv_lock_file_format(lock, &out);
    return rmv_buf_take(&out);
}

static const char example[] =
    "schema: '2.0'\n"
    "stages:\n"
    "  train:\n"
    "    cmd: recomart train\n"
    "    deps:\n"
    "    - path: data/features\n"
    "      sha256: " ID_A "\n"
    "      kind: tree\n"
    "      size: 10\n"
    "      nfiles: 2\n"
    "    params:\n"
    "      params.yaml:\n"
    "        train.rank: 10\n"
    "        train.rate: 1.0\n"
    "        train.name: '1.0'\n"
    "        train.list: [b, a, {z: 1, y: null}]\n"
    "    outs:\n"
    "    - path: data/model.bin\n"
    "      sha256: " ID_B "\n"
    "      kind: blob\n"
    "      size: 5\n"
    "      isexec: true\n"
    "      cache: false\n"
    "    record: " ID_A "\n"
    "  ingest:\n"
    "    cmd: [a, b]\n"
    "    outs: [{path: z, sha256: " ID_A ", kind: blob, size: 1, hash: sha256}, {path: a}]\n"
    "    queue: fast\n"
    "made_by: hand\n";

static void every_member_is_read(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};

    CHECK_OK(parse("rmv.lock", example, &lock));
    assert_string_equal(lock.path, "rmv.lock");
    assert_int_equal(lock.count, 2);
    assert_string_equal(lock.stages[0].name, "ingest");
    const struct rmv_lock_stage *train = rmv_lock_file_find(&lock, "train");
    assert_non_null(train);
    assert_string_equal(train->cmd.text, "recomart train");
    assert_int_equal(train->deps.count, 1);
    assert_string_equal(train->deps.items[0].path, "data/features");
    assert_int_equal(train->deps.items[0].kind, RMV_OUTPUT_TREE);
    assert_int_equal(train->deps.items[0].nfiles, 2);
    assert_true(train->outs.items[0].is_executable);
    assert_true(train->outs.items[0].no_cache);
    assert_false(rmv_object_id_is_zero(&train->record));
    const struct rmv_value *file = rmv_value_find(&train->params, "params.yaml");
    assert_int_equal(rmv_value_find(file, "train.rank")->integer, 10);
    assert_int_equal(rmv_value_find(file, "train.rate")->kind, RMV_VALUE_DOUBLE);
    assert_int_equal(rmv_value_find(file, "train.name")->kind, RMV_VALUE_STRING);
    assert_int_equal(rmv_lock_file_find(&lock, "ingest")->outs.items[1].kind, RMV_OUTPUT_MISSING);
    assert_null(rmv_lock_file_find(&lock, "trai"));
    assert_null(rmv_lock_file_find(&lock, "zebra"));
}

static void writing_is_deterministic_and_keeps_unknown_members(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file again = {0};

    CHECK_OK(parse("rmv.lock", example, &lock));
    RMV_CLEANUP(rmv_str_free) char *first = format(&lock);
    CHECK_OK(parse("rmv.lock", first, &again));
    RMV_CLEANUP(rmv_str_free) char *second = format(&again);
    assert_string_equal(first, second);

    assert_non_null(strstr(first, "queue: fast"));
    assert_non_null(strstr(first, "made_by: hand"));
    assert_non_null(strstr(first, "hash: sha256"));
    assert_true(strstr(first, "ingest:") < strstr(first, "train:"));
    assert_true(strstr(first, "path: a\n") < strstr(first, "path: z\n"));
    assert_true(rmv_value_equal(&rmv_lock_file_find(&lock, "train")->params,
                                &rmv_lock_file_find(&again, "train")->params));
    assert_true(rmv_value_equal(&rmv_lock_file_find(&lock, "ingest")->cmd,
                                &rmv_lock_file_find(&again, "ingest")->cmd));
}

static void remembered_stages_are_written_as_they_were_until_they_are_forgotten(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};

    CHECK_OK(parse("rmv.lock", example, &lock));
    RMV_CLEANUP(rmv_str_free) char *before = format(&lock);
    rmv_lock_file_remember(&lock);
    RMV_CLEANUP(rmv_str_free) char *remembered = format(&lock);
    assert_string_equal(before, remembered);

    struct rmv_lock_stage *train = rmv_lock_file_find(&lock, "train");
    rmv_value_set_text(&train->cmd, "another");
    rmv_lock_stage_forget(train);
    rmv_lock_file_add(&lock, "new");
    rmv_lock_file_remove(&lock, "ingest");
    RMV_CLEANUP(rmv_str_free) char *changed = format(&lock);
    assert_non_null(strstr(changed, "  train:\n    cmd: another\n"));
    assert_non_null(strstr(changed, "  new: {}\n"));
    assert_null(strstr(changed, "ingest"));
    rmv_lock_file_remember(&lock);
    RMV_CLEANUP(rmv_str_free) char *again = format(&lock);
    assert_string_equal(changed, again);
}

static void paths_are_relative_to_the_folder_of_the_file(void **state)
{
    (void)state;
    static const char text[] =
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    deps:\n    - path: ../in\n"
        "      sha256: " ID_A "\n      kind: blob\n      size: 1\n"
        "    outs:\n    - path: out\n      sha256: " ID_A "\n      kind: blob\n      size: 1\n";
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};

    CHECK_OK(parse("sub/rmv.lock", text, &lock));
    assert_string_equal(lock.stages[0].deps.items[0].path, "in");
    assert_string_equal(lock.stages[0].outs.items[0].path, "sub/out");
    RMV_CLEANUP(rmv_str_free) char *again = format(&lock);
    assert_string_equal(again, text);
    CHECK_SAYS(parse("rmv.lock", text, &lock), RMV_ERR_DENIED, "rmv.lock:6:");
}

static void stages_can_be_added_found_and_removed(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {.path = rmv_str_copy("rmv.lock")};

    for (int i = 999; i >= 0; i--) {
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("stage%d", i);
        rmv_value_set_text(&rmv_lock_file_add(&lock, name)->cmd, name);
    }
    assert_int_equal(lock.count, 1000);
    assert_ptr_equal(rmv_lock_file_add(&lock, "stage7"), rmv_lock_file_find(&lock, "stage7"));
    assert_int_equal(lock.count, 1000);
    rmv_lock_file_remove(&lock, "stage7");
    rmv_lock_file_remove(&lock, "stage7");
    assert_int_equal(lock.count, 999);
    assert_null(rmv_lock_file_find(&lock, "stage7"));
    for (size_t i = 0; i < lock.count; i++)
        assert_string_equal(lock.stages[i].cmd.text, lock.stages[i].name);
}

static void an_empty_text_is_an_empty_file(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};

    CHECK_OK(parse("rmv.lock", "", &lock));
    assert_int_equal(lock.count, 0);
    CHECK_OK(parse("rmv.lock", "# nothing yet\n", &lock));
    RMV_CLEANUP(rmv_str_free) char *text = format(&lock);
    CHECK_OK(parse("rmv.lock", text, &lock));
    assert_int_equal(lock.count, 0);
}

static void bad_documents_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        enum rmv_error_code code;
    } cases[] = {
        {"[]", "x/rmv.lock:1:1: a lock file must be a map", RMV_ERR_CORRUPT},
        {"stages: {}\n", "'schema' is missing", RMV_ERR_CORRUPT},
        {"schema: '3.0'\n", "x/rmv.lock:1:9: schema '3.0' is newer", RMV_ERR_UNSUPPORTED},
        {"schema: '1.0'\n", "'schema' must be '2.0'", RMV_ERR_CORRUPT},
        {"schema: [2]\n", "'schema' must be '2.0'", RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages: []\n", "x/rmv.lock:2:9: 'stages' must be a map", RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: 1\n", "x/rmv.lock:3:6: a stage must be a map",
         RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {cmd: 1}\n", "'cmd' must be a string or a list",
         RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {cmd: [x, [y]]}\n", "'cmd' must be", RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {deps: {}}\n", "'deps' must be a list", RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {params: {p: 1}}\n", "under a parameter file must be a map",
         RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {record: abc}\n", "'record' must be 64", RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {}\n  a: {}\n", "x/rmv.lock:4:3", RMV_ERR_CORRUPT},
        {"schema: '2.0'\nstages:\n  a: {outs: [{path: /etc/x}]}\n", "x/rmv.lock:3:21",
         RMV_ERR_DENIED},
        {"schema: '2.0'\nstages:\n  a: {outs: [{path: ../../x}]}\n", "leaves the workspace",
         RMV_ERR_DENIED},
        {"schema: '2.0'\nstages:\n  a: {outs: [{path: .git/x}]}\n", "x/rmv.lock:3:21",
         RMV_ERR_DENIED},
        {"schema: '2.0'\nstages:\n  a: {outs: [{path: x, md5: y}]}\n", "'md5'",
         RMV_ERR_UNSUPPORTED},
        {"schema: '2.0'\n<<<<<<< ours\nstages: {}\n",
         "x/rmv.lock:2: the file has Git merge conflict", RMV_ERR_CORRUPT},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};
        CHECK_SAYS(parse("x/rmv.lock", cases[i].text, &lock), cases[i].code, cases[i].message);
        assert_null(lock.path);
    }
}

/* A tenth of a second is some twenty times what it takes here: it catches what is quadratic. */
static void a_thousand_stages_are_read_and_written(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_buf_append_string(&text, "schema: '2.0'\nstages:\n");
    for (int i = 1000; i > 0; i--)
        rmv_buf_append_format(
            &text,
            "  stage%d:\n    cmd: run %d\n    outs:\n    - path: out%d\n      sha256: " ID_A
            "\n      kind: blob\n      size: %d\n",
            i, i, i, i);
    CHECK_OK(rmv_lock_file_parse("rmv.lock", text.data, text.size, &lock));
    RMV_CLEANUP(rmv_str_free) char *out = format(&lock);
    assert_int_equal(lock.count, 1000);
    assert_non_null(rmv_lock_file_find(&lock, "stage500"));
    assert_non_null(strstr(out, "  stage500:\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_member_is_read),
        TEST(writing_is_deterministic_and_keeps_unknown_members),
        TEST(remembered_stages_are_written_as_they_were_until_they_are_forgotten),
        TEST(paths_are_relative_to_the_folder_of_the_file),
        TEST(stages_can_be_added_found_and_removed),
        TEST(an_empty_text_is_an_empty_file),
        TEST(bad_documents_are_refused_with_their_place),
        TEST(a_thousand_stages_are_read_and_written),
    };
    return RUN_TESTS(tests);
}
