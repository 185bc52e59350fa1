#include "rmv/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"
#include "rmv/base/screen.h"
#include "rmv/base/time.h"
#include "rmv/shared.h"

#define NS_PER_S INT64_C(1000000000)

void cli_table_free(struct cli_table *table)
{
    rmv_strings_free(&table->cells);
}

void cli_table_add(struct cli_table *table, const char *cell)
{
    rmv_strings_add(&table->cells, cell);
}

void cli_table_add_time(struct cli_table *table, int64_t time)
{
    char text[RMV_TIME_TEXT_SIZE] = "-";
    if (time) {
        rmv_time_format(time * NS_PER_S, false, text);
        text[strlen("2025-01-31")] = ' ';
        text[strlen("2025-01-31T10:30")] = '\0';
    }
    cli_table_add(table, text);
}

/* In characters: bytes that continue one in UTF-8 do not count. */
size_t cli_text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* Keeps the text on its line, and a terminal from obeying it; the caller frees it. */
static char *shown_cell(const char *text, bool as_markdown)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    for (const char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\t')
            rmv_buf_append_string(&out, *c == '\n' ? "\\n" : "\\t");
        else
            rmv_buf_append_format(&out, as_markdown && *c == '|' ? "\\%c" : "%c", *c);
    }
    return rmv_screen_safe(rmv_buf_string(&out));
}

static void print_cell(const char *text, size_t width)
{
    fputs(text, stdout);
    for (size_t used = cli_text_width(text); used < width; used++)
        putchar(' ');
}

static void print_rule(const size_t *widths, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        fputs("|-", stdout);
        for (size_t k = 0; k < widths[i]; k++)
            putchar('-');
        putchar('-');
    }
    puts("|");
}

static void print_row(char *const *cells, const size_t *widths, size_t columns, bool as_markdown)
{
    for (size_t i = 0; i < columns; i++) {
        if (as_markdown)
            fputs(i ? " | " : "| ", stdout);
        else if (i)
            fputs("  ", stdout);
        const bool is_last = i + 1 == columns;
        print_cell(cells[i], is_last && !as_markdown ? 0 : widths[i]);
    }
    puts(as_markdown ? " |" : "");
}

void cli_table_print(const struct cli_table *table, bool as_markdown)
{
    RMV_CLEANUP(rmv_free) size_t *widths = rmv_calloc(table->columns, sizeof(*widths));
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings shown = {0};
    for (size_t i = 0; i < table->cells.count; i++) {
        rmv_strings_take(&shown, shown_cell(table->cells.items[i], as_markdown));
        const size_t width = cli_text_width(shown.items[i]);
        size_t *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t i = 0; i + table->columns <= shown.count; i += table->columns) {
        print_row(&shown.items[i], widths, table->columns, as_markdown);
        if (i == 0 && as_markdown)
            print_rule(widths, table->columns);
    }
}

/* Exactly as it is for programs; a person's terminal must not obey it. */
void cli_table_print_csv(const struct cli_table *table)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    for (size_t i = 0; i < table->cells.count; i++) {
        const char *cell = table->cells.items[i];
        rmv_csv_append(&out, cell, strlen(cell));
        rmv_buf_append_string(&out, (i + 1) % table->columns ? "," : "\n");
    }
    if (isatty(STDOUT_FILENO))
        cli_print("%s", rmv_buf_string(&out));
    else
        fputs(rmv_buf_string(&out), stdout);
}
