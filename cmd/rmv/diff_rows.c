#include "rmv/diff_rows.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/rows.h"
#include "rmv/shared.h"

struct rows_diff {
    struct rmv_workspace *workspace;
    struct rmv_csv_reader *tables[2]; /* old, new */
    struct rmv_strings key;
    bool as_json;
    uint64_t printed_count;
};

static void rows_diff_free(struct rows_diff *diff)
{
    rmv_csv_close(&diff->tables[0]);
    rmv_csv_close(&diff->tables[1]);
    rmv_strings_free(&diff->key);
}

/* ---- The two versions ------------------------------------------------------------------------ */

static const struct rmv_error *find_content(struct rmv_workspace *workspace, const char *revision,
                                            const char *path, struct rmv_output *found)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(workspace, revision, &tracked);
    if (err)
        return err;
    const struct rmv_output *output = rmv_tracked_find(&tracked, path);
    if (!output || output->no_cache)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not tracked by rmv in %s", path, revision),
            "`rmv ls --rev %s` lists what is", revision);
    if (strcmp(output->path, path) == 0)
        rmv_output_copy(found, output);
    else
        err = rmv_dataset_find(workspace, output, path, found);
    if (!err && found->kind != RMV_OUTPUT_BLOB)
        err = rmv_error(RMV_ERR_USAGE, "'%s' is a folder in %s, not a CSV file", path, revision);
    return err;
}

/* Not every filesystem has files without a name. */
static const struct rmv_error *open_nameless(const char *folder, int *fd)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, ".rmv-tmp-XXXXXX");

    *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        *fd = mkostemp(path, O_CLOEXEC);
        if (*fd >= 0)
            (void)unlink(path);
    }
    if (*fd < 0)
        return rmv_error_errno("cannot create a temporary file in '%s'", folder);
    return NULL;
}

/* Into a file that is gone when it is closed. */
static const struct rmv_error *take_out(struct rmv_workspace *workspace, const char *revision,
                                        const char *path, int *fd)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER);

    const struct rmv_error *err = find_content(workspace, revision, path, &found);
    if (err)
        return err;
    err = open_nameless(folder, fd);
    if (err)
        return err;
    err = rmv_store_write_to(workspace->store, &found.id, *fd, path);
    if (!err && lseek(*fd, 0, SEEK_SET) < 0)
        err = rmv_error_errno("cannot go back in a temporary file");
    return err ? rmv_error_context(err, "'%s' in %s", path, revision) : NULL;
}

/* `revision` NULL: as it is in the workspace. */
static const struct rmv_error *open_table(struct rows_diff *diff, const char *revision,
                                          const char *path, size_t side)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(diff->workspace, path);

    const struct rmv_error *err =
        revision ? take_out(diff->workspace, revision, path, &fd)
                 : rmv_beneath_open(diff->workspace->root_fd, path, O_RDONLY, 0, &fd);
    return err ? err : rmv_csv_open_fd(&fd, shown, &diff->tables[side]);
}

static const struct rmv_error *parse_key(const char *text, struct rmv_strings *key)
{
    for (;;) {
        const size_t size = strcspn(text, ",");
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(text, size);
        if (size == 0 || rmv_strings_has(key, name))
            return rmv_error(RMV_ERR_USAGE, "--key takes names of columns, each once, not '%s'",
                             size == 0 ? "" : name);
        rmv_strings_add(key, name);
        if (text[size] == '\0')
            return NULL;
        text += size + 1;
    }
}

/* ---- Printing -------------------------------------------------------------------------------- */

/* A field as text; what has no place in a line is quoted. */
static char *show(struct rmv_csv_field field)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy_n(field.text, field.size);
    return field.size ? rmv_path_quote(text) : rmv_str_copy("(empty)");
}

static bool is_same(struct rmv_csv_field a, struct rmv_csv_field b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

static void print_fields(const struct rows_diff *diff, size_t side,
                         const struct rmv_csv_record *record, bool key)
{
    const struct rmv_strings *columns = rmv_csv_columns(diff->tables[side]);
    bool is_first = true;
    for (size_t i = 0; i < columns->count; i++) {
        if (rmv_strings_has(&diff->key, columns->items[i]) != key)
            continue;
        RMV_CLEANUP(rmv_str_free) char *text = show(record->fields[i]);
        printf("%s%s=%s", is_first ? "" : ", ", columns->items[i], text);
        is_first = false;
    }
}

static void print_changed(const struct rows_diff *diff, const struct rmv_csv_record *old_row,
                          const struct rmv_csv_record *new_row)
{
    const struct rmv_strings *columns = rmv_csv_columns(diff->tables[0]);
    const char *comma = "";
    size_t k;
    for (size_t i = 0; i < columns->count; i++) {
        if (!rmv_csv_find(diff->tables[1], columns->items[i], &k) ||
            is_same(old_row->fields[i], new_row->fields[k]))
            continue;
        RMV_CLEANUP(rmv_str_free) char *before = show(old_row->fields[i]);
        RMV_CLEANUP(rmv_str_free) char *after = show(new_row->fields[k]);
        printf("%s%s %s → %s", comma, columns->items[i], before, after);
        comma = ", ";
    }
}

static void print_row(const struct rows_diff *diff, const struct rmv_csv_record *old_row,
                      const struct rmv_csv_record *new_row)
{
    const size_t side = new_row ? 1 : 0;
    const struct rmv_csv_record *row = new_row ? new_row : old_row;
    fputs(!old_row ? "added     " : !new_row ? "removed   " : "changed   ", stdout);
    print_fields(diff, side, row, true);
    fputs(": ", stdout);
    if (old_row && new_row)
        print_changed(diff, old_row, new_row);
    else
        print_fields(diff, side, row, false);
    putchar('\n');
}

static void set_field(struct rmv_value *map, const char *name, struct rmv_csv_field field)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy_n(field.text, field.size);
    cli_set_path(map, name, text);
}

