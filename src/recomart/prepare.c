#include "rmv/recomart/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/eda.h"
#include "recomart/interactions.h"
#include "recomart/output.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/recomart/timestamp.h"

static const char header[] =
    "user_id,product_id,event_type,timestamp,device,id,title,price,description,category,image,"
    "rating.rate,rating.count,event_score,category_encoded,price_normalized,hour\n";

/* ---- options ---- */

static const double strength_range[2] = {0, 1e6};

static const struct rmv_error *read_strength(const struct rmv_settings *settings,
                                             const struct rmv_value *section,
                                             struct rmv_prepare_options *options)
{
    static const char *const known[] = {"view", "click", "add_to_cart", "purchase", NULL};
    const struct rmv_value *map = section ? rmv_value_find(section, "strength") : NULL;
    if (!map)
        return NULL;
    const struct rmv_error *err =
        rmv_value_expect(settings->params_path, map, RMV_VALUE_MAP, "strength");
    if (!err)
        err = rmv_value_check_keys(settings->params_path, map, known, "strength");
    for (enum rmv_event event = RMV_EVENT_VIEW; !err && event <= RMV_EVENT_PURCHASE; event++)
        err = rmv_settings_number(settings, map, rmv_event_name(event), strength_range,
                                  &options->strength[event]);
    return err;
}

static const struct rmv_error *read_impute(const struct rmv_settings *settings,
                                           const struct rmv_value *section,
                                           struct rmv_prepare_options *options)
{
    static const char *const known[] = {"device", "category", "price", NULL};
    const struct rmv_value *map = section ? rmv_value_find(section, "impute") : NULL;
    if (!map)
        return NULL;
    const char *price = "none";
    const struct rmv_error *err =
        rmv_value_expect(settings->params_path, map, RMV_VALUE_MAP, "impute");
    if (!err)
        err = rmv_value_check_keys(settings->params_path, map, known, "impute");
    if (!err)
        err = rmv_settings_text(settings, map, "device", &options->device);
    if (!err)
        err = rmv_settings_text(settings, map, "category", &options->category);
    if (!err)
        err = rmv_settings_text(settings, map, "price", &price);
    if (err)
        return err;
    if (strcmp(price, "mean") == 0)
        options->price = RMV_IMPUTE_MEAN;
    else if (strcmp(price, "median") == 0)
        options->price = RMV_IMPUTE_MEDIAN;
    else if (strcmp(price, "none") != 0)
        return rmv_value_error(settings->params_path, rmv_value_find(map, "price"),
                               "'price' is imputed by mean, median or none, not by '%s'", price);
    return NULL;
}

const struct rmv_error *rmv_prepare_options_read(const struct rmv_settings *settings,
                                                 struct rmv_prepare_options *options)
{
    static const char *const known[] = {"timezone", "strength", "impute", NULL};
    const struct rmv_value *section;
    const char *zone = "UTC";
    *options = (struct rmv_prepare_options){
        .strength = {1, 2, 3, 5, 1}, .device = "", .category = "", .price = RMV_IMPUTE_NOTHING};

    const struct rmv_error *err = rmv_settings_section(settings, "prepare", known, &section);
    if (!err)
        err = rmv_settings_text(settings, section, "timezone", &zone);
    if (!err)
        err = rmv_timestamp_parse_zone(zone, &options->zone_seconds);
    if (!err)
        err = read_strength(settings, section, options);
    if (!err)
        err = read_impute(settings, section, options);
    return err;
}

/* ---- what is the same for every row of a product ---- */

struct product_text {
    struct rmv_buf before; /* ",id,…,rating.count," */
    struct rmv_buf behind; /* ",category_encoded,price_normalized," */
};

struct table {
    const struct rmv_interactions *interactions;
    const struct rmv_prepare_options *options;
    struct rmv_intern categories;
    uint32_t *category_rank;     /* per category: its place in sorted order */
    double *prices;              /* per product, imputed; NaN where there is none */
    double price_min, price_max; /* of those */
    struct product_text *texts;  /* per product */
};

static void table_free(struct table *table)
{
    for (size_t i = 0; table->texts && i < table->interactions->products.count; i++) {
        rmv_buf_free(&table->texts[i].before);
        rmv_buf_free(&table->texts[i].behind);
    }
    free(table->texts);
    free(table->prices);
    free(table->category_rank);
    rmv_intern_free(&table->categories);
}

