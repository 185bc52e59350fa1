#include "rmv/shared.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/screen.h"
#include "rmv/dataset/links.h"

const struct rmv_error *cli_open_workspace(struct rmv_workspace **workspace)
{
    return rmv_workspace_open(".", cli_log(), workspace);
}

const struct rmv_error *cli_paths(const struct rmv_workspace *workspace, int argc, char **argv,
                                  struct rmv_strings *paths)
{
    for (int i = 0; i < argc; i++) {
        char *path;
        const struct rmv_error *err = rmv_workspace_path(workspace, argv[i], &path);
        if (err)
            return err;
        rmv_strings_take(paths, path);
    }
    return NULL;
}

void cli_print(const char *format, ...)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    va_list arguments;

    va_start(arguments, format);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    RMV_CLEANUP(rmv_str_free) char *plain = rmv_calloc((size_t)(size < 0 ? 0 : size) + 1, 1);
    va_start(arguments, format);
    vsnprintf(plain, (size_t)(size < 0 ? 0 : size) + 1, format, arguments);
    va_end(arguments);
    rmv_screen_append_safe(plain, true, &text);
    fwrite(text.data, 1, text.size, stdout);
}

/* Is it the control character DEL, or the first byte of one behind ASCII (in UTF-8 c2 80 to c2 9f),
 * which the writer of JSON leaves as they are? */
static bool is_control(const char *bytes)
{
    const unsigned char byte = (unsigned char)bytes[0], next = (unsigned char)bytes[1];
    return byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0);
}

/* In JSON, bytes that are not ASCII can only be in strings. */
void cli_print_json(const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_json_format(value, true, &text);
    const char *bytes = rmv_buf_string(&text), *end = bytes + text.size;
    for (const char *at = bytes; at < end; at++) {
        if (!is_control(at))
            continue;
        fwrite(bytes, 1, (size_t)(at - bytes), stdout);
        at += (unsigned char)*at == 0xc2;
        printf("\\u%04x", (unsigned)(unsigned char)*at);
        bytes = at + 1;
    }
    fwrite(bytes, 1, (size_t)(end - bytes), stdout);
}

char *cli_shown_path(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *typed = rmv_workspace_typed(workspace, path);
    return rmv_path_quote(typed);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

void cli_set_text(struct rmv_value *map, const char *key, const char *text)
{
    struct rmv_value *value = rmv_value_add(map, key);
    if (text)
        rmv_value_set_text(value, text);
}

void cli_set_path(struct rmv_value *map, const char *key, const char *path)
{
    if (rmv_path_is_utf8(path)) {
        cli_set_text(map, key, path);
        return;
    }
    RMV_CLEANUP(rmv_str_free) char *encoded = rmv_path_encode(path);
    RMV_CLEANUP(rmv_str_free) char *marked = rmv_str_format("%s-bytes", key);
    cli_set_text(map, marked, encoded);
}

static void set_paths(struct rmv_value *map, const char *key, const struct rmv_strings *paths,
                      bool is_utf8)
{
    struct rmv_value *list = NULL;
    for (size_t i = 0; i < paths->count; i++) {
        if (rmv_path_is_utf8(paths->items[i]) != is_utf8)
            continue;
        if (!list)
            list = rmv_value_add(map, key);
        RMV_CLEANUP(rmv_str_free) char *encoded = rmv_path_encode(paths->items[i]);
        rmv_value_set_text(rmv_value_append(list), is_utf8 ? paths->items[i] : encoded);
    }
    if (is_utf8 && !list)
        rmv_value_set_list(rmv_value_add(map, key));
}

void cli_set_paths(struct rmv_value *map, const char *key, const struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_str_free) char *marked = rmv_str_format("%s-bytes", key);
    set_paths(map, key, paths, true);
    set_paths(map, marked, paths, false);
}

void cli_set_int(struct rmv_value *map, const char *key, uint64_t number)
{
    rmv_value_set_int(rmv_value_add(map, key), (int64_t)number);
}

void cli_set_bool(struct rmv_value *map, const char *key, bool boolean)
{
    rmv_value_set_bool(rmv_value_add(map, key), boolean);
}

void cli_set_id(struct rmv_value *map, const char *key, const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    if (rmv_object_id_is_zero(id))
        return;
    rmv_object_id_to_hex(id, hex);
    cli_set_text(map, key, hex);
}

/* ---- Choosing ---------------------------------------------------------------------------------
 */

bool cli_is_chosen(const struct rmv_strings *paths, const char *path)
{
    for (size_t i = 0; i < paths->count; i++)
        if (rmv_path_is_in(path, paths->items[i]) || rmv_path_is_in(paths->items[i], path))
            return true;
    return paths->count == 0;
}