static void set_fields(const struct rows_diff *diff, size_t side,
                       const struct rmv_csv_record *record, bool key, struct rmv_value *map)
{
    const struct rmv_strings *columns = rmv_csv_columns(diff->tables[side]);
    rmv_value_set_map(map);
    for (size_t i = 0; i < columns->count; i++)
        if (rmv_strings_has(&diff->key, columns->items[i]) == key)
            set_field(map, columns->items[i], record->fields[i]);
}

static void set_changed(const struct rows_diff *diff, const struct rmv_csv_record *old_row,
                        const struct rmv_csv_record *new_row, struct rmv_value *map)
{
    const struct rmv_strings *columns = rmv_csv_columns(diff->tables[0]);
    size_t k;
    for (size_t i = 0; i < columns->count; i++) {
        if (!rmv_csv_find(diff->tables[1], columns->items[i], &k) ||
            is_same(old_row->fields[i], new_row->fields[k]))
            continue;
        struct rmv_value *column = rmv_value_add(map, columns->items[i]);
        set_field(column, "old", old_row->fields[i]);
        set_field(column, "new", new_row->fields[k]);
    }
}

/* One at a time, since there is no limit to how many there are. */
static void print_json_row(struct rows_diff *diff, const struct rmv_csv_record *old_row,
                           const struct rmv_csv_record *new_row)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t side = new_row ? 1 : 0;
    const struct rmv_csv_record *row = new_row ? new_row : old_row;

    cli_set_text(&map, "change", !old_row ? "added" : !new_row ? "removed" : "changed");
    cli_set_int(&map, "line", row->line);
    set_fields(diff, side, row, true, rmv_value_add(&map, "key"));
    if (old_row && new_row)
        set_changed(diff, old_row, new_row, rmv_value_add(&map, "columns"));
    else
        set_fields(diff, side, row, false, rmv_value_add(&map, "row"));
    rmv_json_format(&map, false, &text);
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    printf("%s\n  %.*s", diff->printed_count++ ? "," : "", (int)text.size, text.data);
}

static const struct rmv_error *visit(void *context, enum rmv_row_change change,
                                     const struct rmv_csv_record *old_row,
                                     const struct rmv_csv_record *new_row)
{
    struct rows_diff *diff = context;
    (void)change;
    assert(old_row || new_row);
    if (diff->as_json) {
        if (diff->printed_count == 0)
            fputs("{\"rows\": [", stdout);
        print_json_row(diff, old_row, new_row);
    } else if (!cli_quiet) {
        print_row(diff, old_row, new_row);
    }
    return NULL;
}

/* Columns of one table that the other does not have. */
static void list_others(const struct rows_diff *diff, size_t side, struct rmv_strings *others)
{
    const struct rmv_strings *columns = rmv_csv_columns(diff->tables[side]);
    size_t index;
    for (size_t i = 0; i < columns->count; i++)
        if (!rmv_csv_find(diff->tables[1 - side], columns->items[i], &index))
            rmv_strings_add(others, columns->items[i]);
}

static void print_columns(const struct rows_diff *diff, size_t side, const char *what)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings others = {0};
    list_others(diff, side, &others);
    for (size_t i = 0; i < others.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(others.items[i]);
        printf("%s column %s\n", what, quoted);
    }
}

static void print_json_end(const struct rows_diff *diff, const struct rmv_rows_report *report)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings added = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings removed = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    list_others(diff, 0, &removed);
    list_others(diff, 1, &added);
    cli_set_paths(&map, "added_columns", &added);
    cli_set_paths(&map, "removed_columns", &removed);
    cli_set_int(&map, "added", report->added);
    cli_set_int(&map, "removed", report->removed);
    cli_set_int(&map, "changed", report->changed);
    cli_set_int(&map, "unchanged", report->unchanged);
    rmv_json_format(&map, false, &text);
    printf("%s], %s", diff->printed_count ? "\n" : "{\"rows\": [", rmv_buf_string(&text) + 1);
    if (text.data[text.size - 1] != '\n')
        putchar('\n');
}

const struct rmv_error *cli_diff_rows(struct rmv_workspace *workspace,
                                      const struct cli_revisions *revisions, const char *key,
                                      bool as_json)
{
    RMV_CLEANUP(rows_diff_free)
    struct rows_diff diff = {.workspace = workspace, .as_json = as_json};
    struct rmv_rows_report report = {0};

    if (revisions->paths.count != 1)
        return rmv_error(RMV_ERR_USAGE, "--key compares versions of one file: name one PATH");
    const char *path = revisions->paths.items[0];
    const char *before = revisions->names.count > 0 ? revisions->names.items[0] : "HEAD";
    const char *after = revisions->names.count > 1 ? revisions->names.items[1] : NULL;
    const struct rmv_error *err = parse_key(key, &diff.key);
    if (!err)
        err = open_table(&diff, before, path, 0);
    if (!err)
        err = open_table(&diff, after, path, 1);
    if (err)
        return err;
    const struct rmv_rows_request request = {
        .old_table = diff.tables[0],
        .new_table = diff.tables[1],
        .key = &diff.key,
        .visit = visit,
        .context = &diff,
    };
    err = rmv_rows_compare(&request, &report);
    if (err)
        return err;
    if (as_json) {
        print_json_end(&diff, &report);
    } else if (!cli_quiet) {
        print_columns(&diff, 1, "added");
        print_columns(&diff, 0, "removed");
        printf("%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " changed, %" PRIu64
               " unchanged\n",
               report.added, report.removed, report.changed, report.unchanged);
    }
    return NULL;
}
