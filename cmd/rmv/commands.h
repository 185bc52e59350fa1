/* The commands of rmv, one per file in this folder; main.c lists them. */
#pragma once

#include "cli/command.h"
