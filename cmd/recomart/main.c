#include <stddef.h>

#include "cli/command.h"
#include "recomart/commands.h"

/* clang-format off */
static const struct cli_command *const commands[] = {
    &recomart_ingest_clickstream,
    &recomart_ingest_products,
    &recomart_ingest_transactions,
    &recomart_ingest_ratings,
    &recomart_validate,
    &recomart_prepare,
    &recomart_features,
    &recomart_features_get,
    &recomart_features_list,
    &recomart_features_register,
    &recomart_features_view,
    &recomart_train,
    &recomart_evaluate,
    &recomart_recommend,
    &cli_command_completion,
    NULL,
};
/* clang-format on */

static const struct cli_program program = {
    .name = "recomart",
    .summary = "the RecoMart recommender, stage by stage",
    .help = "Each command is one stage of the pipeline from clickstream and product catalogue to\n"
            "recommendations: plain files and tables in, plain files and tables out. rmv.yaml\n"
            "strings them together.",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
