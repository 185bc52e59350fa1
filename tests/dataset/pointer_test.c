#include "test.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/dataset/pointer.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
/* Reads as a floating point number where it is not quoted. */
#define ID_NUMBER "1111111111111111111111111111111111111111111111111111111111111e11"

static void set_id(struct rmv_object_id *id, const char *hex)
{
    CHECK_OK(rmv_object_id_parse(hex, id));
}

static const struct rmv_error *parse(const char *path, const char *text, struct rmv_output *output)
{
    return rmv_pointer_parse(path, text, strlen(text), output);
}

/* Parses `text`, lets the caller's changes take place and expects `wanted`. */
struct change {
    const char *id, *record;
    uint64_t size, nfiles;
    enum rmv_output_kind kind;
    bool is_executable;
};

static void expect_edit(const char *text, const struct change *change, const char *wanted)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    CHECK_OK(parse("data/raw.rmv", text, &output));
    set_id(&output.id, change->id);
    output.record = (struct rmv_object_id){0};
    if (change->record)
        set_id(&output.record, change->record);
    output.size = change->size;
    output.nfiles = change->nfiles;
    output.kind = change->kind;
    output.is_executable = change->is_executable;
    CHECK_OK(rmv_pointer_format("data/raw.rmv", text, strlen(text), &output, &out));
    assert_string_equal(rmv_buf_string(&out), wanted);
    CHECK_OK(rmv_pointer_parse("data/raw.rmv", out.data, out.size, &again));
    assert_true(rmv_output_equal(&again, &output));
    assert_int_equal(again.size, output.size);
    assert_true(rmv_object_id_equal(&again.record, &output.record));
}

static void a_new_pointer_reads_back_as_it_was(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_output_free)
    struct rmv_output output = {
        .path = rmv_str_copy("data/raw"), .kind = RMV_OUTPUT_TREE, .size = 1234567, .nfiles = 42};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_pointer_path_of(output.path);

    set_id(&output.id, ID_A);
    set_id(&output.record, ID_NUMBER);
    assert_string_equal(path, "data/raw.rmv");
    CHECK_OK(rmv_pointer_format(path, NULL, 0, &output, &out));
    CHECK_OK(rmv_pointer_parse(path, out.data, out.size, &again));
    assert_string_equal(again.path, "data/raw");
    assert_true(rmv_output_equal(&again, &output));
    assert_true(rmv_object_id_equal(&again.record, &output.record));
    assert_int_equal(again.size, 1234567);
    assert_int_equal(again.nfiles, 42);
    assert_non_null(strstr(rmv_buf_string(&out), "path: raw\n"));
}

static void any_name_survives(void **state)
{
    (void)state;
    static const char *const names[] = {
        "with space",  "ümlaut", "new\nline", "tab\there", "colon: #x", "- dash",  "'q\"",
        "not\xffutf8", "\xc3(",  "100%",      "yes",       "null",      "%41\xfe", "{a",
        "true",        "0x10",   "~",         "!bang",     "@at",       "back\\s", " lead ",
        "\x01\x7f",    "a: b",   "[x]",       "*star",     "&amp",      "|",       "é\xe9"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RMV_CLEANUP(rmv_output_free)
        struct rmv_output output = {
            .path = rmv_str_format("data/%s", names[i]), .kind = RMV_OUTPUT_BLOB, .nfiles = 1};
        RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
        RMV_CLEANUP(rmv_str_free) char *path = rmv_pointer_path_of(output.path);

        set_id(&output.id, ID_A);
        CHECK_OK(rmv_pointer_format(path, NULL, 0, &output, &out));
        CHECK_OK(rmv_pointer_parse(path, out.data, out.size, &again));
        assert_string_equal(again.path, output.path);
    }
}

