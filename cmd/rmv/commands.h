/* The commands of rmv, one per file in this folder; main.c lists them. */
#pragma once

#include "cli/command.h"

extern const struct cli_command rmv_command_add;
