#include "test.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "store/chunk_list.h"
#include "store/chunker.h"
#include "store/frame.h"
#include "support.h"

#define CHUNKS_MAX 1000

static size_t cut_all(const struct rmv_buf *bytes, struct rmv_object_id ids[CHUNKS_MAX])
{
    struct rmv_chunker chunker;
    size_t count = 0;
    rmv_chunker_init(&chunker);
    for (size_t at = 0; at < bytes->size;) {
        const size_t size = rmv_chunker_cut(&chunker, bytes->data + at, bytes->size - at);
        assert_in_range(size, 1, RMV_CHUNK_SIZE_MAX);
        if (at + size < bytes->size)
            assert_in_range(size, RMV_CHUNK_SIZE_MIN + 1, RMV_CHUNK_SIZE_MAX);
        assert_true(count < CHUNKS_MAX);
        ids[count++] = rmv_object_id_of(bytes->data + at, size);
        at += size;
    }
    return count;
}

static size_t count_shared(const struct rmv_object_id *a, size_t a_count,
                           const struct rmv_object_id *b, size_t b_count)
{
    size_t shared = 0;
    for (size_t i = 0; i < a_count; i++)
        for (size_t j = 0; j < b_count; j++)
            if (rmv_object_id_equal(&a[i], &b[j])) {
                shared++;
                break;
            }
    return shared;
}

static void chunks_have_about_the_average_size(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    struct rmv_object_id ids[CHUNKS_MAX];
    make_bytes(PATTERN_RANDOM, 1, (size_t)64 << 20, &bytes);
    assert_in_range(bytes.size / cut_all(&bytes, ids), 200 << 10, 330 << 10);
}

static void cuts_do_not_depend_on_how_bytes_come(void **state)
{
    (void)state;
    static const size_t steps[] = {1013, 65536, 262144, 300001};
    struct rmv_chunker chunker;
    rmv_chunker_init(&chunker);
    for (int pattern = 0; pattern < 2; pattern++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        make_bytes(pattern, 7, (size_t)12 << 20, &bytes);
        for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
            size_t looked_at = 0;
            size_t at = 0, seen = 0;
            while (seen < bytes.size) {
                seen = bytes.size - seen < steps[s] ? bytes.size : seen + steps[s];
                for (size_t size; at < seen && (size = rmv_chunker_find(&chunker, bytes.data + at,
                                                                        seen - at, &looked_at));) {
                    assert_int_equal(size,
                                     rmv_chunker_cut(&chunker, bytes.data + at, bytes.size - at));
                    at += size;
                    looked_at = 0;
                }
            }
            assert_int_equal(bytes.size - at,
                             rmv_chunker_cut(&chunker, bytes.data + at, bytes.size - at));
        }
    }
}

/* All chunks but four stay as they are behind one byte more; returns how many there are. */
static size_t check_an_edit_and_count(const struct rmv_buf *bytes)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf longer = {0};
    struct rmv_object_id ids[CHUNKS_MAX], longer_ids[CHUNKS_MAX];
    rmv_buf_append(&longer, "x", 1);
    rmv_buf_append(&longer, bytes->data, bytes->size);
    const size_t count = cut_all(bytes, ids);
    const size_t longer_count = cut_all(&longer, longer_ids);
    assert_in_range(count_shared(ids, count, longer_ids, longer_count), count - 4, count);
    return count;
}

static void one_byte_more_at_the_front_leaves_most_chunks_alone(void **state)
{
    (void)state;
    for (int pattern = 0; pattern < 2; pattern++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        make_bytes(pattern, 2, (size_t)20 << 20, &bytes);
        assert_true(check_an_edit_and_count(&bytes) > 20);
    }
}

static uint32_t next_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void make_bases(struct rmv_buf *bytes, uint64_t state, size_t size)
{
    for (size_t i = 0; i < size; i++)
        rmv_buf_append(bytes, "ACGT" + next_number(&state) % 4, 1);
}

static void make_bits(struct rmv_buf *bytes, uint64_t state, size_t size)
{
    for (size_t i = 0; i < size; i++)
        rmv_buf_append(bytes, next_number(&state) % 2 ? "1" : "0", 1);
}

static void make_readings(struct rmv_buf *bytes, uint64_t state, size_t size)
{
    double reading = 20;
    while (bytes->size < size) {
        reading += ((double)(next_number(&state) % 1000) - 499.5) / 1e4;
        rmv_buf_append(bytes, &reading, sizeof(reading));
    }
}