static void an_unchanged_pointer_keeps_every_byte(void **state)
{
    (void)state;
    static const char text[] =
        "# mine\r\nouts:\n   - {size: 5, 'path' : \"raw\" ,kind: blob, sha256: '" ID_A
        "', x: [1, 2]}   # end\n\n\nmeta: {a: &b 1, c: *b}";
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    CHECK_OK(parse("data/raw.rmv", text, &output));
    CHECK_OK(rmv_pointer_format("data/raw.rmv", text, strlen(text), &output, &out));
    assert_string_equal(rmv_buf_string(&out), text);
}

static void comments_order_quotes_and_unknown_keys_survive_an_edit(void **state)
{
    (void)state;
    expect_edit(
        "# about the data\n"
        "desc: raw clicks  # from the shop\n"
        "outs:\n"
        "  - kind: tree   # a folder\n"
        "    sha256: \"" ID_A "\"   # the id\n"
        "    nfiles: 42\n"
        "    labels: [a, b]  # mine\n"
        "    size: 10\n"
        "    path: raw\n"
        "    desc: |\n"
        "      several\n"
        "      lines\n"
        "meta: {owner: me}\n",
        &(struct change){
            .id = ID_B, .record = ID_C, .size = 2000, .nfiles = 43, .kind = RMV_OUTPUT_TREE},
        "# about the data\n"
        "desc: raw clicks  # from the shop\n"
        "outs:\n"
        "  - kind: tree   # a folder\n"
        "    sha256: \"" ID_B "\"   # the id\n"
        "    nfiles: 43\n"
        "    labels: [a, b]  # mine\n"
        "    size: 2000\n"
        "    path: raw\n"
        "    record: " ID_C "\n"
        "    desc: |\n"
        "      several\n"
        "      lines\n"
        "meta: {owner: me}\n");
}

static void a_folder_that_becomes_a_file_loses_its_count(void **state)
{
    (void)state;
    expect_edit(
        "outs:\n- path: raw\n  sha256: " ID_A "\n  kind: tree\n  size: 1\n  nfiles: 7 # many\n",
        &(struct change){
            .id = ID_B, .size = 3, .nfiles = 1, .kind = RMV_OUTPUT_BLOB, .is_executable = true},
        "outs:\n- path: raw\n  sha256: " ID_B "\n  kind: blob\n  size: 3\n  isexec: true\n");
}

static void a_stale_record_is_taken_out(void **state)
{
    (void)state;
    expect_edit("outs:\n- path: raw\n  record: " ID_C "\n  sha256: " ID_A
                "\n  kind: blob\n  size: 1\n",
                &(struct change){.id = ID_B, .size = 1, .nfiles = 1, .kind = RMV_OUTPUT_BLOB},
                "outs:\n- path: raw\n  sha256: " ID_B "\n  kind: blob\n  size: 1\n");
}

static void a_value_that_only_states_the_default_stays(void **state)
{
    (void)state;
    expect_edit("outs:\n- path: raw\n  sha256: " ID_A
                "\n  kind: blob\n  size: 1\n  cache: true\n  isexec: false\n  nfiles: 1\n",
                &(struct change){.id = ID_B, .size = 1, .nfiles = 1, .kind = RMV_OUTPUT_BLOB},
                "outs:\n- path: raw\n  sha256: " ID_B
                "\n  kind: blob\n  size: 1\n  cache: true\n  isexec: false\n  nfiles: 1\n");
}

static void an_entry_on_one_line_stays_on_one_line(void **state)
{
    (void)state;
    expect_edit("outs: [{path: raw, sha256: " ID_A ", kind: blob, size: 1}] # x\n",
                &(struct change){
                    .id = ID_B, .record = ID_C, .size = 9, .nfiles = 1, .kind = RMV_OUTPUT_BLOB},
                "outs: [{path: raw, sha256: " ID_B ", kind: blob, size: 9, record: " ID_C
                "}] # x\n");
}