static void rank_categories(struct table *table)
{
    for (uint32_t i = 0; i < table->interactions->products.count; i++) {
        const char *category = rmv_interactions_category(table->interactions, i, table->options);
        if (*category)
            rmv_intern_add(&table->categories, category, strlen(category));
    }
    RMV_CLEANUP(rmv_free) uint32_t *order = rmv_calloc(table->categories.count, sizeof(*order));
    rmv_intern_sort(&table->categories, order);
    table->category_rank = rmv_calloc(table->categories.count, sizeof(*table->category_rank));
    for (uint32_t i = 0; i < table->categories.count; i++)
        table->category_rank[order[i]] = i;
}

static int compare_doubles(const void *a, const void *b)
{
    double left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

/* What stands in for a missing price: over products, not over interactions. */
static double typical_price(const double *prices, size_t count, enum rmv_impute impute)
{
    RMV_CLEANUP(rmv_free) double *known = rmv_calloc(count, sizeof(*known));
    size_t known_count = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(prices[i]))
            continue;
        known[known_count++] = prices[i];
        sum += prices[i];
    }
    if (known_count == 0 || impute == RMV_IMPUTE_NOTHING)
        return NAN;
    if (impute == RMV_IMPUTE_MEAN)
        return sum / (double)known_count;
    qsort(known, known_count, sizeof(*known), compare_doubles);
    const size_t middle = known_count / 2;
    return known_count % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
}

static void find_prices(struct table *table)
{
    const size_t count = table->interactions->products.count;
    table->prices = rmv_calloc(count, sizeof(*table->prices));
    for (size_t i = 0; i < count; i++)
        table->prices[i] =
            table->interactions->joined[i] ? table->interactions->joined[i]->price : NAN;

    const double typical = typical_price(table->prices, count, table->options->price);
    table->price_min = INFINITY;
    table->price_max = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isnan(table->prices[i]))
            table->prices[i] = typical;
        table->price_min = fmin(table->price_min, table->prices[i]);
        table->price_max = fmax(table->price_max, table->prices[i]);
    }
}

static void append_text(struct rmv_buf *out, const char *text)
{
    if (text)
        rmv_csv_append(out, text, strlen(text));
    rmv_buf_append(out, ",", 1);
}

static void append_double(struct rmv_buf *out, double number)
{
    rmv_csv_append_double(out, number);
    rmv_buf_append(out, ",", 1);
}

/* A number without decimals where it has none: a count, a score. */
static void append_number(struct rmv_buf *out, double number)
{
    if (number >= 0 && number < 10 && number == trunc(number))
        rmv_buf_append(out, &"0123456789"[(size_t)number], 1); /* nearly all: no printf */
    else if (number == trunc(number) && fabs(number) < 1e15)
        rmv_buf_append_format(out, "%.0f", number);
    else
        rmv_csv_append_double(out, number);
}

static void format_product(struct table *table, uint32_t index)
{
    static const struct rmv_product unknown = {
        .price = NAN, .rating_rate = NAN, .rating_count = NAN};
    const struct rmv_product *joined = table->interactions->joined[index];
    const struct rmv_product *product = joined ? joined : &unknown;
    const char *category = rmv_interactions_category(table->interactions, index, table->options);
    struct rmv_buf *before = &table->texts[index].before;
    struct rmv_buf *behind = &table->texts[index].behind;

    rmv_buf_append(before, ",", 1);
    append_text(before, product->id);
    append_text(before, product->title);
    append_double(before, table->prices[index]);
    append_text(before, product->description);
    append_text(before, category);
    append_text(before, product->image);
    append_double(before, product->rating_rate);
    if (!isnan(product->rating_count))
        append_number(before, product->rating_count);
    rmv_buf_append(before, ",", 1);

    rmv_buf_append(behind, ",", 1);
    if (*category)
        rmv_buf_append_format(
            behind, "%u",
            table->category_rank[rmv_intern_find(&table->categories, category, strlen(category))]);
    rmv_buf_append(behind, ",", 1);
    /* A single price has no spread: it is the lowest. */
    const double spread = table->price_max - table->price_min;
    if (!isnan(table->prices[index]))
        rmv_csv_append_double(behind,
                              spread > 0 ? (table->prices[index] - table->price_min) / spread : 0);
    rmv_buf_append(behind, ",", 1);
}

