#include "rmv/recomart/intern.h"

#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static void equal_texts_get_the_same_number(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_intern_free) struct rmv_intern intern = {0};
    assert_int_equal(rmv_intern_find(&intern, "U1", 2), RMV_INTERN_NONE);
    assert_int_equal(rmv_intern_add(&intern, "U1", 2), 0);
    assert_int_equal(rmv_intern_add(&intern, "U10", 3), 1);
    assert_int_equal(rmv_intern_add(&intern, "U10", 2), 0);
    assert_int_equal(rmv_intern_add(&intern, "", 0), 2);
    assert_int_equal(rmv_intern_find(&intern, "U10", 3), 1);
    assert_int_equal(rmv_intern_find(&intern, "U", 1), RMV_INTERN_NONE);
    assert_string_equal(rmv_intern_text(&intern, 1), "U10");
    assert_int_equal(rmv_intern_size(&intern, 1), 3);
    assert_int_equal(rmv_intern_size(&intern, 2), 0);
}

static void many_texts_are_all_found_again(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_intern_free) struct rmv_intern intern = {0};
    char text[40];
    for (unsigned i = 0; i < 100000; i++) {
        const int size = snprintf(text, sizeof(text), "%u and %u", i, i * 7);
        assert_int_equal(rmv_intern_add(&intern, text, (size_t)size), i);
    }
    for (unsigned i = 0; i < 100000; i++) {
        const int size = snprintf(text, sizeof(text), "%u and %u", i, i * 7);
        assert_int_equal(rmv_intern_find(&intern, text, (size_t)size), i);
        assert_string_equal(rmv_intern_text(&intern, i), text);
    }
}

static void texts_sort_bytewise(void **state)
{
    (void)state;
    static const char *const users[] = {"U2", "U10", "U1", "U20", "U3", "U11"};
    static const char *const sorted[] = {"U1", "U10", "U11", "U2", "U20", "U3"};
    RMV_CLEANUP(rmv_intern_free) struct rmv_intern intern = {0};
    uint32_t order[6];
    for (size_t i = 0; i < 6; i++)
        rmv_intern_add(&intern, users[i], strlen(users[i]));
    rmv_intern_sort(&intern, order);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(rmv_intern_text(&intern, order[i]), sorted[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(equal_texts_get_the_same_number),
        TEST(many_texts_are_all_found_again),
        TEST(texts_sort_bytewise),
    };
    return RUN_TESTS(tests);
}
