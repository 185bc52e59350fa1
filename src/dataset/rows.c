#include "rmv/dataset/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/sha256.h"

#define HASH_BYTES 16
#define ROUND_ROWS_MAX ((size_t)1 << 20) /* of each table: 48 bytes and a slot of 4 to 8 each */

struct row {
    uint8_t key[HASH_BYTES], content[HASH_BYTES];
    uint64_t offset;
    uint64_t line : 63;
    uint64_t is_found : 1; /* in the other table */
};

/* One table, and those of its rows that this round is about. */
struct side {
    struct rmv_csv_reader *reader;
    const char *what;
    uint64_t first_offset, first_line; /* of the rows */
    uint64_t count;                    /* of all rows */
    size_t key[RMV_ROWS_KEY_COLUMNS_MAX];
    size_t *common; /* the columns that both have, in the order of the old table */
    struct row *rows;
    size_t rows_count, rows_capacity;
    uint32_t *slots; /* index of a row plus one, 0 is free */
    size_t slots_count;
};

struct comparison {
    const struct rmv_rows_request *request;
    struct side old_side, new_side;
    size_t common_count;
    uint64_t rounds;
    struct rmv_rows_report report;
};

static void side_free(struct side *side)
{
    free(side->common);
    free(side->rows);
    free(side->slots);
}

static void comparison_free(struct comparison *comparison)
{
    side_free(&comparison->old_side);
    side_free(&comparison->new_side);
}

/* ---- Hashes ---------------------------------------------------------------------------------- */

/* Sizes go in too, so that ("a", "bc") is not ("ab", "c"). */
static void hash_fields(const struct rmv_csv_record *record, const size_t *columns, size_t count,
                        uint8_t hash[HASH_BYTES])
{
    struct rmv_sha256_state state;
    uint8_t sum[RMV_SHA256_SIZE];
    rmv_sha256_start(&state);
    for (size_t i = 0; i < count; i++) {
        const struct rmv_csv_field *field = &record->fields[columns[i]];
        const uint64_t size = field->size;
        rmv_sha256_update(&state, &size, sizeof(size));
        rmv_sha256_update(&state, field->text, field->size);
    }
    rmv_sha256_finish(&state, sum);
    memcpy(hash, sum, HASH_BYTES);
}

static uint64_t number_of(const uint8_t key[HASH_BYTES], size_t offset)
{
    uint64_t number;
    memcpy(&number, key + offset, sizeof(number));
    return number;
}

/* The row with that key, or the slot where it belongs. */
static struct row *find(const struct side *side, const uint8_t key[HASH_BYTES], size_t *slot)
{
    const size_t mask = side->slots_count - 1;
    for (*slot = number_of(key, 0) & mask; side->slots[*slot]; *slot = (*slot + 1) & mask) {
        struct row *row = &side->rows[side->slots[*slot] - 1];
        if (memcmp(row->key, key, HASH_BYTES) == 0)
            return row;
    }
    return NULL;
}

static void make_slots(struct side *side, size_t count)
{
    free(side->slots);
    side->slots_count = count;
    side->slots = rmv_calloc(count, sizeof(*side->slots));
    for (size_t i = 0; i < side->rows_count; i++) {
        size_t slot;
        (void)find(side, side->rows[i].key, &slot);
        side->slots[slot] = (uint32_t)(i + 1);
    }
}

/* ---- Reading the tables ---------------------------------------------------------------------- */

static const struct rmv_error *add_row(struct comparison *comparison, struct side *side,
                                       const struct rmv_csv_record *record, uint64_t round)
{
    struct row row = {.offset = record->offset, .line = record->line};
    size_t slot;

    hash_fields(record, side->key, comparison->request->key->count, row.key);
    if (number_of(row.key, 8) % comparison->rounds != round)
        return NULL;
    const struct row *same = find(side, row.key, &slot);
    if (same)
        return rmv_error_hint(rmv_csv_error(side->reader, record,
                                            "this row of %s has the same key as the one in line "
                                            "%llu",
                                            side->what, (unsigned long long)same->line),
                              "name more columns behind --key, or mend the file");
    if (side->rows_count == UINT32_MAX - 1)
        return rmv_error(RMV_ERR_LIMIT, "too many rows");
    hash_fields(record, side->common, comparison->common_count, row.content);
    side->rows = rmv_grow(side->rows, side->rows_count, &side->rows_capacity, sizeof(*side->rows));
    side->rows[side->rows_count++] = row;
    side->slots[slot] = (uint32_t)side->rows_count;
    if (2 * side->rows_count > side->slots_count)
        make_slots(side, 2 * side->slots_count);
    return NULL;
}

static const struct rmv_error *read_rows(struct comparison *comparison, struct side *side,
                                         uint64_t round)
{
    const struct rmv_csv_record *record = NULL;

    side->rows_count = 0;
    make_slots(side, 1024);
    if (side->count == 0)
        return NULL;
    rmv_csv_seek(side->reader, side->first_offset, side->first_line);
    for (;;) {
        const struct rmv_error *err = rmv_csv_next(side->reader, &record);
        if (!err && record)
            err = add_row(comparison, side, record, round);
        if (err || !record)
            return err;
    }
}

