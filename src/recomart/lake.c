#include "rmv/recomart/lake.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "rmv/base/time.h"

static const struct {
    const char *name, *title, *file_name;
} datasets[] = {
    [RMV_LAKE_CLICKSTREAM] = {"clickstream", "Clickstream", "clickstream.csv"},
    [RMV_LAKE_TRANSACTIONS] = {"transactions", "Transactions", "transactions.csv"},
    [RMV_LAKE_RATINGS] = {"ratings", "Ratings", "ratings.csv"},
    [RMV_LAKE_PRODUCTS] = {"products", "Products", "products.json"},
};

const char *rmv_lake_name(enum rmv_lake_dataset dataset)
{
    return datasets[dataset].name;
}

const char *rmv_lake_title(enum rmv_lake_dataset dataset)
{
    return datasets[dataset].title;
}

const char *rmv_lake_file_name(enum rmv_lake_dataset dataset)
{
    return datasets[dataset].file_name;
}

char *rmv_lake_path(const char *folder, enum rmv_lake_dataset dataset, int64_t days)
{
    int64_t year;
    unsigned month, day;
    rmv_time_civil_of(days, &year, &month, &day);
    return rmv_str_format("%s/%s/%04lld/%02u/%02u/%s", folder, datasets[dataset].name,
                          (long long)year, month, day, datasets[dataset].file_name);
}

void rmv_lake_partitions_free(struct rmv_lake_partitions *partitions)
{
    for (size_t i = 0; i < partitions->count; i++) {
        rmv_str_free(&partitions->items[i].path);
        rmv_str_free(&partitions->items[i].date);
    }
    free(partitions->items);
    *partitions = (struct rmv_lake_partitions){0};
}

/* The entries of a folder that are numbers of `digits` digits, sorted. */
static const struct rmv_error *list_numbers(const char *folder, size_t digits,
                                            struct rmv_strings *names)
{
    DIR *dir = opendir(folder);
    if (!dir && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (!dir)
        return rmv_error_errno("cannot open folder '%s'", folder);

    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(dir))) {
        if (strlen(entry->d_name) == digits && strspn(entry->d_name, "0123456789") == digits)
            rmv_strings_add(names, entry->d_name);
        errno = 0;
    }
    const struct rmv_error *err = errno ? rmv_error_errno("cannot read folder '%s'", folder) : NULL;
    closedir(dir);
    rmv_strings_sort(names);
    return err;
}

static void add_partition(enum rmv_lake_dataset dataset, const char *folder, const char *date,
                          struct rmv_lake_partitions *partitions)
{
    int64_t days;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/%s", folder, datasets[dataset].file_name);
    if (!rmv_time_parse_date(date, &days) || !rmv_fs_exists(path))
        return;
    partitions->items = rmv_grow(partitions->items, partitions->count, &partitions->capacity,
                                 sizeof(*partitions->items));
    partitions->items[partitions->count++] =
        (struct rmv_lake_partition){.path = path, .date = rmv_str_copy(date), .days = days};
    path = NULL;
}

/* Descends: years, then months, then days. `date` is what the folders so far say. */
static const struct rmv_error *list_level(enum rmv_lake_dataset dataset, const char *folder,
                                          const char *date, struct rmv_lake_partitions *partitions)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = list_numbers(folder, *date ? 2 : 4, &names);
    for (size_t i = 0; !err && i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *below = rmv_str_format("%s/%s", folder, names.items[i]);
        RMV_CLEANUP(rmv_str_free)
        char *longer = rmv_str_format("%s%s%s", date, *date ? "-" : "", names.items[i]);
        if (strlen(longer) == sizeof("YYYY-MM-DD") - 1)
            add_partition(dataset, below, longer, partitions);
        else
            err = list_level(dataset, below, longer, partitions);
    }
    return err;
}

const struct rmv_error *rmv_lake_list(const char *folder, enum rmv_lake_dataset dataset,
                                      struct rmv_lake_partitions *partitions)
{
    RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions found = {0};
    RMV_CLEANUP(rmv_str_free) char *top = rmv_str_format("%s/%s", folder, datasets[dataset].name);

    const struct rmv_error *err = list_level(dataset, top, "", &found);
    if (err)
        return err;
    rmv_lake_partitions_free(partitions);
    *partitions = found;
    found = (struct rmv_lake_partitions){0};
    return NULL;
}
