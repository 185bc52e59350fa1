#include "recomart/commands.h"
#include "recomart/ingest.h"

static const struct rmv_error *run(int argc, char **argv)
{
    return recomart_run_ingest_file(RMV_LAKE_TRANSACTIONS, argc, argv);
}

const struct cli_command recomart_ingest_transactions = {
    .name = "ingest-transactions",
    .arguments = "",
    .summary = "copy a day of purchases into the lake",
    .help =
        "Copies a CSV file, its bytes unchanged, to raw/transactions/YYYY/MM/DD/transactions.csv, "
        "after\n"
        "checking that its header names transaction_id, user_id, product_id, quantity, price and "
        "timestamp.\n"
        "The order of columns does not matter, and further ones are kept.\n\n" RECOMART_INGEST_HELP,
    .examples =
        "recomart ingest-transactions  # today's partition from source_files/transactions.csv\n"
        "recomart ingest-transactions --date 2025-01-02 --source day2.csv  # a backfill",
    .options = recomart_ingest_options,
    .run = run,
};
