#include "recomart/expectations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

/* What each kind is called, and which kwargs it has beside `column` and `mostly`. */
static const struct {
    const char *name;
    const char *kwargs[6];
} kinds[RMV_EXPECTS] = {
    [RMV_EXPECT_COLUMNS] = {"expect_table_columns_to_match_set", {"column_set", "exact_match"}},
    [RMV_EXPECT_ROW_COUNT] = {"expect_table_row_count_to_be_between", {"min_value", "max_value"}},
    [RMV_EXPECT_NEAR_PREVIOUS] = {"expect_table_row_count_to_be_near_previous",
                                  {"min_ratio", "max_ratio"}},
    [RMV_EXPECT_NOT_NULL] = {"expect_column_values_to_not_be_null", {"column", "mostly"}},
    [RMV_EXPECT_IN_SET] = {"expect_column_values_to_be_in_set", {"column", "mostly", "value_set"}},
    [RMV_EXPECT_BETWEEN] = {"expect_column_values_to_be_between",
                            {"column", "mostly", "min_value", "max_value", "strict_min",
                             "strict_max"}},
    [RMV_EXPECT_LENGTH] = {"expect_column_value_lengths_to_be_between",
                           {"column", "mostly", "min_value", "max_value"}},
    [RMV_EXPECT_TYPE] = {"expect_column_values_to_be_of_type", {"column", "mostly", "type_"}},
    [RMV_EXPECT_TIME] = {"expect_column_values_to_be_dateutil_parseable", {"column", "mostly"}},
    [RMV_EXPECT_NOT_FUTURE] = {"expect_column_values_to_not_be_in_the_future",
                               {"column", "mostly", "tolerance_hours"}},
    [RMV_EXPECT_UNIQUE] = {"expect_column_values_to_be_unique", {"column", "mostly"}},
    [RMV_EXPECT_ROWS_UNIQUE] = {"expect_compound_columns_to_be_unique", {"column_list", "mostly"}},
    [RMV_EXPECT_IN_PRODUCTS] = {"expect_column_values_to_exist_in_products", {"column", "mostly"}},
};

const char *rmv_expectation_name(enum rmv_expect what)
{
    return kinds[what].name;
}

static void expectation_free(struct rmv_expectation *expectation)
{
    rmv_strings_free(&expectation->columns);
    rmv_intern_free(&expectation->value_set);
}

void rmv_expectations_free(struct rmv_expectations *expectations)
{
    for (size_t i = 0; i < RMV_LAKE_DATASETS; i++) {
        struct rmv_suite *suite = &expectations->suites[i];
        for (size_t k = 0; k < suite->count; k++)
            expectation_free(&suite->items[k]);
        free(suite->items);
    }
    *expectations = (struct rmv_expectations){0};
}

/* ---- reading the file ---- */

static const struct rmv_error *find_kind(const char *name, const struct rmv_value *type,
                                         enum rmv_expect *what)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    for (enum rmv_expect i = 0; i < RMV_EXPECTS; i++) {
        if (strcmp(kinds[i].name, type->text) == 0) {
            *what = i;
            return NULL;
        }
        rmv_strings_add(&names, kinds[i].name);
    }
    const struct rmv_error *err =
        rmv_value_error(name, type, "there is no expectation '%s'", type->text);
    const char *nearest = rmv_strings_nearest(&names, type->text);
    return nearest ? rmv_error_hint(err, "did you mean '%s'?", nearest) : err;
}

static const struct rmv_error *read_number(const char *name, const struct rmv_value *kwargs,
                                           const char *key, double *number)
{
    const struct rmv_value *value = rmv_value_find(kwargs, key);
    if (!value || value->kind == RMV_VALUE_NULL)
        return NULL;
    if (value->kind != RMV_VALUE_INT && value->kind != RMV_VALUE_DOUBLE)
        return rmv_value_error(name, value, "'%s' must be a number, not %s", key,
                               rmv_value_kind_name(value->kind));
    *number = value->kind == RMV_VALUE_INT ? (double)value->integer : value->number;
    return NULL;
}

static const struct rmv_error *read_flag(const char *name, const struct rmv_value *kwargs,
                                         const char *key, bool *flag)
{
    const struct rmv_value *value = rmv_value_find(kwargs, key);
    if (!value)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(name, value, RMV_VALUE_BOOL, key);
    if (!err)
        *flag = value->boolean;
    return err;
}

