/* The commands of recomart, one per file in this folder; main.c lists them. */
#pragma once

#include "cli/command.h"

extern const struct cli_command recomart_prepare;