/* Finds what is wrong with any record before anything is said, and how many there are. */
static const struct rmv_error *check_rows(struct side *side)
{
    const struct rmv_csv_record *record = NULL;
    for (;;) {
        const struct rmv_error *err = rmv_csv_next(side->reader, &record);
        if (!err && record)
            err = rmv_csv_check(side->reader, record);
        if (err)
            return rmv_error_context(err, "%s", side->what);
        if (!record)
            return NULL;
        if (side->count++ == 0) {
            side->first_offset = record->offset;
            side->first_line = record->line;
        }
    }
}

/* ---- Columns --------------------------------------------------------------------------------- */

static const struct rmv_error *find_key(const struct rmv_strings *key, struct side *side)
{
    const struct rmv_error *err =
        rmv_csv_require(side->reader, (const char *const *)key->items, key->count, side->key);
    return err ? rmv_error_context(err, "%s", side->what) : NULL;
}

static void find_common(struct comparison *comparison)
{
    struct side *old_side = &comparison->old_side;
    struct side *new_side = &comparison->new_side;
    const struct rmv_strings *columns = rmv_csv_columns(old_side->reader);
    size_t index;

    old_side->common = rmv_calloc(columns->count, sizeof(size_t));
    new_side->common = rmv_calloc(columns->count, sizeof(size_t));
    for (size_t i = 0; i < columns->count; i++) {
        if (!rmv_csv_find(new_side->reader, columns->items[i], &index))
            continue;
        old_side->common[comparison->common_count] = i;
        new_side->common[comparison->common_count++] = index;
    }
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static const struct rmv_error *load(struct side *side, const struct row *row,
                                    const struct rmv_csv_record **record)
{
    rmv_csv_seek(side->reader, row->offset, row->line);
    const struct rmv_error *err = rmv_csv_next(side->reader, record);
    if (!err && !*record)
        err = rmv_error(RMV_ERR_CONFLICT, "%s changed while it was read", side->what);
    return err;
}

static const struct rmv_error *visit(struct comparison *comparison, enum rmv_row_change change,
                                     const struct row *old_row, const struct row *new_row)
{
    const struct rmv_csv_record *old_record = NULL;
    const struct rmv_csv_record *new_record = NULL;
    const struct rmv_error *err = NULL;

    if (old_row)
        err = load(&comparison->old_side, old_row, &old_record);
    if (!err && new_row)
        err = load(&comparison->new_side, new_row, &new_record);
    if (err)
        return err;
    return comparison->request->visit(comparison->request->context, change, old_record, new_record);
}

static const struct rmv_error *visit_new(struct comparison *comparison, const struct row *row)
{
    size_t slot;
    struct row *old_row = find(&comparison->old_side, row->key, &slot);

    if (!old_row) {
        comparison->report.added++;
        return visit(comparison, RMV_ROW_ADDED, NULL, row);
    }
    old_row->is_found = 1;
    if (memcmp(old_row->content, row->content, HASH_BYTES) == 0) {
        comparison->report.unchanged++;
        return NULL;
    }
    comparison->report.changed++;
    return visit(comparison, RMV_ROW_CHANGED, old_row, row);
}

static const struct rmv_error *run_round(struct comparison *comparison, uint64_t round)
{
    struct side *old_side = &comparison->old_side;
    const struct side *new_side = &comparison->new_side;

    const struct rmv_error *err = read_rows(comparison, old_side, round);
    if (!err)
        err = read_rows(comparison, &comparison->new_side, round);
    assert(err || new_side->rows || !new_side->rows_count);
    for (size_t i = 0; !err && i < new_side->rows_count; i++)
        err = visit_new(comparison, &new_side->rows[i]);
    for (size_t i = 0; !err && i < old_side->rows_count; i++) {
        if (old_side->rows[i].is_found)
            continue;
        comparison->report.removed++;
        err = visit(comparison, RMV_ROW_REMOVED, &old_side->rows[i], NULL);
    }
    return err;
}

const struct rmv_error *rmv_rows_compare(const struct rmv_rows_request *request,
                                         struct rmv_rows_report *report)
{
    RMV_CLEANUP(comparison_free)
    struct comparison comparison = {
        .request = request,
        .old_side = {.reader = request->old_table, .what = "the old version"},
        .new_side = {.reader = request->new_table, .what = "the new version"},
    };
    const uint64_t most = request->round_rows_max ? request->round_rows_max : ROUND_ROWS_MAX;

    if (request->key->count > RMV_ROWS_KEY_COLUMNS_MAX)
        return rmv_error(RMV_ERR_LIMIT, "a key has at most %d columns", RMV_ROWS_KEY_COLUMNS_MAX);
    const struct rmv_error *err = find_key(request->key, &comparison.old_side);
    if (!err)
        err = find_key(request->key, &comparison.new_side);
    if (!err)
        err = check_rows(&comparison.old_side);
    if (!err)
        err = check_rows(&comparison.new_side);
    if (err)
        return err;
    find_common(&comparison);
    const uint64_t larger = comparison.old_side.count > comparison.new_side.count
                                ? comparison.old_side.count
                                : comparison.new_side.count;
    comparison.rounds = larger / most + 1;
    for (uint64_t round = 0; !err && round < comparison.rounds; round++)
        err = run_round(&comparison, round);
    if (!err)
        *report = comparison.report;
    return err;
}
