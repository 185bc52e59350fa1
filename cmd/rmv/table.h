/* Tables of text: aligned columns, Markdown or CSV. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/strings.h"

struct cli_table {
    size_t columns;           /* set by the caller */
    struct rmv_strings cells; /* row by row; the first row is the heading */
};
void cli_table_free(struct cli_table *table);
void cli_table_add(struct cli_table *table, const char *cell);
/* A time in seconds since 1970 as "2025-01-31 10:30", UTC; "-" for 0. */
void cli_table_add_time(struct cli_table *table, int64_t time);

/* The columns that a text takes on a terminal: its characters. */
size_t cli_text_width(const char *text);

void cli_table_print(const struct cli_table *table, bool as_markdown);
void cli_table_print_csv(const struct cli_table *table);
