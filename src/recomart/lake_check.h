/* Checking the files of a lake, one after the other, and writing what is accepted. */
#pragma once

#include "recomart/file_check.h"
#include "rmv/recomart/validate.h"

struct rmv_lake_check {
    const struct rmv_validate_options *options;
    struct rmv_expectations suites;
    struct rmv_intern products; /* ids of all accepted products */
    bool has_products;
    char *staging;          /* where the validated lake is built */
    uint64_t previous_rows; /* of the partition before, UINT64_MAX if there is none */
    struct rmv_file_report *reports;
    size_t count, capacity;
};

/* Checks all files of a dataset below `raw`; products must come before the others. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_lake_check_dataset(struct rmv_lake_check *check, const char *raw,
                                               enum rmv_lake_dataset dataset);
void rmv_lake_check_free(struct rmv_lake_check *check);

/* The products of a catalogue as rows: src/recomart/catalogue_check.c. */
RMV_MUST_CHECK
const struct rmv_error *rmv_catalogue_check_file(struct rmv_lake_check *lake,
                                                 struct rmv_file_check *check, const char *target);