static const struct rmv_error *read_numbers(const char *name, const struct rmv_value *kwargs,
                                            struct rmv_expectation *out)
{
    const bool is_ratio = out->what == RMV_EXPECT_NEAR_PREVIOUS;
    out->min = -INFINITY;
    out->max = INFINITY;
    out->mostly = 1;
    const struct rmv_error *err =
        read_number(name, kwargs, is_ratio ? "min_ratio" : "min_value", &out->min);
    if (!err)
        err = read_number(name, kwargs, is_ratio ? "max_ratio" : "max_value", &out->max);
    if (!err)
        err = read_number(name, kwargs, "tolerance_hours", &out->tolerance_hours);
    if (!err)
        err = read_number(name, kwargs, "mostly", &out->mostly);
    if (!err && !(out->mostly >= 0 && out->mostly <= 1))
        return rmv_value_error(name, rmv_value_find(kwargs, "mostly"),
                               "'mostly' is a share between 0 and 1");
    if (!err)
        err = read_flag(name, kwargs, "strict_min", &out->strict_min);
    if (!err)
        err = read_flag(name, kwargs, "strict_max", &out->strict_max);
    if (!err)
        err = read_flag(name, kwargs, "exact_match", &out->exact_match);
    return err;
}

/* The texts of a list; numbers are taken as they are written. */
static const struct rmv_error *read_set(const char *name, const struct rmv_value *list,
                                        struct rmv_intern *set)
{
    const struct rmv_error *err = rmv_value_expect(name, list, RMV_VALUE_LIST, "value_set");
    for (size_t i = 0; !err && i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        RMV_CLEANUP(rmv_str_free) char *text = NULL;
        if (item->kind == RMV_VALUE_STRING)
            text = rmv_str_copy(item->text);
        else if (item->kind == RMV_VALUE_INT)
            text = rmv_str_format("%lld", (long long)item->integer);
        else
            return rmv_value_error(name, item, "a value must be a string or a whole number, not %s",
                                   rmv_value_kind_name(item->kind));
        rmv_intern_add(set, text, strlen(text));
    }
    return err;
}

static const struct rmv_error *read_columns(const char *name, const struct rmv_value *kwargs,
                                            struct rmv_expectation *out)
{
    const struct rmv_value *list = rmv_value_find(kwargs, "column_set");
    if (!list)
        list = rmv_value_find(kwargs, "column_list");
    const struct rmv_value *one = rmv_value_find(kwargs, "column");
    if (one) {
        const struct rmv_error *err = rmv_value_expect(name, one, RMV_VALUE_STRING, "column");
        if (!err)
            rmv_strings_add(&out->columns, one->text);
        return err;
    }
    if (!list)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(name, list, RMV_VALUE_LIST, "the columns");
    for (size_t i = 0; !err && i < list->list.count; i++) {
        err = rmv_value_expect(name, &list->list.items[i], RMV_VALUE_STRING, "a column");
        if (!err)
            rmv_strings_add(&out->columns, list->list.items[i].text);
    }
    return err;
}

static const struct rmv_error *read_type(const char *name, const struct rmv_value *kwargs,
                                         struct rmv_expectation *out)
{
    static const struct {
        const char *name;
        int type;
    } types[] = {{"int", RMV_TYPE_INT},       {"int64", RMV_TYPE_INT}, {"float", RMV_TYPE_FLOAT},
                 {"float64", RMV_TYPE_FLOAT}, {"str", RMV_TYPE_TEXT},  {"object", RMV_TYPE_TEXT}};
    const struct rmv_value *type = rmv_value_find(kwargs, "type_");
    if (!type)
        return rmv_value_error(name, kwargs, "'type_' is missing: int, float or str");
    const struct rmv_error *err = rmv_value_expect(name, type, RMV_VALUE_STRING, "type_");
    if (err)
        return err;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, type->text) == 0) {
            out->type = types[i].type;
            return NULL;
        }
    }
    return rmv_value_error(name, type, "'%s' is no type: int, float or str", type->text);
}

static const struct rmv_error *read_kwargs(const char *name, const struct rmv_value *kwargs,
                                           struct rmv_expectation *out)
{
    const char *known[sizeof(kinds[0].kwargs) / sizeof(kinds[0].kwargs[0]) + 1] = {NULL};
    memcpy(known, kinds[out->what].kwargs, sizeof(kinds[out->what].kwargs));

    const struct rmv_error *err = rmv_value_expect(name, kwargs, RMV_VALUE_MAP, "kwargs");
    if (!err)
        err = rmv_value_check_keys(name, kwargs, known, "kwargs");
    if (!err)
        err = read_numbers(name, kwargs, out);
    if (!err)
        err = read_columns(name, kwargs, out);
    if (err)
        return err;
    const bool has_columns =
        out->what != RMV_EXPECT_ROW_COUNT && out->what != RMV_EXPECT_NEAR_PREVIOUS;
    if (has_columns && out->columns.count == 0)
        return rmv_value_error(name, kwargs, "'%s' needs '%s'", kinds[out->what].name,
                               kinds[out->what].kwargs[0]);
    if (out->what == RMV_EXPECT_TYPE)
        return read_type(name, kwargs, out);
    if (out->what != RMV_EXPECT_IN_SET)
        return NULL;
    const struct rmv_value *set = rmv_value_find(kwargs, "value_set");
    return set ? read_set(name, set, &out->value_set)
               : rmv_value_error(name, kwargs, "'value_set' is missing");
}

