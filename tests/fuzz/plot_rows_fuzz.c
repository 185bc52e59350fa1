/* JSON whose rows are parsed one by one has the rows of the whole document. The first byte says
 * which column the table must have. The same bytes as CSV and TSV end without harm. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/plot_rows.h"
#include "pipeline/plot_table.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All rows as a list; false if one cannot be parsed. */
static bool take_all(struct rmv_plot_rows *rows, struct rmv_value *list)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value row = {0};
    rmv_value_set_list(list);
    for (;;) {
        if (rmv_plot_rows_next(rows, &row))
            return false;
        if (row.kind != RMV_VALUE_MAP)
            return true;
        rmv_value_copy(rmv_value_append(list), &row);
    }
}

static void compare(const uint8_t *data, size_t size, const char *column)
{
    RMV_CLEANUP(rmv_plot_rows_free) struct rmv_plot_rows whole = {0};
    RMV_CLEANUP(rmv_plot_rows_free) struct rmv_plot_rows text_rows = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value expected = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value actual = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf same = {0};

    rmv_buf_append(&text, data, size);
    rmv_buf_append(&same, data, size);
    const bool is_whole = !rmv_plot_rows_open("f.json", &text, column, &whole);
    const bool is_text = rmv_plot_rows_open_text("f.json", &same, column, &text_rows);
    const bool is_good = is_text && take_all(&text_rows, &actual);
    if (is_good && !is_whole)
        abort();
    if (!is_whole || !is_text)
        return;
    if (!is_good || !take_all(&whole, &expected) || !rmv_value_equal(&expected, &actual))
        abort();
    /* And once more from the start. */
    if (!take_all(&text_rows, &actual) || !rmv_value_equal(&expected, &actual))
        abort();
}

static const struct rmv_error *see_row(void *context, const struct rmv_plot_cell *cells)
{
    size_t *sum = context;
    for (size_t i = 0; i < RMV_PLOT_COLUMNS_MAX; i++)
        for (size_t k = 0; k < cells[i].size; k++)
            *sum += (unsigned char)cells[i].text[k];
    return NULL;
}

static void read_lines(const uint8_t *data, size_t size, const char *path, bool no_header)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = memfd_create("fuzz", MFD_CLOEXEC);
    size_t sum = 0;
    const struct rmv_plot_table table = {.path = path,
                                         .fd = fd,
                                         .no_header = no_header,
                                         .columns = {NULL, no_header ? "0" : "a"},
                                         .columns_count = 1 + size % 2,
                                         .row = see_row,
                                         .context = &sum};

    if (rmv_fd_write(fd, "fuzz", data, size) || lseek(fd, 0, SEEK_SET) < 0)
        abort();
    if (!rmv_plot_table_read(&table, &names) && names.count != table.columns_count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {NULL, "a", "b", "a.b"};

    if (!size)
        return 0;
    compare(data + 1, size - 1, columns[*data % 4]);
    read_lines(data + 1, size - 1, *data & 4 ? "f.csv" : "f.tsv", *data & 8);
    return 0;
}
