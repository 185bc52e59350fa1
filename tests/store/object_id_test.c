#include "test.h"

#include <stdlib.h>

#include "rmv/store/object_id.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void an_id_is_the_sha256_of_the_bytes_alone(void **state)
{
    (void)state;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    struct rmv_object_id parsed;
    const struct rmv_object_id id = rmv_object_id_of("abc", 3);
    rmv_object_id_to_hex(&id, hex);
    assert_string_equal(hex, ABC);
    CHECK_OK(rmv_object_id_parse(hex, &parsed));
    assert_true(rmv_object_id_equal(&id, &parsed));
    assert_int_equal(rmv_object_id_compare(&id, &parsed), 0);
}

static void many_are_named_as_if_one_by_one(void **state)
{
    (void)state;
    enum { COUNT = 9, BYTES = 5000 };
    unsigned seed = 3;
    char bytes[BYTES];
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)rand_r(&seed);
    for (int round = 0; round < 300; round++) {
        struct rmv_object_bytes objects[COUNT];
        const size_t count = (size_t)round % (COUNT + 1);
        for (size_t i = 0; i < count; i++) {
            const size_t size = rand_r(&seed) % 3 ? (size_t)rand_r(&seed) % 200 : BYTES;
            objects[i] = (struct rmv_object_bytes){.bytes = bytes + BYTES - size, .size = size};
        }
        rmv_object_ids_of(objects, count);
        for (size_t i = 0; i < count; i++) {
            const struct rmv_object_id id = rmv_object_id_of(objects[i].bytes, objects[i].size);
            assert_true(rmv_object_id_equal(&id, &objects[i].id));
        }
    }
}

static void anything_but_64_lower_case_digits_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "ba7816bf",
        (ABC "0"),
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
        " a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
    const struct rmv_object_id before = rmv_object_id_of("x", 1);
    struct rmv_object_id id = before;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_FAILS(rmv_object_id_parse(wrong[i], &id), RMV_ERR_CORRUPT);
    assert_true(rmv_object_id_equal(&id, &before));
}

static void zero_stands_for_none_and_ids_are_ordered_bytewise(void **state)
{
    (void)state;
    struct rmv_object_id zero = {0}, one = {0}, large = {0};
    one.sha256[31] = 1;
    large.sha256[0] = 0x80;
    assert_true(rmv_object_id_is_zero(&zero));
    assert_false(rmv_object_id_is_zero(&one));
    assert_true(rmv_object_id_compare(&zero, &one) < 0);
    assert_true(rmv_object_id_compare(&large, &one) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_id_is_the_sha256_of_the_bytes_alone),
        TEST(many_are_named_as_if_one_by_one),
        TEST(anything_but_64_lower_case_digits_is_refused),
        TEST(zero_stands_for_none_and_ids_are_ordered_bytewise),
    };
    return RUN_TESTS(tests);
}
