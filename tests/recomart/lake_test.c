#include "rmv/recomart/lake.h"

#include "rmv/base/mem.h"
#include "test.h"

static void partitions_come_in_the_order_of_their_dates(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions found = {0};
    test_write("raw/clickstream/2025/01/02/clickstream.csv", "");
    test_write("raw/clickstream/2024/12/31/clickstream.csv", "");
    test_write("raw/clickstream/2025/01/01/clickstream.csv", "");
    CHECK_OK(rmv_lake_list("raw", RMV_LAKE_CLICKSTREAM, &found));
    assert_int_equal(found.count, 3);
    assert_string_equal(found.items[0].date, "2024-12-31");
    assert_string_equal(found.items[2].path, "raw/clickstream/2025/01/02/clickstream.csv");
    assert_int_equal(found.items[2].days - found.items[0].days, 2);
}

static void what_is_no_partition_is_passed_over(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions found = {0};
    test_write("raw/clickstream/2025/02/30/clickstream.csv", "");
    test_write("raw/clickstream/2025/1/01/clickstream.csv", "");
    test_write("raw/clickstream/2025/01/01/other.csv", "");
    test_write("raw/clickstream/2025/01/05/.clickstream.csv.7.part", "");
    test_write("raw/clickstream/notes/01/01/clickstream.csv", "");
    test_write("raw/clickstream/2025/03", "a file, not a folder");
    CHECK_OK(rmv_lake_list("raw", RMV_LAKE_CLICKSTREAM, &found));
    assert_int_equal(found.count, 0);
    CHECK_OK(rmv_lake_list("nowhere", RMV_LAKE_PRODUCTS, &found));
    assert_int_equal(found.count, 0);
}

static void paths_are_made_of_dates(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_lake_path("data/raw", RMV_LAKE_PRODUCTS, 20089);
    assert_string_equal(path, "data/raw/products/2025/01/01/products.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(partitions_come_in_the_order_of_their_dates),
        TEST(what_is_no_partition_is_passed_over),
        TEST(paths_are_made_of_dates),
    };
    return RUN_TESTS(tests);
}