static void line_ends_of_dos_and_a_missing_last_one_are_respected(void **state)
{
    (void)state;
    expect_edit("outs:\r\n- path: raw\r\n  sha256: " ID_A "\r\n  kind: blob\r\n  size: 1\r\n",
                &(struct change){
                    .id = ID_A, .record = ID_C, .size = 2, .nfiles = 1, .kind = RMV_OUTPUT_BLOB},
                "outs:\r\n- path: raw\r\n  sha256: " ID_A
                "\r\n  kind: blob\r\n  size: 2\r\n  record: " ID_C "\r\n");
    expect_edit(
        "outs:\n- path: raw\n  sha256: " ID_A "\n  kind: blob\n  size: 1",
        &(struct change){
            .id = ID_NUMBER, .record = ID_C, .size = 1, .nfiles = 1, .kind = RMV_OUTPUT_BLOB},
        "outs:\n- path: raw\n  sha256: '" ID_NUMBER "'\n  kind: blob\n  size: 1\n  record: " ID_C
        "\n");
}

static void what_cannot_be_spliced_is_written_anew_with_its_unknown_keys(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    static const char text[] = "outs:\n- path: raw\n  sha256: &id " ID_A
                               "\n  kind: blob\n  size: 1\n  desc: kept\nmeta: {a: 1}\n";

    CHECK_OK(parse("raw.rmv", text, &output));
    set_id(&output.id, ID_B);
    CHECK_OK(rmv_pointer_format("raw.rmv", text, strlen(text), &output, &out));
    CHECK_OK(rmv_pointer_parse("raw.rmv", out.data, out.size, &again));
    assert_true(rmv_output_equal(&again, &output));
    assert_non_null(strstr(rmv_buf_string(&out), "desc: kept"));
    assert_non_null(strstr(rmv_buf_string(&out), "meta:"));
}

/* The tag in front hides that the entry is written on one line. */
static void several_members_on_a_line_are_not_torn_apart(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    static const char text[] =
        "outs: [! {path: raw, sha256: " ID_A ", kind: blob, size: 2, isexec: true, desc: [x]}]";

    CHECK_OK(parse("raw.rmv", text, &output));
    set_id(&output.id, ID_B);
    output.is_executable = false;
    CHECK_OK(rmv_pointer_format("raw.rmv", text, strlen(text), &output, &out));
    CHECK_OK(rmv_pointer_parse("raw.rmv", out.data, out.size, &again));
    assert_true(rmv_output_equal(&again, &output));
    assert_true(rmv_value_equal(&again.extra, &output.extra));
}

static void hostile_paths_are_refused_with_their_place(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/etc/passwd", "../x", "a/../../x", ".git/config", "a/.GIT/x", ".rmstore/lock",
        "a//b",        "''",   "a/",        ".",           "..",       "../data",
        "./a"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
        RMV_CLEANUP(rmv_str_free)
        char *text =
            rmv_str_format("outs:\n- path: %s\n  sha256: " ID_A "\n  kind: blob\n", paths[i]);
        CHECK_SAYS(parse("data/raw.rmv", text, &output), RMV_ERR_DENIED, "data/raw.rmv:2:");
        assert_null(output.path);
    }
}

static void an_encoded_path_has_one_form(void **state)
{
    (void)state;
    static const char *const bad[] = {"a%00b", "%2e%2e", "%2E", "%zz", "a%F", "a b", "%", "ü"};
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        RMV_CLEANUP(rmv_str_free)
        char *text =
            rmv_str_format("outs:\n- path-bytes: '%s'\n  sha256: " ID_A "\n  kind: blob\n", bad[i]);
        CHECK_SAYS(parse("raw.rmv", text, &output), RMV_ERR_CORRUPT, "raw.rmv:2:15: 'path-bytes'");
    }
    CHECK_OK(parse("d/r.rmv", "outs:\n- path-bytes: 'r%FF%25'\n  sha256: " ID_A "\n  kind: blob\n",
                   &output));
    assert_string_equal(output.path, "d/r\xff%");
}

