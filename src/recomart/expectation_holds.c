/* Holding values against expectations. */
#include <math.h>
#include <string.h>

#include "recomart/expectations.h"
#include "rmv/base/csv.h"
#include "rmv/recomart/timestamp.h"

#define NS_PER_HOUR 3600e9

static struct rmv_csv_field field_of(const struct rmv_cell *cell)
{
    return (struct rmv_csv_field){cell->text, cell->size};
}

static bool is_between(const struct rmv_expectation *expectation, double number)
{
    return (expectation->strict_min ? number > expectation->min : number >= expectation->min) &&
           (expectation->strict_max ? number < expectation->max : number <= expectation->max);
}

static bool is_of_type(const struct rmv_expectation *expectation, const struct rmv_cell *cell)
{
    const bool may_be_number = cell->kind == RMV_CELL_UNTYPED || cell->kind == RMV_CELL_NUMBER;
    int64_t integer;
    double number;
    switch (expectation->type) {
    case RMV_TYPE_INT:
        return may_be_number && rmv_csv_parse_integer(field_of(cell), &integer);
    case RMV_TYPE_FLOAT:
        return may_be_number && rmv_csv_parse_double(field_of(cell), &number);
    default:
        return cell->kind == RMV_CELL_UNTYPED || cell->kind == RMV_CELL_STRING;
    }
}

static bool is_in_set(const struct rmv_intern *set, const struct rmv_cell *cell)
{
    return rmv_intern_find(set, cell->text, cell->size) != RMV_INTERN_NONE;
}

bool rmv_expectation_holds(const struct rmv_expectation *expectation, const struct rmv_cell *cell,
                           const struct rmv_expect_context *context)
{
    double number;
    int64_t time_ns;
    if (cell->kind == RMV_CELL_MISSING)
        return expectation->what != RMV_EXPECT_NOT_NULL;
    switch (expectation->what) {
    case RMV_EXPECT_IN_SET:
        return is_in_set(&expectation->value_set, cell);
    case RMV_EXPECT_BETWEEN:
        return rmv_csv_parse_double(field_of(cell), &number) && is_between(expectation, number);
    case RMV_EXPECT_LENGTH:
        return is_between(expectation, (double)cell->size);
    case RMV_EXPECT_TYPE:
        return is_of_type(expectation, cell);
    case RMV_EXPECT_TIME:
        return rmv_timestamp_parse(cell->text, cell->size, context->zone_seconds, &time_ns);
    case RMV_EXPECT_NOT_FUTURE:
        /* What is no time is for the expectation above to complain about. */
        return !rmv_timestamp_parse(cell->text, cell->size, context->zone_seconds, &time_ns) ||
               (double)(time_ns - context->now_ns) <= expectation->tolerance_hours * NS_PER_HOUR;
    case RMV_EXPECT_IN_PRODUCTS:
        return !context->products || is_in_set(context->products, cell);
    default:
        return true;
    }
}

void rmv_expectation_explain(const struct rmv_expectation *expectation, struct rmv_buf *out)
{
    static const char *const words[RMV_EXPECTS] = {
        [RMV_EXPECT_NOT_NULL] = "is missing",
        [RMV_EXPECT_IN_SET] = "is not in the set",
        [RMV_EXPECT_BETWEEN] = "is out of range",
        [RMV_EXPECT_LENGTH] = "is too short or too long",
        [RMV_EXPECT_TYPE] = "is of the wrong type",
        [RMV_EXPECT_TIME] = "is no time",
        [RMV_EXPECT_NOT_FUTURE] = "lies in the future",
        [RMV_EXPECT_UNIQUE] = "was there before",
        [RMV_EXPECT_ROWS_UNIQUE] = "were there before",
        [RMV_EXPECT_IN_PRODUCTS] = "is no known product",
    };
    for (size_t i = 0; i < expectation->columns.count; i++)
        rmv_buf_append_format(out, "%s%s", i ? "+" : "", expectation->columns.items[i]);
    rmv_buf_append_format(out, " %s", words[expectation->what]);
}
