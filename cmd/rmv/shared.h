/* What several commands of rmv do the same way. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/workspace.h"

/* Opens the workspace that the program was started in. */
RMV_MUST_CHECK
const struct rmv_error *cli_open_workspace(struct rmv_workspace **workspace);

/* Turns the arguments into paths relative to the workspace. */
RMV_MUST_CHECK
const struct rmv_error *cli_paths(const struct rmv_workspace *workspace, int argc, char **argv,
                                  struct rmv_strings *paths);

/* Uses these types of links instead of cache.type; NULL for that. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *cli_use_links(struct rmv_workspace *workspace, const char *types);

/* Prints to standard output such that nothing in what `format` puts in can steer a terminal, now or
 * when a file with it is looked at: control characters become "\\033" and the like, as in
 * rmv_screen_append_safe(); line feeds and tabs stay. */
void cli_print(const char *format, ...) RMV_PRINTF(1, 2);

/* Prints a document, indented. Control characters in it are escapes of JSON, all of them. */
void cli_print_json(const struct rmv_value *value);

/* A path of the workspace as the user would type it, quoted where it needs to be; the caller frees
 * it. */
char *cli_shown_path(const struct rmv_workspace *workspace, const char *path);

/* A line for the shell; the caller frees it. One argument is the line as it is; several, a command
 * and its arguments, are quoted where the shell would split them. */
char *cli_command_line(int argc, char **argv);

/* Members of a JSON object; no text is null. */
void cli_set_text(struct rmv_value *map, const char *key, const char *text);
/* The member KEY, or "KEY-bytes" with all but plain ASCII as %XX where the path is not UTF-8. */
void cli_set_path(struct rmv_value *map, const char *key, const char *path);
/* The same for a list: paths that are not UTF-8 are in a second one, which is only there then. */
void cli_set_paths(struct rmv_value *map, const char *key, const struct rmv_strings *paths);
void cli_set_int(struct rmv_value *map, const char *key, uint64_t number);
void cli_set_bool(struct rmv_value *map, const char *key, bool boolean);
void cli_set_id(struct rmv_value *map, const char *key, const struct rmv_object_id *id);

/* Is `path` one of `paths`, or inside or around one? Without paths, every path is. */
bool cli_is_chosen(const struct rmv_strings *paths, const char *path);

/* Refuses paths with nothing tracked at, in or around them. A pointer file stands for its data, by
 * whose path it is replaced. Errors: NOT_FOUND. */
RMV_MUST_CHECK
const struct rmv_error *cli_check_tracked(const struct rmv_workspace *workspace,
                                          const struct rmv_tracked *tracked,
                                          struct rmv_strings *paths);

/* "added", "modified", "deleted", "renamed". */
const char *cli_change_name(enum rmv_change_kind kind);

/* A list of changes as JSON, and as lines "modified  data/raw/a.csv  (10 B → 20 B)". */
void cli_changes_to_value(const struct rmv_changes *changes, struct rmv_value *list);
void cli_print_changes(const struct rmv_workspace *workspace, const struct rmv_changes *changes,
                       const char *indent);
