#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/ignore.h"
#include "rmv/shared.h"

static bool option_details, option_non_matching, option_json;

static const struct cli_option options[] = {
    {.name = "details",
     .letter = 'd',
     .flag = &option_details,
     .help = "print the line that decides, as FILE:LINE:PATTERN, before each path (as does -v)"},
    {.name = "non-matching",
     .letter = 'n',
     .flag = &option_non_matching,
     .help = "print paths that no line matches too, with nothing before them"},
    {.name = "json", .flag = &option_json, .help = "print a list of JSON"},
    {0},
};

static void print_json(const char *path, const struct rmv_ignore_verdict *verdict,
                       struct rmv_value *list)
{
    struct rmv_value *map = rmv_value_append(list);
    cli_set_path(map, "path", path);
    cli_set_bool(map, "ignored", verdict->is_ignored);
    if (!verdict->rule)
        return;
    cli_set_path(map, "source", verdict->rule->file);
    cli_set_int(map, "line", verdict->rule->line);
    cli_set_path(map, "pattern", verdict->rule->text);
}

/* With details, a line that takes the path in again is told too, as Git does. */
static void print(const char *typed, const struct rmv_ignore_verdict *verdict)
{
    const struct rmv_ignore_rule *rule = verdict->rule;
    const bool has_details = option_details || cli_verbose;
    RMV_CLEANUP(rmv_str_free) char *shown = rmv_path_quote(typed);

    if (!has_details && (verdict->is_ignored || option_non_matching)) {
        puts(shown);
    } else if (has_details && rule) {
        RMV_CLEANUP(rmv_str_free) char *file = rmv_path_quote(rule->file);
        RMV_CLEANUP(rmv_str_free) char *text = rmv_path_quote(rule->text);
        printf("%s:%lu:%s\t%s\n", file, rule->line, text, shown);
    } else if (has_details && option_non_matching) {
        printf("::\t%s\n", shown);
    }
}

/* A slash at the end says that a path, which need not exist, is a folder. */
static const struct rmv_error *check(struct rmv_workspace *workspace, const char *typed,
                                     struct rmv_ignore_verdict *verdict, struct rmv_value *list)
{
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    const struct rmv_error *err = rmv_workspace_path(workspace, typed, &path);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free)
    char *asked = rmv_str_format("%s%s", path, rmv_path_has_suffix(typed, "/") ? "/" : "");
    err = rmv_ignore_check(workspace, asked, verdict);
    if (err)
        return err;
    const bool is_told = verdict->is_ignored || option_non_matching;
    if (option_json && (is_told || verdict->rule))
        print_json(path, verdict, list);
    else if (!option_json && !cli_quiet)
        print(typed, verdict);
    return NULL;
}

static const struct rmv_error *check_ignore(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    bool is_any = false;

    if (argc == 0)
        return rmv_error(RMV_ERR_USAGE, "which paths are to be checked?");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    rmv_value_set_list(&list);
    for (int i = 0; !err && i < argc; i++) {
        RMV_CLEANUP(rmv_ignore_verdict_free) struct rmv_ignore_verdict verdict = {0};
        err = check(workspace, argv[i], &verdict, &list);
        is_any = is_any || verdict.is_ignored;
    }
    if (err)
        return err;
    if (option_json)
        cli_print_json(&list);
    return is_any ? NULL : rmv_error(RMV_ERR_FAILED, "%s", "");
}

const struct cli_command rmv_command_check_ignore = {
    .name = "check-ignore",
    .arguments = "PATH...",
    .summary = "say which paths .rmvignore leaves out, and why",
    .help =
        "Prints each PATH that is ignored. The exit status is 0 if any is, 1 if none is.\n"
        "\n"
        "A file .rmvignore, in any folder of the workspace, says which files and folders in and\n"
        "below that folder do not count: `rmv add` refuses them, or leaves them out of the folder\n"
        "that is added; status, diff and dependencies of stages do not see them; checkout leaves\n"
        "them where they are, with -f too. A path that is tracked itself always counts, and so do\n"
        "pointer files.\n"
        "\n"
        "The syntax is that of .gitignore: a pattern per line, `#` starts a comment; `*`, `?` and\n"
        "`[a-z]` within a name, `**` for any number of folders; with a slash at the start or in "
        "the\n"
        "middle it counts from the file's folder on, otherwise for names at any depth; a slash at\n"
        "the end is for folders only; a `!` before it takes in again, unless a folder around is\n"
        "left out; a backslash takes away what the next character means. The last line that\n"
        "matches decides, those of inner folders coming last.\n"
        "\n"
        "A PATH need not exist; with a slash at its end it is taken for a folder. With -d or -v\n"
        "lines that take in again are printed as well.",
    .examples = "rmv check-ignore data/raw/.DS_Store\n"
                "rmv check-ignore -v data/raw/*  # with the lines that say so\n",
    .options = options,
    .run = check_ignore,
};
