/* Ingestion: sources become partitions of the lake, bytes unchanged. A partition is replaced as a
 * whole or not at all, and other days are never touched. */
#pragma once

#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/recomart/lake.h"
#include "rmv/recomart/settings.h"

/* What is being ingested. */
struct rmv_ingest {
    const struct rmv_settings *settings;
    struct rmv_log *log; /* may be NULL */
    int64_t days;        /* the partition, in days since 1970-01-01 */
    const char *source;  /* a file, or a URL for products; NULL for the one in the settings */
};

struct rmv_ingest_result {
    char *path;     /* of the partition; the caller frees it */
    uint64_t count; /* records, or products */
};

/* Copies a CSV file after checking that its header names the columns of the dataset. Errors:
 * NOT_FOUND, CORRUPT, LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ingest_file(const struct rmv_ingest *ingest,
                                        enum rmv_lake_dataset dataset,
                                        struct rmv_ingest_result *result);

/* Gets the catalogue from the product API (section `ingest` of params.yaml: products_url, attempts,
 * delay_seconds, delay_max_seconds, timeout_seconds, size_max_mb). The bearer token, if the API
 * needs one, may be NULL; it goes to this machine, or over https to the host that the environment's
 * RECOMART_API_HOST names, else DENIED. An answer that is no catalogue is kept as
 * LOGS/rejected/products-DATE.json. Errors: those of rmv_http_get(), CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ingest_products(const struct rmv_ingest *ingest, const char *token,
                                            struct rmv_ingest_result *result);
