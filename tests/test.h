/* What every unit test includes: cmocka with TAP output, and an empty folder for each test.
 *
 * A test is `static void what_it_shows(void **state)`; list them with TEST(what_it_shows) and end
 * main() with `return RUN_TESTS(tests);`. The name is printed as a sentence. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rmv/base/error.h"

#define CHECK_OK(call) test_check_ok((call), #call, __FILE__, __LINE__)
#define CHECK_FAILS(call, code) test_check_fails((call), (code), #call, __FILE__, __LINE__)
/* Fails, and the message has `text` in it. */
#define CHECK_SAYS(call, code, text) test_check_says((call), (code), (text), __FILE__, __LINE__)

#define TEST(function) cmocka_unit_test_setup_teardown(function, test_enter, test_leave)
#define RUN_TESTS(tests)                                                                           \
    (cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL))

void test_check_ok(const struct rmv_error *err, const char *text, const char *file, int line);
void test_check_fails(const struct rmv_error *err, enum rmv_error_code code, const char *text,
                      const char *file, int line);
void test_check_says(const struct rmv_error *err, enum rmv_error_code code, const char *message,
                     const char *file, int line);

/* Makes an empty folder, goes there, and removes it afterwards. */
int test_enter(void **state);
int test_leave(void **state);

/* Creates or replaces a file, with its parent folders. */
void test_write(const char *path, const char *content);
