#include "recomart/interactions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "recomart/slots.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/lake.h"
#include "rmv/recomart/timestamp.h"

#define NS_PER_HOUR 3600000000000

static const char *const event_names[] = {"view", "click", "add_to_cart", "purchase", "rating"};

const char *rmv_event_name(enum rmv_event event)
{
    return event_names[event];
}

unsigned rmv_interaction_hour(const struct rmv_interaction *interaction)
{
    const int64_t hours =
        interaction->time_ns / NS_PER_HOUR - (interaction->time_ns % NS_PER_HOUR < 0);
    return (unsigned)((hours % 24 + 24) % 24);
}

const char *rmv_interactions_category(const struct rmv_interactions *interactions, uint32_t product,
                                      const struct rmv_prepare_options *options)
{
    const struct rmv_product *joined = interactions->joined[product];
    return joined && joined->category && *joined->category ? joined->category : options->category;
}

void rmv_interactions_free(struct rmv_interactions *interactions)
{
    free(interactions->items);
    free(interactions->seen);
    free(interactions->joined);
    rmv_intern_free(&interactions->users);
    rmv_intern_free(&interactions->products);
    rmv_intern_free(&interactions->devices);
    rmv_intern_free(&interactions->transactions);
    rmv_catalogue_free(&interactions->catalogue);
    *interactions = (struct rmv_interactions){0};
}

/* ---- exact duplicates ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9fb21c651e98df25u;
    return hash ^ (hash >> 32);
}

static uint32_t hash_of(const struct rmv_interaction *item)
{
    uint64_t score;
    memcpy(&score, &item->score, sizeof(score));
    uint64_t hash = mix(item->event, (uint64_t)item->time_ns);
    hash = mix(hash, (uint64_t)item->user << 32 | item->product);
    return (uint32_t)mix(hash, score ^ item->mark);
}

static bool is_same(const struct rmv_interaction *a, const struct rmv_interaction *b)
{
    return a->time_ns == b->time_ns && a->user == b->user && a->product == b->product &&
           a->mark == b->mark && a->event == b->event && a->score == b->score;
}

static size_t start_of(const void *slot)
{
    return ((const struct rmv_seen *)slot)->hash;
}

/* Makes the table large enough for `count` items. */
static void grow_seen(struct rmv_interactions *interactions, size_t count)
{
    static const struct rmv_slot_type type = {sizeof(*interactions->seen), start_of};
    interactions->seen =
        rmv_slots_grow(&type, interactions->seen, &interactions->seen_count, count);
}

static void add_now(struct rmv_interactions *interactions, const struct rmv_interaction *item,
                    uint32_t hash)
{
    const size_t mask = interactions->seen_count - 1;
    size_t at = hash;
    for (; interactions->seen[at & mask].index_plus_1; at++) {
        const struct rmv_seen *slot = &interactions->seen[at & mask];
        if (slot->hash == hash && is_same(&interactions->items[slot->index_plus_1 - 1], item)) {
            interactions->summary.duplicates++;
            return;
        }
    }
    assert(interactions->count < UINT32_MAX - 1);
    interactions->items = rmv_grow(interactions->items, interactions->count,
                                   &interactions->capacity, sizeof(*interactions->items));
    interactions->items[interactions->count++] = *item;
    interactions->seen[at & mask] = (struct rmv_seen){hash, (uint32_t)interactions->count};
}

void rmv_interactions_flush(struct rmv_interactions *interactions)
{
    grow_seen(interactions, interactions->count + interactions->waiting_count);
    for (size_t i = 0; i < interactions->waiting_count; i++)
        add_now(interactions, &interactions->waiting[i], interactions->waiting_hashes[i]);
    interactions->waiting_count = 0;
}

/* The table is larger than any cache: its slots are asked for well before they are looked at. */
void rmv_interactions_add(struct rmv_interactions *interactions, const struct rmv_interaction *item)
{
    const uint32_t hash = hash_of(item);
    if (interactions->waiting_count == RMV_INTERACTIONS_WAITING)
        rmv_interactions_flush(interactions);
    if (interactions->seen)
        __builtin_prefetch(&interactions->seen[hash & (interactions->seen_count - 1)], 1);
    interactions->waiting[interactions->waiting_count] = *item;
    interactions->waiting_hashes[interactions->waiting_count++] = hash;
}

/* ---- reading partitions ---- */

enum { USER, PRODUCT, TIME, EXTRA_1, EXTRA_2, COLUMNS };

/* What the columns are called in each dataset, and how many it has. */
static const struct {
    const char *names[COLUMNS];
    size_t count;
} layouts[] = {
    [RMV_LAKE_CLICKSTREAM] = {{"user_id", "product_id", "timestamp", "event_type", "device"}, 5},
    [RMV_LAKE_TRANSACTIONS] = {{"user_id", "product_id", "timestamp", "transaction_id", "quantity"},
                               5},
    [RMV_LAKE_RATINGS] = {{"user_id", "item_id", "timestamp", "rating"}, 4},
};

