/* Memory, buffers, lists of strings and maps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/buf.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "test.h"

static void strings_are_made_replaced_and_freed(void **state)
{
    (void)state;
    char *string = rmv_str_format("%d-%s", 7, "x");
    assert_string_equal(string, "7-x");
    rmv_str_set(&string, string + 2); /* a part of itself */
    assert_string_equal(string, "x");
    rmv_str_set(&string, NULL);
    assert_null(string);
    assert_null(rmv_str_copy(NULL));
    RMV_CLEANUP(rmv_str_free) char *part = rmv_str_copy_n("abc", 2);
    assert_string_equal(part, "ab");
    assert_true(rmv_str_compare(NULL, "") < 0 && rmv_str_compare("", NULL) > 0);
    assert_true(rmv_str_compare("\x7f", "\x80") < 0 && rmv_str_compare(NULL, NULL) == 0);
}

static void arrays_grow_and_keep_their_elements(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_free) int *numbers = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        numbers = rmv_grow(numbers, (size_t)i, &capacity, sizeof(*numbers));
        assert_true(capacity > (size_t)i);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
}

/* The sanitizers end the program themselves. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HANDLER_IS_CALLED

static void leave(void)
{
    _exit(42);
}

static void running_out_of_memory_calls_the_handler(void **state)
{
    (void)state;
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        rmv_mem_set_handler(leave);
        rmv_calloc(SIZE_MAX / 2, 4); /* more than there can be */
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

#endif

static void a_buffer_grows_and_is_a_string(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf buf = {0}, other = {0};
    assert_string_equal(rmv_buf_string(&buf), "");
    for (int i = 0; i < 300; i++)
        rmv_buf_append_format(&buf, "%03d", i);
    rmv_buf_append(&buf, NULL, 0);
    rmv_buf_append_string(&buf, "end");
    assert_int_equal(buf.size, 903);
    assert_string_equal(rmv_buf_string(&buf) + 897, "299end");
    rmv_buf_append_format(&other, "%500s", "x");
    assert_int_equal(other.size, 500);
    rmv_buf_swap(&buf, &other);
    assert_int_equal(buf.size, 500);
    RMV_CLEANUP(rmv_str_free) char *taken = rmv_buf_take(&other);
    assert_int_equal(strlen(taken), 903);
    assert_int_equal(other.size, 0);
}

static void lists_of_strings_sort_bytewise_and_are_searched(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings strings = {0};
    rmv_strings_sort(&strings);
    for (int i = 0; i < 20; i++)
        rmv_strings_take(&strings, rmv_str_format("%d", 20 - i));
    rmv_strings_add(&strings, "\xff");
    rmv_strings_add(&strings, "");
    rmv_strings_sort(&strings);
    assert_string_equal(strings.items[0], "");
    assert_string_equal(strings.items[1], "1");
    assert_string_equal(strings.items[2], "10");
    assert_string_equal(strings.items[21], "\xff");
    assert_true(rmv_strings_has(&strings, "20"));
    assert_false(rmv_strings_has(&strings, "21"));
}

static void the_nearest_word_is_found_if_any_is_near(void **state)
{
    static const char *const words[] = {"status", "add", "checkout", "commit", "config"};
    (void)state;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings strings = {0};
    assert_null(rmv_strings_nearest(&strings, "x"));
    for (size_t i = 0; i < 5; i++)
        rmv_strings_add(&strings, words[i]);
    assert_string_equal(rmv_strings_nearest(&strings, "statsu"), "status");
    assert_string_equal(rmv_strings_nearest(&strings, "chekout"), "checkout");
    assert_string_equal(rmv_strings_nearest(&strings, "ad"), "add");
    assert_null(rmv_strings_nearest(&strings, "lineage"));
    char longest[5000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(rmv_strings_nearest(&strings, longest));
}

static void a_map_finds_replaces_and_keeps_the_order(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_map_free) struct rmv_map map = {0};
    static int values[5000];
    char key[32];
    assert_null(rmv_map_find(&map, "x"));
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "key %d", i);
        assert_null(rmv_map_set(&map, key, &values[i]));
    }
    assert_ptr_equal(rmv_map_set(&map, "key 7", &values[8]), &values[7]);
    assert_null(rmv_map_set(&map, "", &values[1]));
    assert_int_equal(map.count, 5001);
    assert_string_equal(map.entries[4999].key, "key 4999");
    assert_ptr_equal(rmv_map_find(&map, "key 7"), &values[8]);
    assert_ptr_equal(rmv_map_find(&map, ""), &values[1]);
    assert_null(rmv_map_find(&map, "key"));
    for (int i = 8; i < 5000; i++) {
        snprintf(key, sizeof(key), "key %d", i);
        assert_ptr_equal(rmv_map_find(&map, key), &values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(strings_are_made_replaced_and_freed),
        TEST(arrays_grow_and_keep_their_elements),
#ifdef HANDLER_IS_CALLED
        TEST(running_out_of_memory_calls_the_handler),
#endif
        TEST(a_buffer_grows_and_is_a_string),
        TEST(lists_of_strings_sort_bytewise_and_are_searched),
        TEST(the_nearest_word_is_found_if_any_is_near),
        TEST(a_map_finds_replaces_and_keeps_the_order),
    };
    return RUN_TESTS(tests);
}
