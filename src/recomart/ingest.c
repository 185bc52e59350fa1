#include "rmv/recomart/ingest.h"

#include <string.h>
#include <strings.h>

#include "recomart/credentials.h"
#include "recomart/output.h"
#include "rmv/base/csv.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/http/http.h"
#include "rmv/recomart/catalogue.h"

/* ---- CSV files ---- */

static const struct {
    const char *columns[6];
    size_t count;
} layouts[] = {
    [RMV_LAKE_CLICKSTREAM] = {{"user_id", "product_id", "event_type", "timestamp", "device"}, 5},
    [RMV_LAKE_TRANSACTIONS] = {{"transaction_id", "user_id", "product_id", "quantity", "price",
                                "timestamp"},
                               6},
    [RMV_LAKE_RATINGS] = {{"user_id", "item_id", "rating", "timestamp"}, 4},
};

/* Damaged records are for validation to put aside; what cannot be read at all is refused here. */
static const struct rmv_error *count_records(const char *path, enum rmv_lake_dataset dataset,
                                             uint64_t *count)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    size_t indexes[6];
    const struct rmv_csv_record *record;

    const struct rmv_error *err = rmv_csv_open(path, &reader);
    if (!err)
        err = rmv_csv_require(reader, layouts[dataset].columns, layouts[dataset].count, indexes);
    *count = 0;
    while (!err) {
        err = rmv_csv_next(reader, &record);
        if (err || !record)
            break;
        (*count)++;
    }
    return err;
}

static const struct rmv_error *copy_file(const char *from, const char *to)
{
    RMV_CLEANUP(rmv_output_close) struct rmv_output output = RMV_OUTPUT_EMPTY;
    const struct rmv_error *err = rmv_output_open(to, &output);
    if (!err)
        err = rmv_output_copy(&output, from);
    if (!err)
        err = rmv_output_finish(&output);
    return err;
}

static const struct rmv_error *fail(const struct rmv_ingest *ingest, const char *title,
                                    const struct rmv_error *err)
{
    rmv_log_write(ingest->log, RMV_LOG_ERROR, "%s ingestion failed: %s", title, err->message);
    return err;
}

const struct rmv_error *rmv_ingest_file(const struct rmv_ingest *ingest,
                                        enum rmv_lake_dataset dataset,
                                        struct rmv_ingest_result *result)
{
    const char *title = rmv_lake_title(dataset);
    RMV_CLEANUP(rmv_str_free)
    char *source = ingest->source
                       ? rmv_str_copy(ingest->source)
                       : rmv_path_join(ingest->settings->source_files, rmv_lake_file_name(dataset));
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_lake_path(ingest->settings->raw, dataset, ingest->days);
    uint64_t count;

    rmv_log_write(ingest->log, RMV_LOG_INFO, "Starting %s ingestion", rmv_lake_name(dataset));
    const struct rmv_error *err = count_records(source, dataset, &count);
    if (!err)
        err = copy_file(source, path);
    if (err)
        return fail(ingest, title, err);

    rmv_log_write(ingest->log, RMV_LOG_INFO, "%s data ingested successfully at %s", title, path);
    rmv_log_write(ingest->log, RMV_LOG_INFO, "Ingested %llu interactions",
                  (unsigned long long)count);
    *result = (struct rmv_ingest_result){.path = path, .count = count};
    path = NULL;
    return NULL;
}

/* ---- the product API ---- */

#define MS_PER_SECOND 1000
#define BYTES_PER_MB 1e6

struct api {
    const char *url;
    struct rmv_http_options http;
};

static const struct rmv_error *read_api(const struct rmv_settings *settings, struct api *api)
{
    static const char *const known[] = {
        "products_url", "attempts", "delay_seconds", "delay_max_seconds", "timeout_seconds",
        "size_max_mb",  NULL};
    static const double attempts_range[2] = {1, 100}, delay_range[2] = {0, 3600},
                        timeout_range[2] = {0.01, 3600},
                        size_range[2] = {0.001, (double)RMV_CATALOGUE_BYTES_MAX / BYTES_PER_MB};
    const struct rmv_value *section;
    double attempts = 5, delay = 1, delay_max = 60, timeout = 30, size = 64;

    api->url = "https://fakestoreapi.com/products";
    const struct rmv_error *err = rmv_settings_section(settings, "ingest", known, &section);
    if (!err)
        err = rmv_settings_text(settings, section, "products_url", &api->url);
    if (!err)
        err = rmv_settings_number(settings, section, "attempts", attempts_range, &attempts);
    if (!err)
        err = rmv_settings_number(settings, section, "delay_seconds", delay_range, &delay);
    if (!err)
        err = rmv_settings_number(settings, section, "delay_max_seconds", delay_range, &delay_max);
    if (!err)
        err = rmv_settings_number(settings, section, "timeout_seconds", timeout_range, &timeout);
    if (!err)
        err = rmv_settings_number(settings, section, "size_max_mb", size_range, &size);
    api->http = (struct rmv_http_options){
        .attempts = (unsigned)attempts,
        .delay_ms = (int64_t)(delay * MS_PER_SECOND),
        .delay_max_ms = (int64_t)(delay_max * MS_PER_SECOND),
        .timeout_ms = (int64_t)(timeout * MS_PER_SECOND),
        .size_max = (size_t)(size * BYTES_PER_MB),
    };
    return err;
}

