#include "rmv/recomart/catalogue.h"

#include <math.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "test.h"

#define PRODUCT(id)                                                                                \
    "{\"id\": " id ", \"title\": \"T\", \"price\": 9.5, \"description\": \"D\", "                  \
    "\"category\": \"c\", \"image\": \"i\", \"rating\": {\"rate\": 3, \"count\": 400}}"

static const struct rmv_error *check(const char *text)
{
    uint64_t count;
    return rmv_catalogue_check("answer", text, strlen(text), &count);
}

static void an_array_of_products_is_a_catalogue(void **state)
{
    (void)state;
    uint64_t count;
    static const char text[] = "[" PRODUCT("1") "," PRODUCT("2") "]";
    CHECK_OK(rmv_catalogue_check("answer", text, strlen(text), &count));
    assert_int_equal(count, 2);
    CHECK_OK(check("\xef\xbb\xbf[" PRODUCT("1") "]"));
}

static void anything_else_is_none(void **state)
{
    (void)state;
    CHECK_SAYS(check("{}"), RMV_ERR_CORRUPT, "a JSON array of products was expected, not");
    CHECK_SAYS(check("[]"), RMV_ERR_CORRUPT, "empty");
    CHECK_SAYS(check("[1]"), RMV_ERR_CORRUPT, "product 1 is");
    CHECK_SAYS(check("[" PRODUCT("1") ", {\"id\": 2}]"), RMV_ERR_CORRUPT,
               "product 2 has no 'title'");
    CHECK_SAYS(check("[{\"id\": 1, \"title\": \"\", \"price\": 1, \"description\": \"\", "
                     "\"category\": \"\", \"image\": \"\", \"rating\": {\"rate\": 1}}]"),
               RMV_ERR_CORRUPT, "product 1 has no 'rating.count'");
    CHECK_FAILS(check("[" PRODUCT("1")), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("[" PRODUCT("NaN") "]"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check("<html>"), RMV_ERR_CORRUPT);
    CHECK_FAILS(check(""), RMV_ERR_CORRUPT);
}

static void products_are_found_by_id(void **state)
{
    (void)state;
    static const char text[] = "[" PRODUCT("1") "," PRODUCT("\"A7\"") "," PRODUCT("12.0") "]";
    RMV_CLEANUP(rmv_catalogue_free) struct rmv_catalogue catalogue = {0};
    CHECK_OK(rmv_catalogue_parse("a", text, strlen(text), &catalogue));
    assert_int_equal(catalogue.count, 3);
    assert_string_equal(rmv_catalogue_find(&catalogue, "A7")->title, "T");
    assert_true(rmv_catalogue_find(&catalogue, "12")->price == 9.5);
    assert_true(rmv_catalogue_find(&catalogue, "1")->rating_count == 400);
    assert_null(rmv_catalogue_find(&catalogue, "2"));
}

static void what_is_missing_or_of_another_kind_is_empty(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"id\": 1, \"title\": null, \"price\": \"9.5\"}, {\"title\": \"no id\"}, 7, "
        "{\"id\": 1, \"title\": \"again\"}, {\"id\": [1]}]";
    RMV_CLEANUP(rmv_catalogue_free) struct rmv_catalogue catalogue = {0};
    CHECK_OK(rmv_catalogue_parse("a", text, strlen(text), &catalogue));
    assert_int_equal(catalogue.count, 1);
    assert_null(catalogue.products[0].title);
    assert_null(catalogue.products[0].category);
    assert_true(isnan(catalogue.products[0].price));
    assert_true(isnan(catalogue.products[0].rating_rate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_array_of_products_is_a_catalogue),
        TEST(anything_else_is_none),
        TEST(products_are_found_by_id),
        TEST(what_is_missing_or_of_another_kind_is_empty),
    };
    return RUN_TESTS(tests);
}
