#include <stdlib.h>

#include "recomart/commands.h"
#include "recomart/ingest.h"

static const struct rmv_error *run(int argc, char **argv)
{
    return recomart_run_ingest_products(getenv("RECOMART_API_TOKEN"), argc, argv);
}

const struct cli_command recomart_ingest_products = {
    .name = "ingest-products",
    .arguments = "",
    .summary = "fetch the product catalogue into the lake",
    .help =
        "Gets the catalogue from the product API (http, https or file://) and puts the answer, "
        "its\n"
        "bytes unchanged, at raw/products/YYYY/MM/DD/products.json.\n\n"
        "Connection failures, timeouts, answers of status 5xx and 429 are tried again, after a\n"
        "pause that doubles each time (or the one that the server asks for in Retry-After), up to\n"
        "a number of attempts; other statuses are final. Section ingest of params.yaml has the\n"
        "address and the limits. An answer that is not a JSON array of objects with id, title,\n"
        "price, description, category, image and rating {rate, count} is refused and kept in\n"
        "logs/rejected/. If the API wants a token, put it into the environment variable\n"
        "RECOMART_API_TOKEN, and the host it is for into "
        "RECOMART_API_HOST.\n\n" RECOMART_INGEST_HELP,
    .examples = "recomart ingest-products  # today's partition\n"
                "recomart ingest-products --url file://$PWD/products.json --date 2025-01-01",
    .options = recomart_ingest_products_options,
    .run = run,
};