static void make_rows(struct rmv_buf *bytes, uint64_t state, size_t size)
{
    for (unsigned row = 0; bytes->size < size; row++)
        rmv_buf_append_format(bytes, "%u,2026-11-%02u,%u\n", row, 1 + next_number(&state) % 28,
                              next_number(&state) % 5);
}

static void bytes_of_few_values_are_cut_as_random_ones_are(void **state)
{
    (void)state;
    static void (*const makers[])(struct rmv_buf *, uint64_t, size_t) = {make_bases, make_bits,
                                                                         make_readings, make_rows};
    for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        makers[i](&bytes, i, (size_t)32 << 20);
        const size_t count = check_an_edit_and_count(&bytes);
        assert_in_range(count, bytes.size / (330 << 10), bytes.size / (200 << 10));
    }
}

static void make_wide_rows(struct rmv_buf *bytes, uint64_t state, size_t size)
{
    static const char constant[508];
    while (bytes->size < size) {
        const uint32_t number = next_number(&state);
        rmv_buf_append(bytes, &number, sizeof(number));
        rmv_buf_append(bytes, constant, sizeof(constant));
    }
}

static void rows_that_differ_in_few_bytes_keep_their_cuts_behind_an_edit(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    make_wide_rows(&bytes, 5, (size_t)32 << 20);
    const size_t count = check_an_edit_and_count(&bytes);
    assert_in_range(count, bytes.size / (800 << 10), bytes.size / (500 << 10));
}

static void check_that_all_kinds_agree(const uint8_t *bytes, uint32_t mask, size_t *cuts)
{
    const bool has_cut = rmv_chunk_block_test_of(RMV_CHUNK_PLAIN)(bytes, mask);
    for (int kind = RMV_CHUNK_PLAIN + 1; kind < RMV_CHUNK_KINDS; kind++) {
        rmv_chunk_block_test *test = rmv_chunk_block_test_of(kind);
        if (test)
            assert_int_equal(test(bytes, mask), has_cut);
    }
    *cuts += has_cut;
}

static void every_processor_cuts_at_the_same_places(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    size_t cuts = 0, blocks = 0;
    make_bytes(PATTERN_RANDOM, 3, (size_t)2 << 20, &bytes);
    /* Some of the blocks have one cut, which may be at any place, most have none. */
    for (size_t at = 0; at + RMV_CHUNK_BLOCK_BYTES <= bytes.size; at += 1021, blocks++)
        check_that_all_kinds_agree((const uint8_t *)bytes.data + at, 0xFFF00000u, &cuts);
    assert_in_range(cuts, blocks / 8, blocks / 2);
}

static void a_cut_at_any_place_of_a_block_is_seen(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    make_bytes(PATTERN_RANDOM, 4, (size_t)2 << 20, &bytes);
    struct rmv_chunker chunker;
    rmv_chunker_init(&chunker);
    const size_t cut = rmv_chunker_cut(&chunker, bytes.data, bytes.size);
    const uint32_t mask = cut <= RMV_CHUNK_SIZE_AVERAGE ? 0xFFFFF000u : 0xFFFF0000u;
    for (size_t place = 0; place < RMV_CHUNK_BLOCK; place++) {
        size_t cuts = 0;
        check_that_all_kinds_agree((const uint8_t *)bytes.data + cut - 32 - place, mask, &cuts);
        assert_int_equal(cuts, 1);
    }
    size_t cuts = 0;
    check_that_all_kinds_agree((const uint8_t *)bytes.data + cut - 32 - RMV_CHUNK_BLOCK, mask,
                               &cuts);
    assert_int_equal(cuts, 0);
}

static void bytes_without_structure_are_cut_at_the_maximum(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf zeros = {0};
    struct rmv_chunker chunker;
    rmv_chunker_init(&chunker);
    memset(rmv_buf_reserve(&zeros, RMV_CHUNK_SIZE_MAX + 5), 0, RMV_CHUNK_SIZE_MAX + 5);
    const size_t size = rmv_chunker_cut(&chunker, zeros.data, RMV_CHUNK_SIZE_MAX + 5);
    assert_in_range(size, RMV_CHUNK_SIZE_MIN, RMV_CHUNK_SIZE_MAX);
    assert_int_equal(rmv_chunker_cut(&chunker, zeros.data, 7), 7);
    assert_int_equal(rmv_chunker_cut(&chunker, zeros.data, RMV_CHUNK_SIZE_MIN), RMV_CHUNK_SIZE_MIN);
}

