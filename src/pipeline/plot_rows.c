#include "pipeline/plot_rows.h"

#include <string.h>

#include "rmv/base/document.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/params.h"

#define LARGE ((size_t)1024 * 1024)

void rmv_plot_rows_free(struct rmv_plot_rows *rows)
{
    rmv_value_free(&rows->document);
    rmv_buf_free(&rows->text);
}

/* ---- Which list ----------------------------------------------------------------------------- */

static bool is_table(const struct rmv_value *value)
{
    if (value->kind != RMV_VALUE_LIST || !value->list.count)
        return false;
    for (size_t i = 0; i < value->list.count; i++)
        if (value->list.items[i].kind != RMV_VALUE_MAP)
            return false;
    return true;
}

/* The first list of maps; with a column, the first whose rows have it. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which was parsed within a limit. */
static const struct rmv_value *find_list(const struct rmv_value *value, const char *column)
{
    if (is_table(value))
        return !column || rmv_value_find_path(&value->list.items[0], column) ? value : NULL;
    if (value->kind != RMV_VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < value->map.count; i++) {
        const struct rmv_value *found = find_list(&value->map.members[i].value, column);
        if (found)
            return found;
    }
    return NULL;
}

/* How many tables come before `list`; `*found` ends the count. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which was parsed within a limit. */
static size_t count_before(const struct rmv_value *value, const struct rmv_value *list, bool *found)
{
    size_t count = 0;
    if (value == list)
        *found = true;
    if (*found || is_table(value))
        return *found ? 0 : 1;
    for (size_t i = 0; value->kind == RMV_VALUE_MAP && i < value->map.count && !*found; i++)
        count += count_before(&value->map.members[i].value, list, found);
    return count;
}

/* ---- Large JSON ----------------------------------------------------------------------------- */

/* What is found while the text is looked through. It is checked afterwards, when its parts are
 * parsed; whatever looks odd here is left to the parser of the whole. */
struct scan {
    const char *at, *end;
    struct rmv_buf skeleton; /* the document with one row per table */
    size_t wanted;           /* which table */
    size_t seen;
    const char *start, *stop; /* its rows: behind the '[', and at the ']' */
};

static void scan_free(struct scan *scan)
{
    rmv_buf_free(&scan->skeleton);
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Behind the closing quote; NULL if there is none. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : NULL;
}

/* Behind the value; NULL if it does not end. */
static const char *skip_value(const char *at, const char *end)
{
    size_t depth = 0;
    while (at && at < end) {
        const char c = *at;
        if (c == '"') {
            at = skip_string(at, end);
            if (!depth)
                return at;
            continue;
        }
        if (!depth && (c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n'))
            return at;
        depth += c == '{' || c == '[';
        at++;
        if ((c == '}' || c == ']') && --depth == 0)
            return at;
    }
    return depth ? NULL : at;
}

/* Is the list that starts here one of maps? Sets `*first_end` behind the first, `*stop` to the ']'.
 */
static bool is_list_of_maps(const struct scan *scan, const char **first_end, const char **stop)
{
    const char *at = skip_blanks(scan->at + 1, scan->end);
    *first_end = NULL;
    while (at && at < scan->end && *at == '{') {
        at = skip_value(at, scan->end);
        *first_end = *first_end ? *first_end : at;
        at = at ? skip_blanks(at, scan->end) : NULL;
        if (at && at < scan->end && *at == ']') {
            *stop = at;
            return true;
        }
        at = at && at < scan->end && *at == ',' ? skip_blanks(at + 1, scan->end) : NULL;
    }
    return false;
}

static void copy_to(struct scan *scan, const char *to)
{
    rmv_buf_append(&scan->skeleton, scan->at, (size_t)(to - scan->at));
    scan->at = to;
}

/* Are they JSON? Rows of other tables than the wanted one are not parsed otherwise, and what is no
 * JSON in all its parts is not to be drawn. */
static bool are_rows_good(const char *at, const char *stop)
{
    for (at = skip_blanks(at, stop); at < stop; at = skip_blanks(at, stop)) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value row = {0};
        const char *start = skip_blanks(at + (*at == ','), stop);
        at = skip_value(start, stop);
        if (!at || at == start || rmv_json_parse_python("row", start, (size_t)(at - start), &row))
            return false;
    }
    return true;
}

static bool scan_list(struct scan *scan)
{
    const char *first_end = NULL, *stop = NULL;
    if (!is_list_of_maps(scan, &first_end, &stop)) {
        const char *behind = skip_value(scan->at, scan->end);
        if (behind)
            copy_to(scan, behind);
        return behind != NULL;
    }
    if (scan->seen++ == scan->wanted) {
        scan->start = scan->at + 1;
        scan->stop = stop;
    } else if (scan->wanted != SIZE_MAX && !are_rows_good(first_end, stop)) {
        return false;
    }
    copy_to(scan, first_end);
    scan->at = stop;
    copy_to(scan, stop + 1);
    return true;
}

/* Goes through maps and the lists in them, one token at a time: what is not one of them, or the
 * text of a key, is copied. */
static bool scan_document(struct scan *scan)
{
    while (scan->at < scan->end) {
        const char *behind = scan->at + 1;
        if (*scan->at == '[') {
            if (!scan_list(scan))
                return false;
            continue;
        }
        if (*scan->at == '"')
            behind = skip_string(scan->at, scan->end);
        if (!behind)
            return false;
        copy_to(scan, behind);
    }
    return true;
}

/* Finds the rows in the text; false if that is not to be had. */
static bool find_in_text(struct rmv_plot_rows *rows, const char *column)
{
    RMV_CLEANUP(scan_free)
    struct scan scan = {
        .at = rows->text.data, .end = rows->text.data + rows->text.size, .wanted = SIZE_MAX};
    bool found = false;

    if (!scan_document(&scan) || !scan.seen ||
        rmv_document_parse(rows->path, rmv_buf_string(&scan.skeleton), scan.skeleton.size,
                           &rows->document))
        return false;
    const struct rmv_value *list = find_list(&rows->document, column);
    if (!list)
        list = find_list(&rows->document, NULL);
    if (!list)
        return false;
    struct scan again = {.at = rows->text.data,
                         .end = rows->text.data + rows->text.size,
                         .wanted = count_before(&rows->document, list, &found)};
    const bool is_whole = scan_document(&again);
    scan_free(&again);
    rows->start = rows->at = again.start;
    rows->end = again.stop;
    return is_whole && found && rows->start;
}

static const struct rmv_error *next_in_text(struct rmv_plot_rows *rows, struct rmv_value *row)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    const char *at = skip_blanks(rows->at, rows->end);
    const char *behind = skip_value(at, rows->end);
    RMV_CLEANUP(rmv_str_free)
    char *name = rmv_str_format("%s: row %zu", rows->path, rows->index + 1);

    if (!behind || behind == at)
        return rmv_error(RMV_ERR_CORRUPT, "%s: there is nothing", name);
    const struct rmv_error *err = rmv_json_parse_python(name, at, (size_t)(behind - at), &map);
    if (err)
        return err;
    rmv_params_flatten(&map, row);
    rows->index++;
    rows->at = skip_blanks(behind, rows->end);
    rows->at += rows->at < rows->end && *rows->at == ',';
    return NULL;
}

