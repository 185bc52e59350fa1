/* The data lake: one file per dataset and day, FOLDER/DATASET/YYYY/MM/DD/NAME. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

enum rmv_lake_dataset {
    RMV_LAKE_CLICKSTREAM,
    RMV_LAKE_TRANSACTIONS,
    RMV_LAKE_RATINGS,
    RMV_LAKE_PRODUCTS,
    RMV_LAKE_DATASETS,
};

const char *rmv_lake_name(enum rmv_lake_dataset dataset);      /* "clickstream" */
const char *rmv_lake_title(enum rmv_lake_dataset dataset);     /* "Clickstream" */
const char *rmv_lake_file_name(enum rmv_lake_dataset dataset); /* "clickstream.csv" */

struct rmv_lake_partition {
    char *path;   /* FOLDER/clickstream/2025/01/01/clickstream.csv */
    char *date;   /* "2025-01-01" */
    int64_t days; /* the same in days since 1970-01-01 */
};

struct rmv_lake_partitions {
    struct rmv_lake_partition *items;
    size_t count, capacity;
};

/* The path of a partition; the caller frees it. */
char *rmv_lake_path(const char *folder, enum rmv_lake_dataset dataset, int64_t days);

/* Finds the partitions of a dataset in the order of their dates; a folder that does not exist has
 * none. Files whose folders are no date are passed over. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_lake_list(const char *folder, enum rmv_lake_dataset dataset,
                                      struct rmv_lake_partitions *partitions);
void rmv_lake_partitions_free(struct rmv_lake_partitions *partitions);
