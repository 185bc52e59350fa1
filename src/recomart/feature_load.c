#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/recomart/feature_files.h"

/* ---- Filling the tables -----------------------------------------------------------------------
 */

struct filler {
    struct rmv_csv_reader *reader;
    const struct rmv_feature_file *file;
    struct rmv_buf text; /* the row's texts, each with a NUL behind it */
    struct rmv_feature_value row[RMV_FEATURE_COLUMNS_MAX];
};

static void filler_close(struct filler *filler)
{
    rmv_csv_close(&filler->reader);
    rmv_buf_free(&filler->text);
}

static const struct rmv_error *parse_row(struct filler *filler, const struct rmv_csv_record *record)
{
    const struct rmv_feature_table *table = &filler->file->table;
    size_t text_bytes = 0;
    for (size_t i = 0; i < table->columns_count; i++)
        text_bytes += record->fields[i].size + 1;
    filler->text.size = 0;
    /* All at once, so that texts do not move while the row is put together. */
    rmv_buf_reserve(&filler->text, text_bytes);
    for (size_t i = 0; i < table->columns_count; i++) {
        struct rmv_feature_value *value = &filler->row[i];
        const struct rmv_csv_field field = record->fields[i];
        bool is_good = true;
        *value = (struct rmv_feature_value){.type = table->columns[i].type};
        if (value->type == RMV_FEATURE_TEXT) {
            value->text = filler->text.data + filler->text.size;
            rmv_buf_append(&filler->text, field.text, field.size);
            rmv_buf_append(&filler->text, "", 1);
        } else if (field.size == 0) {
            value->is_null = true;
        } else if (value->type == RMV_FEATURE_INT) {
            is_good = rmv_csv_parse_integer(field, &value->integer);
        } else {
            is_good = rmv_csv_parse_double(field, &value->number);
        }
        if (!is_good)
            return rmv_csv_error(filler->reader, record, "column '%s' is not a number",
                                 table->columns[i].name);
    }
    return NULL;
}

static const struct rmv_error *check_columns(const struct filler *filler, const char *path)
{
    const struct rmv_strings *columns = rmv_csv_columns(filler->reader);
    const struct rmv_feature_table *table = &filler->file->table;
    bool is_same = columns->count == table->columns_count;
    for (size_t i = 0; is_same && i < columns->count; i++)
        is_same = strcmp(columns->items[i], table->columns[i].name) == 0;
    if (is_same)
        return NULL;
    return rmv_error(RMV_ERR_CORRUPT, "'%s' has other columns than its manifest says", path);
}

static const struct rmv_error *fill_table(const struct rmv_feature_files *files,
                                          const struct rmv_feature_file *file,
                                          struct rmv_feature_store *store)
{
    RMV_CLEANUP(filler_close) struct filler filler = {.file = file};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(files->folder, file->name);
    const struct rmv_error *err = rmv_csv_open(path, &filler.reader);
    if (!err)
        err = check_columns(&filler, path);
    if (!err)
        err = rmv_feature_store_begin_table(store, &file->table);
    while (!err) {
        const struct rmv_csv_record *record = NULL;
        err = rmv_csv_next(filler.reader, &record);
        if (!err && !record)
            return NULL;
        if (!err)
            err = rmv_csv_check(filler.reader, record);
        if (!err)
            err = parse_row(&filler, record);
        if (!err)
            err = rmv_feature_store_add(store, filler.row);
    }
    return err;
}

static const struct rmv_error *fill_version(const struct rmv_feature_files *files,
                                            struct rmv_feature_store *store, const char *version)
{
    const struct rmv_error *err = rmv_feature_store_begin(store);
    if (err)
        return err;
    for (size_t i = 0; !err && i < files->count; i++)
        if (strcmp(files->files[i].version, version) == 0)
            err = fill_table(files, &files->files[i], store);
    if (!err)
        err = rmv_feature_store_commit(store, version, files->id_hex);
    return err ? rmv_feature_store_abort(store, err) : NULL;
}

static bool is_first_of_version(const struct rmv_feature_files *files, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(files->files[i].version, files->files[index].version) == 0)
            return false;
    return true;
}

const struct rmv_error *rmv_feature_files_materialize(const struct rmv_feature_files *files,
                                                      struct rmv_feature_store *store,
                                                      size_t *filled)
{
    size_t count = 0;
    for (size_t i = 0; i < files->count; i++) {
        if (!is_first_of_version(files, i))
            continue;
        RMV_CLEANUP(rmv_str_free) char *stamp = NULL;
        const char *version = files->files[i].version;
        const struct rmv_error *err = rmv_feature_store_stamp(store, version, &stamp);
        if (err)
            return err;
        if (stamp && strcmp(stamp, files->id_hex) == 0)
            continue;
        err = count ? NULL : rmv_feature_files_check(files);
        if (!err)
            err = fill_version(files, store, version);
        if (err)
            return rmv_error_context(err, "features %s", version);
        count++;
    }
    *filled = count;
    return NULL;
}