static void log_failure(void *context, unsigned attempt, const char *reason, int64_t pause_ms)
{
    struct rmv_log *log = context;
    rmv_log_write(log, RMV_LOG_ERROR, "Attempt %u failed: %s", attempt, reason);
    if (pause_ms < 0 && attempt > 1)
        rmv_log_write(log, RMV_LOG_ERROR, "Product ingestion failed after retries");
    else if (pause_ms < 0)
        rmv_log_write(log, RMV_LOG_ERROR, "Product ingestion failed: %s", reason);
}

/* Keeps an answer that is no catalogue, and says where. */
static const struct rmv_error *put_aside(const struct rmv_ingest *ingest,
                                         const struct rmv_buf *body, const struct rmv_error *err)
{
    int64_t year;
    unsigned month, day;
    rmv_time_civil_of(ingest->days, &year, &month, &day);
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/rejected/products-%04lld-%02u-%02u.json",
                                ingest->settings->logs, (long long)year, month, day);
    RMV_CLEANUP(rmv_error_free) struct rmv_error *why = rmv_error_take(err);

    const struct rmv_error *kept = rmv_fs_write_atomic(path, body->data, body->size);
    if (kept)
        rmv_log_write(ingest->log, RMV_LOG_ERROR, "The answer could not be kept: %s",
                      kept->message);
    err = rmv_error_raise(&why);
    return kept ? err : rmv_error_hint(err, "the answer was kept as '%s'", path);
}

/* The address is from a committed file, the token is the user's. */
static const struct rmv_error *check_token(const char *url)
{
    RMV_CLEANUP(rmv_str_free) char *host = NULL;
    const struct rmv_error *err = rmv_http_host(url, &host);
    if (err || host[0] == '\0') /* a file:// URL */
        return err;
    err = rmv_credentials_check_host("the token in RECOMART_API_TOKEN", host, "RECOMART_API_HOST");
    if (!err && !rmv_credentials_is_local(host) && strncasecmp(url, "https:", 6) != 0)
        err = rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "a token would be readable on its way to '%s'", host),
            "use an https address");
    return err;
}

const struct rmv_error *rmv_ingest_products(const struct rmv_ingest *ingest, const char *token,
                                            struct rmv_ingest_result *result)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf body = {0};
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_lake_path(ingest->settings->raw, RMV_LAKE_PRODUCTS, ingest->days);
    struct api api;

    rmv_log_write(ingest->log, RMV_LOG_INFO, "Starting product API ingestion");
    const struct rmv_error *err = read_api(ingest->settings, &api);
    if (err)
        return fail(ingest, "Product", err);
    const char *url = ingest->source ? ingest->source : api.url;
    if (token)
        err = check_token(url);
    if (err)
        return fail(ingest, "Product", err);
    api.http.bearer_token = token;
    api.http.on_failure = log_failure;
    api.http.context = ingest->log;
    err = rmv_http_get(url, &api.http, &body);
    if (err)
        return err; /* log_failure() has said it */

    uint64_t count;
    err = rmv_catalogue_check("the answer of the product API", rmv_buf_string(&body), body.size,
                              &count);
    if (err)
        return fail(ingest, "Product", put_aside(ingest, &body, err));
    err = rmv_fs_write_atomic(path, body.data, body.size);
    if (err)
        return fail(ingest, "Product", err);
    rmv_log_write(ingest->log, RMV_LOG_INFO, "Product data ingested successfully from API at %s",
                  path);
    *result = (struct rmv_ingest_result){.path = path, .count = count};
    path = NULL;
    return NULL;
}
