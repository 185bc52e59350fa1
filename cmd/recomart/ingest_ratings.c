#include "recomart/commands.h"
#include "recomart/ingest.h"

static const struct rmv_error *run(int argc, char **argv)
{
    return recomart_run_ingest_file(RMV_LAKE_RATINGS, argc, argv);
}

const struct cli_command recomart_ingest_ratings = {
    .name = "ingest-ratings",
    .arguments = "",
    .summary = "copy a day of ratings into the lake",
    .help =
        "Copies a CSV file, its bytes unchanged, to raw/ratings/YYYY/MM/DD/ratings.csv, after\n"
        "checking that its header names user_id, item_id, rating and timestamp.\n"
        "The order of columns does not matter, and further ones are kept.\n\n" RECOMART_INGEST_HELP,
    .examples = "recomart ingest-ratings  # today's partition from source_files/ratings.csv\n"
                "recomart ingest-ratings --date 2025-01-02 --source day2.csv  # a backfill",
    .options = recomart_ingest_options,
    .run = run,
};