/* ---- All ------------------------------------------------------------------------------------ */

static const struct rmv_error *find_in_memory(struct rmv_plot_rows *rows, const char *column)
{
    const struct rmv_error *err = rmv_document_parse(rows->path, rmv_buf_string(&rows->text),
                                                     rows->text.size, &rows->document);
    if (err)
        return err;
    rmv_buf_free(&rows->text);
    const struct rmv_value *list = find_list(&rows->document, column);
    if (!list)
        list = find_list(&rows->document, NULL);
    if (list) {
        rows->items = list->list.items;
        rows->count = list->list.count;
    } else if (rows->document.kind == RMV_VALUE_MAP && rows->document.map.count) {
        rows->items = &rows->document;
        rows->count = 1;
    } else {
        return rmv_error(RMV_ERR_NOT_FOUND, "there is no list of maps in '%s' that could be drawn",
                         rows->path);
    }
    return NULL;
}

bool rmv_plot_rows_open_text(const char *path, struct rmv_buf *text, const char *column,
                             struct rmv_plot_rows *rows)
{
    *rows = (struct rmv_plot_rows){.path = path};
    rmv_buf_swap(&rows->text, text);
    if (find_in_text(rows, column))
        return true;
    rmv_buf_swap(&rows->text, text);
    rmv_plot_rows_free(rows);
    return false;
}

const struct rmv_error *rmv_plot_rows_open(const char *path, struct rmv_buf *text,
                                           const char *column, struct rmv_plot_rows *rows)
{
    if (text->size >= LARGE && rmv_path_has_suffix(path, ".json") &&
        rmv_plot_rows_open_text(path, text, column, rows))
        return NULL;
    *rows = (struct rmv_plot_rows){.path = path};
    rmv_buf_swap(&rows->text, text);
    return find_in_memory(rows, column);
}

const struct rmv_error *rmv_plot_rows_next(struct rmv_plot_rows *rows, struct rmv_value *row)
{
    rmv_value_free(row);
    if (rows->start ? skip_blanks(rows->at, rows->end) == rows->end : rows->index == rows->count) {
        rows->index = 0;
        rows->at = rows->start;
        return NULL;
    }
    rmv_value_set_map(row);
    if (rows->start)
        return next_in_text(rows, row);
    rmv_params_flatten(&rows->items[rows->index++], row);
    return NULL;
}
