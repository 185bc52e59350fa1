#include "recomart/commands.h"
#include "recomart/ingest.h"

static const struct rmv_error *run(int argc, char **argv)
{
    return recomart_run_ingest_file(RMV_LAKE_CLICKSTREAM, argc, argv);
}

const struct cli_command recomart_ingest_clickstream = {
    .name = "ingest-clickstream",
    .arguments = "",
    .summary = "copy a day of clicks into the lake",
    .help =
        "Copies a CSV file, its bytes unchanged, to raw/clickstream/YYYY/MM/DD/clickstream.csv, "
        "after\n"
        "checking that its header names user_id, product_id, event_type, timestamp and device.\n"
        "The order of columns does not matter, and further ones are kept.\n\n" RECOMART_INGEST_HELP,
    .examples =
        "recomart ingest-clickstream  # today's partition from source_files/clickstream.csv\n"
        "recomart ingest-clickstream --date 2025-01-02 --source day2.csv  # a backfill",
    .options = recomart_ingest_options,
    .run = run,
};
