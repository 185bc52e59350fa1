#include "rmv/base/error.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

static void context_goes_before_and_a_hint_behind(void **state)
{
    (void)state;
    const struct rmv_error *err = rmv_error(RMV_ERR_CORRUPT, "line %d is broken", 3);
    err = rmv_error_context(err, "pointer '%s'", "a.rmv");
    err = rmv_error_hint(err, "remove it");
    assert_int_equal(err->code, RMV_ERR_CORRUPT);
    assert_string_equal(err->message, "pointer 'a.rmv': line 3 is broken\nhint: remove it");
}

static void a_message_may_be_made_of_the_last_one(void **state)
{
    (void)state;
    const struct rmv_error *err = rmv_error(RMV_ERR_IO, "first");
    err = rmv_error(RMV_ERR_LIMIT, "not %s but second", err->message);
    assert_string_equal(err->message, "not first but second");
    err = rmv_error_context(err, "%s", err->message);
    assert_string_equal(err->message, "not first but second: not first but second");
}

static void what_the_system_says_is_kept(void **state)
{
    static const struct {
        int number;
        enum rmv_error_code code;
    } cases[] = {{ENOENT, RMV_ERR_NOT_FOUND}, {ENOTDIR, RMV_ERR_NOT_FOUND}, {EACCES, RMV_ERR_IO}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        errno = cases[i].number;
        CHECK_SAYS(rmv_error_errno("cannot open '%s'", "x"), cases[i].code,
                   strerror(cases[i].number));
    }
}

static void messages_too_long_are_cut_and_hints_are_not(void **state)
{
    (void)state;
    char text[2 * RMV_ERROR_MESSAGE_SIZE];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    const struct rmv_error *err = rmv_error(RMV_ERR_LIMIT, "%s", text);
    assert_int_equal(strlen(err->message), RMV_ERROR_MESSAGE_SIZE - 1);
    err = rmv_error_hint(rmv_error_context(err, "%s", text), "shorten it");
    assert_non_null(strstr(err->message, "\nhint: shorten it"));
    assert_int_equal(err->code, RMV_ERR_LIMIT);
}

static void *fail_there(void *taken)
{
    *(struct rmv_error **)taken = rmv_error_take(rmv_error(RMV_ERR_LOCKED, "in the thread"));
    return NULL;
}

static void an_error_can_be_carried_to_another_thread(void **state)
{
    (void)state;
    struct rmv_error *taken = NULL;
    pthread_t thread;
    const struct rmv_error *ours = rmv_error(RMV_ERR_IO, "ours");
    assert_int_equal(pthread_create(&thread, NULL, fail_there, (void *)&taken), 0);
    pthread_join(thread, NULL);
    assert_string_equal(ours->message, "ours"); /* threads do not share their last error */

    const struct rmv_error *raised = rmv_error_raise(&taken);
    assert_null(taken);
    assert_int_equal(raised->code, RMV_ERR_LOCKED);
    assert_string_equal(raised->message, "in the thread");
}

static void nothing_taken_is_nothing_raised(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_error_free) struct rmv_error *taken = rmv_error_take(NULL);
    assert_null(taken);
    assert_null(rmv_error_raise(&taken));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(context_goes_before_and_a_hint_behind),
        TEST(a_message_may_be_made_of_the_last_one),
        TEST(what_the_system_says_is_kept),
        TEST(messages_too_long_are_cut_and_hints_are_not),
        TEST(an_error_can_be_carried_to_another_thread),
        TEST(nothing_taken_is_nothing_raised),
    };
    return RUN_TESTS(tests);
}