/* One partition being read. */
struct source {
    enum rmv_lake_dataset dataset;
    struct rmv_csv_reader *reader;
    size_t columns[COLUMNS];
    const struct rmv_prepare_options *options;
};

static void close_source(struct source *source)
{
    rmv_csv_close(&source->reader);
}

static bool is_text(struct rmv_csv_field field, const char *text)
{
    return field.size == strlen(text) && memcmp(field.text, text, field.size) == 0;
}

static bool take_click(const struct source *source, const struct rmv_csv_field *fields,
                       struct rmv_interactions *interactions, struct rmv_interaction *item)
{
    const struct rmv_csv_field type = fields[source->columns[EXTRA_1]];
    struct rmv_csv_field device = fields[source->columns[EXTRA_2]];
    for (enum rmv_event event = RMV_EVENT_VIEW; event <= RMV_EVENT_ADD_TO_CART; event++) {
        if (!is_text(type, event_names[event]))
            continue;
        if (rmv_csv_is_missing(device))
            device =
                (struct rmv_csv_field){source->options->device, strlen(source->options->device)};
        item->event = event;
        item->score = source->options->strength[event];
        item->mark = rmv_intern_add(&interactions->devices, device.text, device.size);
        return true;
    }
    return false;
}

/* A quantity that is missing or makes no sense counts as one. */
static bool take_purchase(const struct source *source, const struct rmv_csv_field *fields,
                          struct rmv_interactions *interactions, struct rmv_interaction *item)
{
    const struct rmv_csv_field id = fields[source->columns[EXTRA_1]];
    double quantity;
    if (!rmv_csv_parse_double(fields[source->columns[EXTRA_2]], &quantity) || quantity < 1)
        quantity = 1;
    item->event = RMV_EVENT_PURCHASE;
    item->score = source->options->strength[RMV_EVENT_PURCHASE] * quantity;
    item->mark = rmv_intern_add(&interactions->transactions, id.text, id.size);
    return item->score != 0;
}

static bool take_rating(const struct source *source, const struct rmv_csv_field *fields,
                        struct rmv_interactions *interactions, struct rmv_interaction *item)
{
    item->event = RMV_EVENT_RATING;
    item->mark = rmv_intern_add(&interactions->devices, "", 0);
    if (!rmv_csv_parse_double(fields[source->columns[EXTRA_1]], &item->score))
        return false;
    item->score *= source->options->strength[RMV_EVENT_RATING];
    return true;
}

static bool take_type(const struct source *source, const struct rmv_csv_field *fields,
                      struct rmv_interactions *interactions, struct rmv_interaction *item)
{
    switch (source->dataset) {
    case RMV_LAKE_TRANSACTIONS:
        return take_purchase(source, fields, interactions, item);
    case RMV_LAKE_RATINGS:
        return take_rating(source, fields, interactions, item);
    default:
        return take_click(source, fields, interactions, item);
    }
}

static void take_record(const struct source *source, const struct rmv_csv_field *fields,
                        struct rmv_interactions *interactions)
{
    const struct rmv_csv_field user = fields[source->columns[USER]];
    const struct rmv_csv_field product = fields[source->columns[PRODUCT]];
    const struct rmv_csv_field time = fields[source->columns[TIME]];
    struct rmv_interaction item = {0};

    interactions->summary.read++;
    if (rmv_csv_is_missing(user) || rmv_csv_is_missing(product)) {
        interactions->summary.without_ids++;
        return;
    }
    if (!take_type(source, fields, interactions, &item)) {
        interactions->summary.of_other_types++;
        return;
    }
    if (!rmv_timestamp_parse(time.text, time.size, source->options->zone_seconds, &item.time_ns)) {
        interactions->summary.without_time++;
        return;
    }
    item.user = rmv_intern_add(&interactions->users, user.text, user.size);
    item.product = rmv_intern_add(&interactions->products, product.text, product.size);
    rmv_interactions_add(interactions, &item);
}

/* A file of so many bytes will hardly bring more records than this. */
#define RECORD_BYTES_USUAL 36

static void expect_records(const char *path, struct rmv_interactions *interactions)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return;
    const size_t count = interactions->count + (size_t)status.st_size / RECORD_BYTES_USUAL + 1;
    grow_seen(interactions, count);
    if (count > interactions->capacity) {
        interactions->items =
            rmv_realloc(interactions->items, count * sizeof(*interactions->items));
        interactions->capacity = count;
    }
}