static void bad_documents_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        enum rmv_error_code code;
    } cases[] = {
        {"[]", "raw.rmv:1:1: a pointer file must be a map", RMV_ERR_CORRUPT},
        {"a: 1\n", "'outs' is missing", RMV_ERR_CORRUPT},
        {"outs: 1\n", "raw.rmv:1:7: 'outs' must be a list", RMV_ERR_CORRUPT},
        {"outs: []\n", "'outs' is empty", RMV_ERR_CORRUPT},
        {"outs: [a, b]\n", "more than one output", RMV_ERR_UNSUPPORTED},
        {"wdir: ..\nouts: []\n", "raw.rmv:1:7: 'wdir'", RMV_ERR_UNSUPPORTED},
        {"outs:\n- sha256: a\n", "needs a 'path'", RMV_ERR_CORRUPT},
        {"outs:\n- path: [a]\n", "'path' must be a string", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  path-bytes: a\n", "not both", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n", "'sha256' is missing", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  md5: x\n", "raw.rmv:3:8: content is named by 'md5'",
         RMV_ERR_UNSUPPORTED},
        {"outs:\n- path: a\n  sha256: abc\n  kind: blob\n", "raw.rmv:3:11: 'sha256' must be 64",
         RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  sha256: " ID_A "\n", "needs a 'kind'", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  sha256: " ID_A "\n  kind: link\n", "'kind' must be", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  sha256: " ID_A "\n  kind: blob\n  size: -1\n", "raw.rmv:5:9: 'size'",
         RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  sha256: " ID_A "\n  kind: blob\n  isexec: 1\n",
         "'isexec' must be true", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  sha256: " ID_A "\n  kind: blob\n  record: 7\n", "'record' must be 64",
         RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n<<<<<<< HEAD\n  sha256: x\n=======\n",
         "raw.rmv:3: the file has Git merge", RMV_ERR_CORRUPT},
        {"outs:\n- path: a\n  path: b\n", "raw.rmv:3", RMV_ERR_CORRUPT},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
        CHECK_SAYS(parse("raw.rmv", cases[i].text, &output), cases[i].code, cases[i].message);
        assert_null(output.path);
    }
}

static void a_damaged_pointer_is_not_written_over(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_output_free)
    struct rmv_output output = {.path = rmv_str_copy("raw"), .kind = RMV_OUTPUT_BLOB};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    set_id(&output.id, ID_A);
    CHECK_FAILS(rmv_pointer_format("raw.rmv", "outs: [", 7, &output, &out), RMV_ERR_CORRUPT);
    assert_int_equal(out.size, 0);
}

static void an_empty_pointer_is_said_to_be_empty(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n \n", "# nothing left\n", "---\n"};
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK_FAILS(parse("data/raw.rmv", texts[i], &output), RMV_ERR_CORRUPT);
        assert_non_null(strstr(rmv_error_last()->message, "'data/raw.rmv' is empty"));
        assert_non_null(strstr(rmv_error_last()->message, "git restore -- 'data/raw.rmv'"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_pointer_reads_back_as_it_was),
        TEST(any_name_survives),
        TEST(an_unchanged_pointer_keeps_every_byte),
        TEST(comments_order_quotes_and_unknown_keys_survive_an_edit),
        TEST(a_folder_that_becomes_a_file_loses_its_count),
        TEST(a_stale_record_is_taken_out),
        TEST(a_value_that_only_states_the_default_stays),
        TEST(an_entry_on_one_line_stays_on_one_line),
        TEST(line_ends_of_dos_and_a_missing_last_one_are_respected),
        TEST(what_cannot_be_spliced_is_written_anew_with_its_unknown_keys),
        TEST(several_members_on_a_line_are_not_torn_apart),
        TEST(hostile_paths_are_refused_with_their_place),
        TEST(an_encoded_path_has_one_form),
        TEST(bad_documents_are_refused_with_their_place),
        TEST(a_damaged_pointer_is_not_written_over),
        TEST(an_empty_pointer_is_said_to_be_empty),
    };
    return RUN_TESTS(tests);
}