static void table_build(struct table *table)
{
    rank_categories(table);
    find_prices(table);
    table->texts = rmv_calloc(table->interactions->products.count, sizeof(*table->texts));
    for (uint32_t i = 0; i < table->interactions->products.count; i++)
        format_product(table, i);
}

/* ---- rows ---- */

static void append_interned(struct rmv_buf *out, const struct rmv_intern *intern, uint32_t index)
{
    rmv_csv_append(out, rmv_intern_text(intern, index), rmv_intern_size(intern, index));
}

static void append_row(const struct table *table, const struct rmv_interaction *item,
                       struct rmv_buf *out)
{
    const struct rmv_interactions *interactions = table->interactions;
    const struct product_text *text = &table->texts[item->product];
    const char *name = rmv_event_name(item->event);

    append_interned(out, &interactions->users, item->user);
    rmv_buf_append(out, ",", 1);
    append_interned(out, &interactions->products, item->product);
    rmv_buf_append(out, ",", 1);
    rmv_buf_append(out, name, strlen(name));
    rmv_buf_append(out, ",", 1);
    rmv_timestamp_append(out, item->time_ns);
    rmv_buf_append(out, ",", 1);
    if (item->event != RMV_EVENT_PURCHASE)
        append_interned(out, &interactions->devices, item->mark);
    rmv_buf_append(out, text->before.data, text->before.size);
    append_number(out, item->score);
    rmv_buf_append(out, text->behind.data, text->behind.size);

    const unsigned hour = rmv_interaction_hour(item);
    char *room = rmv_buf_reserve(out, 3);
    size_t size = 0;
    if (hour >= 10)
        room[size++] = (char)('0' + hour / 10);
    room[size++] = (char)('0' + hour % 10);
    room[size++] = '\n';
    out->size += size;
}

static const struct rmv_error *write_table(const struct table *table, const char *path)
{
    RMV_CLEANUP(rmv_output_close) struct rmv_output output = RMV_OUTPUT_EMPTY;

    const struct rmv_error *err = rmv_output_open(path, &output);
    if (err)
        return err;
    rmv_buf_append_string(&output.pending, header);
    for (size_t i = 0; !err && i < table->interactions->count; i++) {
        append_row(table, &table->interactions->items[i], &output.pending);
        err = rmv_output_flush(&output);
    }
    if (!err)
        err = rmv_output_finish(&output);
    return err;
}

static void log_summary(const struct rmv_prepare_summary *summary, struct rmv_log *log)
{
    const struct {
        uint64_t count;
        const char *what;
    } lines[] = {
        {summary->without_ids, "dropped without user or product"},
        {summary->of_other_types, "dropped for their type"},
        {summary->without_time, "dropped because their time cannot be read"},
        {summary->duplicates, "dropped as exact duplicates"},
        {summary->without_product, "kept although the catalogue lacks their product"},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (lines[i].count > 0)
            rmv_log_write(log, RMV_LOG_INFO, "%llu interactions were %s",
                          (unsigned long long)lines[i].count, lines[i].what);
}

const struct rmv_error *rmv_prepare(const struct rmv_settings *settings,
                                    const struct rmv_prepare_options *options, struct rmv_log *log,
                                    struct rmv_prepare_summary *summary)
{
    RMV_CLEANUP(rmv_interactions_free) struct rmv_interactions interactions = {0};
    RMV_CLEANUP(table_free)
    struct table table = {.interactions = &interactions, .options = options};

    const struct rmv_error *err =
        rmv_interactions_load(settings->validated, options, &interactions);
    if (err)
        return err;
    table_build(&table);

    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(settings->processed, "prepared_interactions.csv");
    RMV_CLEANUP(rmv_str_free) char *plots = rmv_path_join(settings->processed, "eda");
    err = write_table(&table, path);
    if (!err)
        err = rmv_eda_write(plots, &interactions, options);
    if (err)
        return err;
    log_summary(&interactions.summary, log);
    *summary = interactions.summary;
    return NULL;
}