static const struct rmv_error *read_severity(const char *name, const struct rmv_value *map,
                                             struct rmv_expectation *out)
{
    const struct rmv_value *severity = rmv_value_find(map, "severity");
    out->is_critical = true;
    if (!severity)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(name, severity, RMV_VALUE_STRING, "severity");
    if (err)
        return err;
    out->is_critical = strcmp(severity->text, "critical") == 0;
    if (!out->is_critical && strcmp(severity->text, "warning") != 0)
        return rmv_value_error(name, severity, "a severity is critical or warning, not '%s'",
                               severity->text);
    return NULL;
}

static const struct rmv_error *read_expectation(const char *name, const struct rmv_value *map,
                                                struct rmv_expectation *out)
{
    static const char *const known[] = {"expectation_type", "type", "kwargs",
                                        "severity",         "meta", NULL};
    static const struct rmv_value no_kwargs = {.kind = RMV_VALUE_MAP};

    const struct rmv_error *err = rmv_value_expect(name, map, RMV_VALUE_MAP, "an expectation");
    if (!err)
        err = rmv_value_check_keys(name, map, known, "an expectation");
    if (err)
        return err;
    const struct rmv_value *type = rmv_value_find(map, "expectation_type");
    if (!type)
        type = rmv_value_find(map, "type");
    if (!type)
        return rmv_value_error(name, map, "'expectation_type' is missing");
    err = rmv_value_expect(name, type, RMV_VALUE_STRING, "expectation_type");
    if (!err)
        err = find_kind(name, type, &out->what);
    if (!err)
        err = read_severity(name, map, out);
    if (err)
        return err;
    const struct rmv_value *kwargs = rmv_value_find(map, "kwargs");
    return read_kwargs(name, kwargs ? kwargs : &no_kwargs, out);
}

static const struct rmv_error *read_suite(const char *name, const struct rmv_value *list,
                                          struct rmv_suite *suite)
{
    const struct rmv_error *err = rmv_value_expect(name, list, RMV_VALUE_LIST, "a suite");
    for (size_t i = 0; !err && i < list->list.count; i++) {
        suite->items =
            rmv_grow(suite->items, suite->count, &suite->capacity, sizeof(*suite->items));
        struct rmv_expectation *out = &suite->items[suite->count++];
        *out = (struct rmv_expectation){0};
        err = read_expectation(name, &list->list.items[i], out);
    }
    return err;
}

static const struct rmv_error *read_document(const char *name, const struct rmv_value *document,
                                             struct rmv_expectations *out)
{
    static const char *const known[] = {"version", "datasets", NULL};
    const char *datasets[RMV_LAKE_DATASETS + 1] = {NULL};
    for (size_t i = 0; i < RMV_LAKE_DATASETS; i++)
        datasets[i] = rmv_lake_name((enum rmv_lake_dataset)i);

    const struct rmv_error *err = rmv_value_expect(name, document, RMV_VALUE_MAP, "the document");
    if (!err)
        err = rmv_value_check_keys(name, document, known, "the document");
    if (err)
        return err;
    const struct rmv_value *version = rmv_value_find(document, "version");
    if (version && (version->kind != RMV_VALUE_INT || version->integer != 1))
        return rmv_value_error(name, version, "version 1 is what this program knows");
    const struct rmv_value *map = rmv_value_find(document, "datasets");
    if (!map)
        return rmv_value_error(name, document, "'datasets' is missing");
    err = rmv_value_expect(name, map, RMV_VALUE_MAP, "datasets");
    if (!err)
        err = rmv_value_check_keys(name, map, datasets, "datasets");
    for (size_t i = 0; !err && i < RMV_LAKE_DATASETS; i++) {
        const struct rmv_value *list = rmv_value_find(map, datasets[i]);
        if (list)
            err = read_suite(name, list, &out->suites[i]);
    }
    return err;
}

const struct rmv_error *rmv_expectations_read(const char *path, struct rmv_expectations *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_expectations_free) struct rmv_expectations found = {0};

    const struct rmv_error *err = rmv_yaml_read(path, &document);
    if (!err)
        err = read_document(path, &document, &found);
    if (err)
        return err;
    rmv_expectations_free(out);
    *out = found;
    found = (struct rmv_expectations){0};
    return NULL;
}
