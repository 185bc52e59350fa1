/* The commands of recomart, one per file in this folder; main.c lists them. */
#pragma once

#include "cli/command.h"

extern const struct cli_command recomart_ingest_clickstream;
extern const struct cli_command recomart_ingest_products;
extern const struct cli_command recomart_ingest_ratings;
extern const struct cli_command recomart_ingest_transactions;
extern const struct cli_command recomart_prepare;
extern const struct cli_command recomart_validate;
extern const struct cli_command recomart_features;
extern const struct cli_command recomart_features_get;
extern const struct cli_command recomart_features_list;
extern const struct cli_command recomart_features_register;
extern const struct cli_command recomart_features_view;
extern const struct cli_command recomart_train;
extern const struct cli_command recomart_evaluate;
extern const struct cli_command recomart_recommend;
