#include "recomart/lake_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"

#define NS_PER_DAY 86400000000000

void rmv_lake_check_free(struct rmv_lake_check *check)
{
    for (size_t i = 0; i < check->count; i++)
        rmv_file_report_free(&check->reports[i]);
    free(check->reports);
    rmv_expectations_free(&check->suites);
    rmv_intern_free(&check->products);
    rmv_str_free(&check->staging);
}

static void set_cells(const struct rmv_csv_record *record, size_t count, struct rmv_cell *cells)
{
    for (size_t i = 0; i < count; i++) {
        const struct rmv_csv_field field = record->fields[i];
        cells[i] = (struct rmv_cell){
            .kind = rmv_csv_is_missing(field) ? RMV_CELL_MISSING : RMV_CELL_UNTYPED,
            .text = field.text,
            .size = field.size,
        };
    }
}

static const struct rmv_error *check_rows(struct rmv_csv_reader *reader,
                                          struct rmv_file_check *check, struct rmv_output *accepted)
{
    const size_t count = rmv_csv_columns(reader)->count;
    RMV_CLEANUP(rmv_free) struct rmv_cell *cells = rmv_calloc(count, sizeof(*cells));
    const struct rmv_csv_record *record;

    rmv_buf_append(&accepted->pending, rmv_csv_header(reader)->data, rmv_csv_header(reader)->size);
    for (;;) {
        const struct rmv_error *err = rmv_csv_next(reader, &record);
        if (err || !record)
            return err;
        set_cells(record, count, cells);
        const struct rmv_file_row row = {.line = record->line,
                                         .raw = record->raw,
                                         .raw_size = record->raw_size,
                                         .damage = record->damage,
                                         .cells = cells};
        bool is_accepted;
        err = rmv_file_check_row(check, &row, &is_accepted);
        if (!err && is_accepted) {
            rmv_buf_append(&accepted->pending, record->raw, record->raw_size);
            err = rmv_output_flush(accepted);
        }
        if (err)
            return err;
    }
}

static bool is_about_content(const struct rmv_error *err)
{
    return err->code == RMV_ERR_CORRUPT || err->code == RMV_ERR_LIMIT;
}

/* A file of so many bytes will hardly have more rows than this. */
#define ROW_BYTES_USUAL 36

static void expect_rows(struct rmv_file_check *check)
{
    struct stat status;
    if (stat(check->report->path, &status) == 0)
        rmv_row_set_reserve(&check->rows_seen, (size_t)status.st_size / ROW_BYTES_USUAL);
}

static const struct rmv_error *check_csv(struct rmv_lake_check *lake, struct rmv_file_check *check,
                                         const char *target)
{
    RMV_CLEANUP(rmv_csv_close) struct rmv_csv_reader *reader = NULL;
    RMV_CLEANUP(rmv_output_close) struct rmv_output accepted = RMV_OUTPUT_EMPTY;
    struct rmv_file_report *report = check->report;

    const struct rmv_error *err = rmv_csv_open(report->path, &reader);
    if (err)
        return err;
    rmv_file_check_start(check, &lake->suites.suites[report->dataset], rmv_csv_columns(reader));
    expect_rows(check);
    err = rmv_output_open(target, &accepted);
    accepted.is_lazy = true;
    if (!err)
        err = check_rows(reader, check, &accepted);
    if (err || report->lacks_columns)
        return err;
    return rmv_output_finish(&accepted);
}

static const struct rmv_error *check_file(struct rmv_lake_check *lake,
                                          const struct rmv_lake_partition *partition,
                                          struct rmv_file_report *report)
{
    const struct rmv_expect_context context = {
        .now_ns =
            lake->options->has_now ? lake->options->now_ns : (partition->days + 1) * NS_PER_DAY,
        .products = lake->has_products ? &lake->products : NULL,
    };
    RMV_CLEANUP(rmv_file_check_free) struct rmv_file_check check = RMV_FILE_CHECK_EMPTY;
    RMV_CLEANUP(rmv_str_free)
    char *target = rmv_lake_path(lake->staging, report->dataset, partition->days);
    RMV_CLEANUP(rmv_str_free) char *rejected = rmv_str_format("%s/rejected", lake->staging);
    RMV_CLEANUP(rmv_str_free)
    char *aside = rmv_lake_path(rejected, report->dataset, partition->days);

    check.report = report;
    check.context = &context;
    check.rejected_max = lake->options->rejected_max;
    const bool is_json = report->dataset == RMV_LAKE_PRODUCTS;
    /* Offending rows are a table, whatever they come from. */
    check.rejected_path =
        is_json ? rmv_str_format("%.*s.csv", (int)strlen(aside) - 5, aside) : rmv_str_copy(aside);
    const struct rmv_error *err =
        is_json ? rmv_catalogue_check_file(lake, &check, target) : check_csv(lake, &check, target);
    if (err && is_about_content(err)) {
        rmv_file_report_unreadable(report, err->message);
        return NULL;
    }
    if (err)
        return err;
    return rmv_file_check_finish(&check, lake->previous_rows, lake->options->score_min);
}

const struct rmv_error *rmv_lake_check_dataset(struct rmv_lake_check *check, const char *raw,
                                               enum rmv_lake_dataset dataset)
{
    RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions partitions = {0};
    const struct rmv_error *err = rmv_lake_list(raw, dataset, &partitions);

    check->previous_rows = UINT64_MAX;
    for (size_t i = 0; !err && i < partitions.count; i++) {
        check->reports =
            rmv_grow(check->reports, check->count, &check->capacity, sizeof(*check->reports));
        struct rmv_file_report *report = &check->reports[check->count++];
        *report = (struct rmv_file_report){.dataset = dataset,
                                           .path = rmv_str_copy(partitions.items[i].path),
                                           .date = rmv_str_copy(partitions.items[i].date)};
        err = check_file(check, &partitions.items[i], report);
        check->previous_rows = report->rows;
    }
    return err;
}
