#include "test.h"

#include "rmv/base/mem.h"
#include "support.h"

/* Fills `text` with lines, of which one is different in each version. */
static void make_lines(size_t version, size_t count, struct rmv_buf *text)
{
    text->size = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rmv_object_id id = rmv_object_id_of(&i, sizeof(i));
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&id, hex);
        rmv_buf_append_format(text, "file %zu %s data-%zu.csv\n",
                              i == count / 2 ? version : (size_t)7, hex, i);
    }
}

static void a_changed_line_of_a_long_text_costs_one_piece(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_object_id ids[3];
    uint64_t stored[3];
    for (size_t i = 0; i < 3; i++) {
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        make_lines(i, 20000, &text);
        CHECK_OK(rmv_store_batch_open(store, &batch));
        CHECK_OK(rmv_store_batch_put_lines(batch, text.data, text.size, &ids[i]));
        CHECK_OK(rmv_store_batch_commit(batch));
        const struct rmv_object_id expected = rmv_object_id_of(text.data, text.size);
        assert_true(rmv_object_id_equal(&ids[i], &expected));
        stored[i] = stored_bytes();
    }
    assert_in_range(stored[1] - stored[0], 1000, 30000);
    assert_in_range(stored[2] - stored[1], 1000, 30000);
    for (size_t i = 0; i < 3; i++) {
        make_lines(i, 20000, &text);
        check_stored(store, &ids[i], &text);
    }
    assert_int_equal(count_problems(store, true), 0);
}

static void text_of_any_shape_comes_back(void **state)
{
    (void)state;
    static const size_t line_sizes[] = {1, 2, 60, 5000, 70000, 200000, 3000000};
    for (size_t i = 0; i < sizeof(line_sizes) / sizeof(line_sizes[0]); i++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        struct rmv_object_id id, again;
        make_bytes(PATTERN_TEXT, i, 300001, &text);
        for (size_t at = 0; at < text.size; at += line_sizes[i])
            text.data[at] = '\n';
        CHECK_OK(rmv_store_batch_open(store, &batch));
        CHECK_OK(rmv_store_batch_put_lines(batch, text.data, text.size, &id));
        CHECK_OK(rmv_store_batch_put(batch, text.data, text.size, &again));
        CHECK_OK(rmv_store_batch_commit(batch));
        assert_true(rmv_object_id_equal(&id, &again));
        check_stored(store, &id, &text);
        assert_int_equal(count_problems(store, true), 0);
    }
}

/* Adds the text `step` bytes at a time. */
static void put_in_steps(struct rmv_store *store, const struct rmv_buf *text, size_t step,
                         struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_store_lines_close) struct rmv_store_lines *lines = NULL;
    CHECK_OK(rmv_store_batch_open(store, &batch));
    rmv_store_lines_open(batch, &lines);
    for (size_t at = 0; at < text->size; at += step) {
        const size_t size = text->size - at < step ? text->size - at : step;
        CHECK_OK(rmv_store_lines_add(lines, text->data + at, size));
    }
    CHECK_OK(rmv_store_lines_end(lines, id));
    rmv_store_lines_close(&lines);
    CHECK_OK(rmv_store_batch_commit(batch));
}

static void text_given_bit_by_bit_is_cut_like_text_given_at_once(void **state)
{
    (void)state;
    static const size_t line_sizes[] = {2, 60, 5000, 70000, 150000, 3000000};
    static const size_t text_sizes[] = {0, 1000, 65536, 65537, 131072, 131073, 900001};
    for (size_t i = 0; i < sizeof(text_sizes) / sizeof(text_sizes[0]); i++) {
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        for (size_t k = 0; k < sizeof(line_sizes) / sizeof(line_sizes[0]); k++) {
            RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
            struct rmv_object_id id, whole;
            make_bytes(PATTERN_TEXT, 10 * i + k, text_sizes[i], &text);
            for (size_t at = line_sizes[k] - 1; at < text.size; at += line_sizes[k])
                text.data[at] = '\n';
            CHECK_OK(rmv_store_batch_open(store, &batch));
            CHECK_OK(rmv_store_batch_put_lines(batch, text.data, text.size, &whole));
            CHECK_OK(rmv_store_batch_commit(batch));
            rmv_store_batch_close(&batch);
            const uint64_t stored = stored_bytes();
            put_in_steps(store, &text, 777 + 50000 * k, &id);
            assert_true(rmv_object_id_equal(&id, &whole));
            assert_int_equal(stored_bytes(), stored);
        }
    }
}

static void text_given_bit_by_bit_comes_back(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_object_id id;
    make_lines(1, 20000, &text);
    put_in_steps(store, &text, 300000, &id);
    check_stored(store, &id, &text);
    assert_int_equal(count_problems(store, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_line_of_a_long_text_costs_one_piece),
        TEST(text_of_any_shape_comes_back),
        TEST(text_given_bit_by_bit_is_cut_like_text_given_at_once),
        TEST(text_given_bit_by_bit_comes_back),
    };
    return RUN_TESTS(tests);
}