static void a_chunk_list_survives_formatting(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {.level = 1};
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list parsed = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    for (size_t i = 1; i < 50; i++) {
        const struct rmv_object_id id = rmv_object_id_of(&i, sizeof(i));
        rmv_chunk_list_add(&list, &id, i << 20);
    }
    rmv_chunk_list_format(&list, &text);
    CHECK_OK(rmv_chunk_list_parse(text.data, text.size, &parsed));
    assert_int_equal(parsed.level, 1);
    assert_int_equal(parsed.count, 49);
    assert_int_equal(parsed.size, list.size);
    assert_memory_equal(parsed.entries, list.entries, 49 * sizeof(*list.entries));
}

static void a_chunk_list_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_object_id id = rmv_object_id_of("a", 1);
    rmv_chunk_list_add(&list, &id, 10);
    rmv_chunk_list_add(&list, &id, 20);
    rmv_chunk_list_format(&list, &text);

    for (size_t size = 0; size < text.size; size++) {
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list parsed = {0};
        CHECK_FAILS(rmv_chunk_list_parse(text.data, size, &parsed), RMV_ERR_CORRUPT);
    }
    /* Version, level, size, count and the entries' sizes; the ids in between may be anything. */
    static const size_t offsets[] = {0, 13, 16, 32, 40, 80, 87, 120, 127};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list parsed = {0};
        text.data[offsets[i]] ^= 0x40;
        assert_non_null(rmv_chunk_list_parse(text.data, text.size, &parsed));
        text.data[offsets[i]] ^= 0x40;
    }
    text.data[8] = 2;
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list parsed = {0};
    CHECK_SAYS(rmv_chunk_list_parse(text.data, text.size, &parsed), RMV_ERR_UNSUPPORTED,
               "version 2");
}

static void the_probe_tells_random_bytes_from_others(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    size_t wrong = 0;
    for (size_t i = 0; i < 1000; i++) {
        make_bytes(PATTERN_RANDOM, i, 300 + 97 * i, &bytes);
        wrong += rmv_frame_is_compressible(bytes.data, bytes.size) ? 1 : 0;
        make_bytes(PATTERN_TEXT, i, 300 + 97 * i, &bytes);
        assert_true(rmv_frame_is_compressible(bytes.data, bytes.size));
    }
    assert_in_range(wrong, 0, 10);
}

static void frames_decode_to_exactly_what_they_were_made_of(void **state)
{
    (void)state;
    static const size_t frame_sizes[] = {0, 1, 1000, 131071, 131072, 131073, 262144, 1048576};
    RMV_CLEANUP(rmv_frame_encoder_free) struct rmv_frame_encoder encoder = {0};
    RMV_CLEANUP(rmv_frame_decoder_free) struct rmv_frame_decoder decoder = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};

    for (size_t i = 0; i < 16; i++) {
        struct rmv_pack_frame frame;
        const size_t size = frame_sizes[i / 2];
        make_bytes(i % 2, i, size, &bytes);
        CHECK_OK(rmv_frame_encode(&encoder, bytes.data, size, i % 2 == 1, &frame));
        assert_int_equal(frame.content_size, size);

        decoder.stored.size = 0;
        for (size_t part = 0; part < encoder.parts.count; part++)
            rmv_buf_append(&decoder.stored, encoder.parts.items[part].iov_base,
                           encoder.parts.items[part].iov_len);
        assert_int_equal(frame.stored_size, decoder.stored.size);
        assert_int_equal(frame.checksum,
                         rmv_frame_checksum(decoder.stored.data, decoder.stored.size));
        rmv_buf_reserve(&content, size + 1);
        CHECK_OK(rmv_frame_decode(&decoder, content.data, size));
        assert_memory_equal(content.data, bytes.data, size);
        CHECK_FAILS(rmv_frame_decode(&decoder, content.data, size + 1), RMV_ERR_CORRUPT);
        if (size > 0)
            CHECK_FAILS(rmv_frame_decode(&decoder, content.data, size - 1), RMV_ERR_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chunks_have_about_the_average_size),
        TEST(cuts_do_not_depend_on_how_bytes_come),
        TEST(one_byte_more_at_the_front_leaves_most_chunks_alone),
        TEST(bytes_of_few_values_are_cut_as_random_ones_are),
        TEST(rows_that_differ_in_few_bytes_keep_their_cuts_behind_an_edit),
        TEST(every_processor_cuts_at_the_same_places),
        TEST(a_cut_at_any_place_of_a_block_is_seen),
        TEST(bytes_without_structure_are_cut_at_the_maximum),
        TEST(a_chunk_list_survives_formatting),
        TEST(a_chunk_list_that_contradicts_itself_is_refused),
        TEST(the_probe_tells_random_bytes_from_others),
        TEST(frames_decode_to_exactly_what_they_were_made_of),
    };
    return RUN_TESTS(tests);
}
