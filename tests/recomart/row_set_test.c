#include "recomart/row_set.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static struct rmv_row_key key_of(const char *a, const char *b)
{
    struct rmv_row_key key = rmv_row_key_start();
    rmv_row_key_add(&key, a, strlen(a));
    rmv_row_key_add(&key, b, strlen(b));
    return key;
}

static void a_row_is_new_once(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_row_set_free) struct rmv_row_set set = {0};
    assert_false(rmv_row_set_add(&set, key_of("U1", "2")));
    assert_true(rmv_row_set_add(&set, key_of("U1", "2")));
    assert_false(rmv_row_set_add(&set, key_of("U2", "1")));
    assert_int_equal(set.count, 2);
}

static void where_a_value_ends_matters(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_row_set_free) struct rmv_row_set set = {0};
    assert_false(rmv_row_set_add(&set, key_of("U1", "12")));
    assert_false(rmv_row_set_add(&set, key_of("U11", "2")));
    assert_false(rmv_row_set_add(&set, key_of("U112", "")));
    assert_false(rmv_row_set_add(&set, key_of("", "U112")));
}

static void many_rows_are_kept_apart(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_row_set_free) struct rmv_row_set set = {0};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 200000; i++) {
            struct rmv_row_key key = rmv_row_key_start();
            rmv_row_key_add(&key, &i, sizeof(i));
            assert_int_equal(rmv_row_set_add(&set, key), round);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_new_once),
        TEST(where_a_value_ends_matters),
        TEST(many_rows_are_kept_apart),
    };
    return RUN_TESTS(tests);
}
