/* What the ingest commands have in common. */
#pragma once

#include "cli/command.h"
#include "rmv/recomart/lake.h"

#define RECOMART_INGEST_HELP                                                                       \
    "The partition is that of --date, by default today (UTC). One that exists is replaced as a\n"  \
    "whole; when anything fails it stays as it was, and other days are never touched. What\n"      \
    "happened is added to logs/ingestion.log."

extern const struct cli_option recomart_ingest_options[];          /* with --source */
extern const struct cli_option recomart_ingest_products_options[]; /* with --url */

RMV_MUST_CHECK
const struct rmv_error *recomart_run_ingest_file(enum rmv_lake_dataset dataset, int argc,
                                                 char **argv);
RMV_MUST_CHECK
const struct rmv_error *recomart_run_ingest_products(const char *token, int argc, char **argv);