static bool is_any_tracked(const struct rmv_tracked *tracked, const char *path)
{
    for (size_t i = 0; i < tracked->outputs.count; i++)
        if (rmv_path_is_in(tracked->outputs.items[i].path, path))
            return true;
    return rmv_tracked_find(tracked, path) != NULL;
}

/* The data of the pointer file at `path`, or NULL if there is no such pointer. */
static const char *find_data_of(const struct rmv_tracked *tracked, const char *path)
{
    for (size_t i = 0; i < tracked->outputs.count; i++)
        if (*tracked->stages.items[i] == '\0' && strcmp(tracked->sources.items[i], path) == 0)
            return tracked->outputs.items[i].path;
    return NULL;
}

const struct rmv_error *cli_check_tracked(const struct rmv_workspace *workspace,
                                          const struct rmv_tracked *tracked,
                                          struct rmv_strings *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        const char *data = find_data_of(tracked, paths->items[i]);
        if (data) {
            rmv_str_free(&paths->items[i]);
            paths->items[i] = rmv_str_copy(data);
        }
        if (is_any_tracked(tracked, paths->items[i]))
            continue;
        RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(workspace, paths->items[i]);
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not tracked", shown),
                              "`rmv add` starts tracking it");
    }
    return NULL;
}

/* ---- Changes ----------------------------------------------------------------------------------
 */

const char *cli_change_name(enum rmv_change_kind kind)
{
    static const char *const names[] = {"added", "modified", "deleted", "renamed"};
    return names[kind];
}

static void change_to_value(const struct rmv_change *change, struct rmv_value *map)
{
    rmv_value_set_map(map);
    cli_set_path(map, "path", change->path);
    cli_set_text(map, "change", cli_change_name(change->kind));
    if (change->old_path)
        cli_set_path(map, "old_path", change->old_path);
    if (change->kind != RMV_CHANGE_ADDED) {
        cli_set_int(map, "old_size", change->old_size);
        cli_set_id(map, "old_id", &change->old_id);
    }
    if (change->kind != RMV_CHANGE_DELETED) {
        cli_set_int(map, "new_size", change->new_size);
        cli_set_id(map, "new_id", &change->new_id);
    }
}

void cli_changes_to_value(const struct rmv_changes *changes, struct rmv_value *list)
{
    rmv_value_set_list(list);
    for (size_t i = 0; i < changes->count; i++)
        change_to_value(&changes->items[i], rmv_value_append(list));
}

static void print_change(const struct rmv_workspace *workspace, const struct rmv_change *change,
                         const char *indent)
{
    RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, change->path);
    RMV_CLEANUP(rmv_str_free) char *old_size = rmv_str_format_size(change->old_size);
    RMV_CLEANUP(rmv_str_free) char *new_size = rmv_str_format_size(change->new_size);

    printf("%s%-8s  ", indent, cli_change_name(change->kind));
    switch (change->kind) {
    case RMV_CHANGE_ADDED:
        printf("%s  (%s)\n", path, new_size);
        break;
    case RMV_CHANGE_DELETED:
        printf("%s  (%s)\n", path, old_size);
        break;
    case RMV_CHANGE_MODIFIED:
        printf("%s  (%s → %s)\n", path, old_size, new_size);
        break;
    case RMV_CHANGE_RENAMED: {
        RMV_CLEANUP(rmv_str_free) char *old_path = cli_shown_path(workspace, change->old_path);
        printf("%s → %s  (%s)\n", old_path, path, new_size);
        break;
    }
    }
}

void cli_print_changes(const struct rmv_workspace *workspace, const struct rmv_changes *changes,
                       const char *indent)
{
    for (size_t i = 0; i < changes->count; i++)
        print_change(workspace, &changes->items[i], indent);
}

const struct rmv_error *cli_use_links(struct rmv_workspace *workspace, const char *text)
{
    struct rmv_link_types types;
    if (!text)
        return NULL;
    const struct rmv_error *err = rmv_link_types_parse(text, &types);
    if (err)
        return rmv_error_context(err, "--link");
    rmv_links_use(workspace, &types);
    return NULL;
}

char *cli_command_line(int argc, char **argv)
{
    struct rmv_buf line = {0};
    if (argc == 1)
        return rmv_str_copy(argv[0]);
    for (int i = 0; i < argc; i++) {
        rmv_buf_append_string(&line, i ? " " : "");
        rmv_process_quote(argv[i], &line);
    }
    return rmv_buf_take(&line);
}
