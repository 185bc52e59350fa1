#include "rmv/recomart/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/running_sum.h"
#include "rmv/base/csv.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/intern.h"
#include "rmv/recomart/timestamp.h"

void rmv_events_free(struct rmv_events *events)
{
    rmv_strings_free(&events->users);
    free(events->items);
    free(events->user);
    free(events->item);
    free(events->score);
    for (int a = 0; a < RMV_ATTRIBUTES_COUNT; a++)
        free(events->attributes[a]);
    free(events->time_ns);
    *events = (struct rmv_events){0};
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

enum { USER, ITEM, SCORE, TIME, REQUIRED_COUNT };
static const char *const required[] = {"user_id", "product_id", "event_score", "timestamp"};

static const char *const attribute_names[RMV_ATTRIBUTES_COUNT] = {
    [RMV_ATTRIBUTE_RATING] = "rating.rate",
    [RMV_ATTRIBUTE_RATING_COUNT] = "rating.count",
    [RMV_ATTRIBUTE_PRICE] = "price_normalized",
    [RMV_ATTRIBUTE_CATEGORY] = "category_encoded",
};

struct loader {
    struct rmv_csv_reader *reader;
    size_t columns[REQUIRED_COUNT];
    size_t attribute_columns[RMV_ATTRIBUTES_COUNT];
    bool has_attribute[RMV_ATTRIBUTES_COUNT];
    struct rmv_intern users;
    int64_t *item_numbers; /* of each event */
    struct rmv_events events;
    size_t capacity;
};

static void loader_close(struct loader *loader)
{
    rmv_csv_close(&loader->reader);
    rmv_intern_free(&loader->users);
    free(loader->item_numbers);
    rmv_events_free(&loader->events);
}

static void make_room(struct loader *loader)
{
    struct rmv_events *events = &loader->events;
    if (events->count < loader->capacity)
        return;
    loader->capacity = loader->capacity ? 2 * loader->capacity : 1024;
    const size_t n = loader->capacity;
    loader->item_numbers = rmv_realloc(loader->item_numbers, n * sizeof(*loader->item_numbers));
    events->user = rmv_realloc(events->user, n * sizeof(*events->user));
    events->score = rmv_realloc(events->score, n * sizeof(*events->score));
    for (int a = 0; a < RMV_ATTRIBUTES_COUNT; a++)
        events->attributes[a] = rmv_realloc(events->attributes[a], n * sizeof(double));
    events->time_ns = rmv_realloc(events->time_ns, n * sizeof(*events->time_ns));
}

static const struct rmv_error *bad_field(const struct loader *loader,
                                         const struct rmv_csv_record *record, const char *column,
                                         const struct rmv_csv_field *field)
{
    return rmv_csv_error(loader->reader, record, "column '%s': '%.*s' is no %s", column,
                         (int)(field->size < 100 ? field->size : 100), field->text,
                         strcmp(column, "timestamp") == 0 ? "time" : "number");
}

/* Of the event that comes next. */
static const struct rmv_error *read_attributes(struct loader *loader,
                                               const struct rmv_csv_record *record)
{
    for (int a = 0; a < RMV_ATTRIBUTES_COUNT; a++) {
        double *number = &loader->events.attributes[a][loader->events.count];
        *number = (double)NAN;
        if (!loader->has_attribute[a])
            continue;
        const struct rmv_csv_field *field = &record->fields[loader->attribute_columns[a]];
        if (field->size > 0 && !rmv_csv_parse_double(*field, number))
            return bad_field(loader, record, attribute_names[a], field);
    }
    return NULL;
}

static const struct rmv_error *add_event(struct loader *loader, const struct rmv_csv_record *record)
{
    struct rmv_events *events = &loader->events;
    const struct rmv_csv_field *fields = record->fields;
    const struct rmv_csv_field user = fields[loader->columns[USER]];
    const struct rmv_csv_field time = fields[loader->columns[TIME]];
    make_room(loader);
    const size_t i = events->count;
    if (user.size == 0)
        return rmv_csv_error(loader->reader, record, "column 'user_id' is empty");
    if (!rmv_csv_parse_integer(fields[loader->columns[ITEM]], &loader->item_numbers[i]))
        return bad_field(loader, record, required[ITEM], &fields[loader->columns[ITEM]]);
    if (!rmv_csv_parse_double(fields[loader->columns[SCORE]], &events->score[i]))
        return bad_field(loader, record, required[SCORE], &fields[loader->columns[SCORE]]);
    if (!rmv_timestamp_parse(time.text, time.size, 0, &events->time_ns[i]))
        return bad_field(loader, record, required[TIME], &fields[loader->columns[TIME]]);
    const struct rmv_error *err = read_attributes(loader, record);
    if (err)
        return err;
    events->user[i] = rmv_intern_add(&loader->users, user.text, user.size);
    events->count++;
    return NULL;
}

/* Brings users into bytewise order, and renumbers the events' users. */
static void sort_users(struct loader *loader)
{
    const size_t count = loader->users.count;
    struct rmv_events *events = &loader->events;
    RMV_CLEANUP(rmv_free) uint32_t *order = rmv_calloc(count + 1, sizeof(*order));
    RMV_CLEANUP(rmv_free) uint32_t *place = rmv_calloc(count + 1, sizeof(*place));
    rmv_intern_sort(&loader->users, order);
    for (size_t i = 0; i < count; i++) {
        place[order[i]] = (uint32_t)i;
        rmv_strings_add(&events->users, rmv_intern_text(&loader->users, order[i]));
    }
    for (size_t i = 0; i < events->count; i++)
        events->user[i] = place[events->user[i]];
}

static void number_items(struct loader *loader)
{
    struct rmv_events *events = &loader->events;
    events->items = rmv_calloc(events->count + 1, sizeof(*events->items));
    events->item = rmv_calloc(events->count + 1, sizeof(*events->item));
    if (events->count > 0)
        memcpy(events->items, loader->item_numbers, events->count * sizeof(*events->items));
    events->items_count = rmv_preferences_sort_items(events->items, events->count);
    for (size_t i = 0; i < events->count; i++)
        events->item[i] = (uint32_t)rmv_preferences_search(events->items, events->items_count,
                                                           loader->item_numbers[i]);
}

const struct rmv_error *rmv_events_read(const char *path, struct rmv_events *events)
{
    RMV_CLEANUP(loader_close) struct loader loader = {0};
    const struct rmv_error *err = rmv_csv_open(path, &loader.reader);
    if (!err)
        err = rmv_csv_require(loader.reader, required, REQUIRED_COUNT, loader.columns);
    if (err)
        return err->code != RMV_ERR_NOT_FOUND
                   ? err
                   : rmv_error_hint(err, "make it with `recomart prepare`, or `rmv repro`");
    for (int a = 0; a < RMV_ATTRIBUTES_COUNT; a++)
        loader.has_attribute[a] =
            rmv_csv_find(loader.reader, attribute_names[a], &loader.attribute_columns[a]);

    for (;;) {
        const struct rmv_csv_record *record = NULL;
        err = rmv_csv_next(loader.reader, &record);
        if (!err && !record)
            break;
        if (!err)
            err = rmv_csv_check(loader.reader, record);
        if (!err)
            err = add_event(&loader, record);
        if (err)
            return err;
    }
    sort_users(&loader);
    number_items(&loader);
    *events = loader.events;
    loader.events = (struct rmv_events){0};
    return NULL;
}

/* ---- Adding up --------------------------------------------------------------------------------
 */

/* Event counts and average ratings. */
static void sum_items(const struct rmv_events *events, const bool *left_out,
                      struct rmv_preferences *out)
{
    const size_t items = events->items_count;
    const double *ratings = events->attributes[RMV_ATTRIBUTE_RATING];
    RMV_CLEANUP(rmv_free) size_t *rated = rmv_calloc(items + 1, sizeof(*rated));
    RMV_CLEANUP(rmv_free) struct running_sum *sums = rmv_calloc(items + 1, sizeof(*sums));
    out->items = rmv_calloc(items + 1, sizeof(*out->items));
    out->events = rmv_calloc(items + 1, sizeof(*out->events));
    out->ratings = rmv_calloc(items + 1, sizeof(*out->ratings));
    memcpy(out->items, events->items, items * sizeof(*out->items));
    for (size_t i = 0; i < events->count; i++) {
        if (left_out && left_out[i])
            continue;
        const uint32_t item = events->item[i];
        out->events[item]++;
        if (isnan(ratings[i]))
            continue;
        running_sum_add(&sums[item], ratings[i]);
        rated[item]++;
    }
    for (size_t i = 0; i < items; i++)
        out->ratings[i] = rated[i] ? sums[i].total / (double)rated[i] : (double)NAN;
}

const struct rmv_error *rmv_events_sum(const struct rmv_events *events, const bool *left_out,
                                       struct rmv_preferences *preferences)
{
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences sums = {0};
    RMV_CLEANUP(rmv_free)
    struct rmv_triplet *triplets = rmv_calloc(events->count + 1, sizeof(*triplets));
    size_t count = 0;
    for (size_t i = 0; i < events->count; i++)
        if (!left_out || !left_out[i])
            triplets[count++] =
                (struct rmv_triplet){events->user[i], events->item[i], events->score[i]};
    const struct rmv_error *err = rmv_sparse_of_triplets(triplets, count, events->users.count,
                                                         events->items_count, &sums.matrix);
    if (err)
        return err;
    for (size_t i = 0; i < events->users.count; i++)
        rmv_strings_add(&sums.users, events->users.items[i]);
    sum_items(events, left_out, &sums);
    *preferences = sums;
    sums = (struct rmv_preferences){0};
    return NULL;
}