static const struct rmv_error *load_partition(enum rmv_lake_dataset dataset, const char *path,
                                              const struct rmv_prepare_options *options,
                                              struct rmv_interactions *interactions)
{
    RMV_CLEANUP(close_source) struct source source = {.dataset = dataset, .options = options};
    const struct rmv_csv_record *record;

    const struct rmv_error *err = rmv_csv_open(path, &source.reader);
    if (!err)
        err = rmv_csv_require(source.reader, layouts[dataset].names, layouts[dataset].count,
                              source.columns);
    if (!err)
        expect_records(path, interactions);
    while (!err) {
        err = rmv_csv_next(source.reader, &record);
        if (err || !record)
            break;
        err = rmv_csv_check(source.reader, record);
        if (!err)
            take_record(&source, record->fields, interactions);
    }
    rmv_interactions_flush(interactions);
    return err;
}

static const struct rmv_error *load_dataset(enum rmv_lake_dataset dataset, const char *folder,
                                            const struct rmv_prepare_options *options,
                                            struct rmv_interactions *interactions)
{
    RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions partitions = {0};
    const struct rmv_error *err = rmv_lake_list(folder, dataset, &partitions);
    for (size_t i = 0; !err && i < partitions.count; i++)
        err = load_partition(dataset, partitions.items[i].path, options, interactions);
    return err;
}

/* ---- joining ---- */

static const struct rmv_error *load_catalogue(const char *folder,
                                              struct rmv_interactions *interactions)
{
    RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions partitions = {0};
    const struct rmv_error *err = rmv_lake_list(folder, RMV_LAKE_PRODUCTS, &partitions);
    if (err)
        return err;
    /* Ratings alone are useful without products; clicks are not what the shop expects them to be.
     */
    if (partitions.count == 0 && interactions->items[0].event == RMV_EVENT_RATING)
        return NULL;
    if (partitions.count == 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "there is no product catalogue in '%s'", folder),
            "run 'recomart ingest-products', then 'recomart validate'");
    const struct rmv_lake_partition *newest = &partitions.items[partitions.count - 1];
    memcpy(interactions->summary.catalogue_date, newest->date,
           sizeof(interactions->summary.catalogue_date));
    return rmv_catalogue_read(newest->path, &interactions->catalogue);
}

/* Products by user, in a counting sort; then each product once per user. */
static uint64_t count_pairs(const struct rmv_interactions *interactions)
{
    const size_t users = interactions->users.count;
    RMV_CLEANUP(rmv_free) size_t *starts = rmv_calloc(users + 2, sizeof(*starts));
    RMV_CLEANUP(rmv_free) uint32_t *sorted = rmv_calloc(interactions->count, sizeof(*sorted));
    RMV_CLEANUP(rmv_free)
    uint32_t *last_user = rmv_calloc(interactions->products.count, sizeof(*last_user));

    for (size_t i = 0; i < interactions->count; i++)
        starts[interactions->items[i].user + 2]++;
    for (size_t i = 2; i < users + 2; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < interactions->count; i++)
        sorted[starts[interactions->items[i].user + 1]++] = interactions->items[i].product;

    uint64_t count = 0;
    for (uint32_t user = 0; user < users; user++) {
        for (size_t i = starts[user]; i < starts[user + 1]; i++) {
            count += last_user[sorted[i]] != user + 1;
            last_user[sorted[i]] = user + 1;
        }
    }
    return count;
}

static void join(struct rmv_interactions *interactions)
{
    struct rmv_prepare_summary *summary = &interactions->summary;
    interactions->joined = rmv_calloc(interactions->products.count, sizeof(struct rmv_product *));
    for (uint32_t i = 0; i < interactions->products.count; i++)
        interactions->joined[i] = rmv_catalogue_find(&interactions->catalogue,
                                                     rmv_intern_text(&interactions->products, i));
    for (size_t i = 0; i < interactions->count; i++)
        summary->without_product += !interactions->joined[interactions->items[i].product];
    summary->rows = interactions->count;
    summary->users = interactions->users.count;
    summary->products = interactions->products.count;
    summary->pairs = count_pairs(interactions);
}

const struct rmv_error *rmv_interactions_load(const char *folder,
                                              const struct rmv_prepare_options *options,
                                              struct rmv_interactions *interactions)
{
    static const enum rmv_lake_dataset sources[] = {RMV_LAKE_CLICKSTREAM, RMV_LAKE_TRANSACTIONS,
                                                    RMV_LAKE_RATINGS};
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < sizeof(sources) / sizeof(sources[0]); i++)
        err = load_dataset(sources[i], folder, options, interactions);
    if (err)
        return err;
    if (interactions->count == 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "there are no usable interactions in '%s'", folder),
            "run 'recomart ingest-clickstream', then 'recomart validate'");
    err = load_catalogue(folder, interactions);
    if (!err)
        join(interactions);
    return err;
}
