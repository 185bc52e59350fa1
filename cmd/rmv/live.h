/* Where a live display is drawn, and when it is not. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "rmv/base/live.h"

/* A live display for a person who sees both standard streams on one terminal: NULL with --quiet,
 * where one of them leads elsewhere, and on a terminal that cannot move its cursor (TERM is dumb).
 * Until it is closed, what cli_log() says is printed above it. */
struct rmv_live *cli_live_open(const char *thing);
void cli_live_close(struct rmv_live **live); /* accepts NULL */

/* Prints through the display, or, if it is NULL, to `out`, at once. */
void cli_live_print(struct rmv_live *live, FILE *out, const char *bytes, size_t size);