/* ---- Loading interactions ---------------------------------------------------------------------
 */

struct pairs {
    struct rmv_preferences *out;
    struct rmv_triplet *triplets; /* columns are filled in once all items are known */
    int64_t *items;               /* of each triplet */
    size_t count, capacity;
};

static void pairs_free(struct pairs *pairs)
{
    free(pairs->triplets);
    free(pairs->items);
}

/* Rows come sorted by user, so a new user is one that differs from the last. */
static const struct rmv_error *take_pair(void *context, const struct rmv_feature_value *row)
{
    struct pairs *pairs = context;
    struct rmv_strings *users = &pairs->out->users;
    if (row[0].is_null || row[1].is_null || row[3].is_null)
        return rmv_error(RMV_ERR_CORRUPT, "a row of user_item_features has a NULL in it");
    const int order = users->count ? strcmp(row[0].text, users->items[users->count - 1]) : 1;
    if (order < 0)
        return rmv_error(RMV_ERR_IO, "the database does not sort users by bytes");
    if (order > 0)
        rmv_strings_add(users, row[0].text);
    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity ? 2 * pairs->capacity : 1024;
        pairs->triplets = rmv_realloc(pairs->triplets, pairs->capacity * sizeof(*pairs->triplets));
        pairs->items = rmv_realloc(pairs->items, pairs->capacity * sizeof(*pairs->items));
    }
    pairs->triplets[pairs->count] =
        (struct rmv_triplet){(uint32_t)(users->count - 1), 0, row[3].number};
    pairs->items[pairs->count++] = row[1].integer;
    return NULL;
}

static const struct rmv_error *build_matrix(struct pairs *pairs)
{
    struct rmv_preferences *out = pairs->out;
    out->items = rmv_calloc(pairs->count + 1, sizeof(*out->items));
    if (pairs->count > 0)
        memcpy(out->items, pairs->items, pairs->count * sizeof(*out->items));
    const size_t items = rmv_preferences_sort_items(out->items, pairs->count);
    for (size_t i = 0; i < pairs->count; i++)
        pairs->triplets[i].column =
            (uint32_t)rmv_preferences_search(out->items, items, pairs->items[i]);
    out->events = rmv_calloc(items + 1, sizeof(*out->events));
    out->ratings = rmv_calloc(items + 1, sizeof(*out->ratings));
    for (size_t i = 0; i < items; i++)
        out->ratings[i] = (double)NAN;
    return rmv_sparse_of_triplets(pairs->triplets, pairs->count, out->users.count, items,
                                  &out->matrix);
}

static const struct rmv_error *take_item(void *context, const struct rmv_feature_value *row)
{
    struct rmv_preferences *out = context;
    const size_t item = rmv_preferences_find_item(out, row[0].integer);
    if (item == RMV_NOT_FOUND)
        return NULL;
    out->events[item] = row[1].integer > 0 ? (size_t)row[1].integer : 0;
    out->ratings[item] = row[3].is_null ? (double)NAN : row[3].number;
    return NULL;
}

const struct rmv_error *rmv_feature_files_load(const struct rmv_feature_files *files,
                                               struct rmv_feature_store *store, const char *version,
                                               struct rmv_preferences *preferences)
{
    const struct rmv_feature_file *pair_file =
        rmv_feature_files_find(files, version, "user_item_features");
    const struct rmv_feature_file *item_file =
        rmv_feature_files_find(files, version, "item_features");
    if (!pair_file || !item_file || pair_file->table.columns_count < 4 ||
        item_file->table.columns_count < 4)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "no features of version '%s' in '%s'",
                                        version, files->folder),
                              "`recomart features list` shows the versions there are");

    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences loaded = {0};
    RMV_CLEANUP(pairs_free) struct pairs pairs = {.out = &loaded};
    const struct rmv_feature_query all_pairs = {.table = &pair_file->table};
    const struct rmv_feature_query all_items = {.table = &item_file->table};
    const struct rmv_error *err = rmv_feature_store_select(store, &all_pairs, take_pair, &pairs);
    if (!err)
        err = build_matrix(&pairs);
    if (!err)
        err = rmv_feature_store_select(store, &all_items, take_item, &loaded);
    if (err)
        return err;
    *preferences = loaded;
    loaded = (struct rmv_preferences){0};
    return NULL;
}
