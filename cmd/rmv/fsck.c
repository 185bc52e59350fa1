#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/lineage/reach.h"
#include "rmv/shared.h"

#define NAMES_MAX 4 /* of revisions, in one line */
#define USES_MAX 10 /* paths for one problem, unless all are wanted */

static bool option_quick, option_json, option_all;

static const struct cli_option options[] = {
    {.name = "quick",
     .flag = &option_quick,
     .help = "check pointers, records, folders and that files are stored, but read no file"},
    {.name = "all",
     .letter = 'a',
     .flag = &option_all,
     .help = "name every path that damage touches"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static const char *const kind_names[] = {"missing", "damaged", "unreadable", "store"};

/* ---- For people ------------------------------------------------------------------------------
 */

/* "data/raw/a.csv: in the workspace, at HEAD, v1.2 (3 revisions, the last 0123456789)" */
static void print_use(const struct rmv_workspace *workspace, const struct rmv_reach_use *use)
{
    RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(workspace, use->path);
    const char *separator = "";

    printf("    %s: ", shown);
    if (use->in_workspace) {
        fputs("in the workspace", stdout);
        separator = ", ";
    }
    for (size_t i = 0; i < use->names.count && i < NAMES_MAX; i++) {
        RMV_CLEANUP(rmv_str_free) char *name = rmv_path_quote(use->names.items[i]);
        printf("%s%s%s", separator, i == 0 ? "at " : "", name);
        separator = ", ";
    }
    if (use->names.count > NAMES_MAX)
        printf(" and %zu more", use->names.count - NAMES_MAX);
    if (use->revisions_count > 0)
        printf("%s%zu revision%s (last %.10s)", separator, use->revisions_count,
               use->revisions_count == 1 ? "" : "s", use->revision);
    puts("");
}

static void print_problem(const struct rmv_workspace *workspace,
                          const struct rmv_reach_problem *problem)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&problem->id, hex);
    if (problem->kind == RMV_REACH_STORE || problem->kind == RMV_REACH_UNREADABLE)
        printf("%s", problem->kind == RMV_REACH_STORE ? "store" : "unreadable");
    else
        printf("%s %s", kind_names[problem->kind], problem->what);
    if (!rmv_object_id_is_zero(&problem->id))
        printf(" %s", hex);
    if (problem->pack)
        printf(" in pack %s", problem->pack);
    if (problem->message)
        printf(": %s", problem->message);
    puts("");
    for (size_t i = 0; i < problem->uses_count; i++) {
        if (i == USES_MAX && !option_all) {
            printf("    and %zu more paths (--all names them)\n", problem->uses_count - i);
            break;
        }
        print_use(workspace, &problem->uses[i]);
    }
}

static void print_report(const struct rmv_workspace *workspace, const struct rmv_store_fsck *store,
                         const struct rmv_reach *reach)
{
    RMV_CLEANUP(rmv_str_free) char *size = rmv_str_format_size(store->bytes);

    for (size_t i = 0; i < reach->problems_count; i++)
        print_problem(workspace, &reach->problems[i]);
    if (!option_quick)
        printf("store: %" PRIu64 " object%s in %" PRIu64 " pack%s, %s hashed\n", store->objects,
               store->objects == 1 ? "" : "s", store->packs, store->packs == 1 ? "" : "s", size);
    printf("in use: %" PRIu64 " object%s, by %" PRIu64 " dataset%s and %" PRIu64
           " committed version%s of pointer and lock files\n",
           reach->objects_count, reach->objects_count == 1 ? "" : "s", reach->outputs_count,
           reach->outputs_count == 1 ? "" : "s", reach->versions_count,
           reach->versions_count == 1 ? "" : "s");
}

/* ---- For programs ----------------------------------------------------------------------------
 */

static void add_use(const struct rmv_reach_use *use, struct rmv_value *list)
{
    struct rmv_value *map = rmv_value_append(list);

    cli_set_path(map, "path", use->path);
    cli_set_bool(map, "workspace", use->in_workspace);
    struct rmv_value *names = rmv_value_add(map, "names");
    rmv_value_set_list(names);
    for (size_t i = 0; i < use->names.count; i++)
        rmv_value_set_text(rmv_value_append(names), use->names.items[i]);
    cli_set_int(map, "revisions", use->revisions_count);
    cli_set_text(map, "last_revision", use->revision);
}

static void add_problem(const struct rmv_reach_problem *problem, struct rmv_value *list)
{
    struct rmv_value *map = rmv_value_append(list);

    cli_set_text(map, "kind", kind_names[problem->kind]);
    cli_set_text(map, "what", problem->what);
    if (rmv_object_id_is_zero(&problem->id))
        rmv_value_add(map, "id");
    else
        cli_set_id(map, "id", &problem->id);
    cli_set_text(map, "pack", problem->pack);
    cli_set_text(map, "message", problem->message);
    struct rmv_value *uses = rmv_value_add(map, "uses");
    rmv_value_set_list(uses);
    for (size_t i = 0; i < problem->uses_count; i++)
        add_use(&problem->uses[i], uses);
}

static void print_json(const struct rmv_store_fsck *store, const struct rmv_reach *reach)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};

    cli_set_int(&document, "version", 1);
    cli_set_bool(&document, "clean", reach->problems_count == 0);
    cli_set_bool(&document, "quick", option_quick);
    cli_set_int(&document, "packs", store->packs);
    cli_set_int(&document, "objects", store->objects);
    cli_set_int(&document, "bytes", store->bytes);
    cli_set_int(&document, "objects_in_use", reach->objects_count);
    cli_set_int(&document, "versions", reach->versions_count);
    struct rmv_value *problems = rmv_value_add(&document, "problems");
    rmv_value_set_list(problems);
    for (size_t i = 0; i < reach->problems_count; i++)
        add_problem(&reach->problems[i], problems);
    cli_print_json(&document);
}

static const struct rmv_error *check_store(struct rmv_workspace *workspace,
                                           struct rmv_store_fsck *store)
{
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    if (option_quick)
        return NULL;
    if (!cli_quiet)
        rmv_progress_open(STDERR_FILENO, "checking", &progress);
    return rmv_store_fsck(workspace->store, progress, store);
}

static const struct rmv_error *fsck(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_store_fsck_free) struct rmv_store_fsck store = {0};
    RMV_CLEANUP(rmv_reach_free) struct rmv_reach reach = {0};

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'%s' is too much: fsck checks all there is", argv[0]);
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = check_store(workspace, &store);
    if (!err)
        err = rmv_reach_check(workspace, option_quick ? NULL : &store, &reach);
    if (err)
        return err;
    if (option_json)
        print_json(&store, &reach);
    else if (!cli_quiet || reach.problems_count > 0)
        print_report(workspace, &store, &reach);
    if (reach.problems_count == 0)
        return NULL;
    return rmv_error(RMV_ERR_FAILED, "%zu problem%s found", reach.problems_count,
                     reach.problems_count == 1 ? "" : "s");
}

const struct cli_command rmv_command_fsck = {
    .name = "fsck",
    .arguments = "",
    .summary = "check that everything in the store is sound and nothing is missing",
    .help =
        "Reads every pack of the store and hashes every object again; then follows all pointer\n"
        "files, lock files and records, of the workspace and of every Git revision, and checks\n"
        "that each object they lead to is there. Objects that nothing leads to are fine, and so\n"
        "is what an interrupted command left behind.\n"
        "\n"
        "For each damaged or missing object, the paths it belongs to are named, with where they\n"
        "are that way: in the workspace, at HEAD, branches and tags, and in how many committed\n"
        "versions.\n"
        "\n"
        "Nothing is changed, but what is damaged is written down: where the data is still there,\n"
        "`rmv add` of it stores it again, and the store is sound. Damage of which another pack "
        "has\n"
        "an intact copy is only warned of.\n"
        "\n"
        "The exit status is 0 if all is well and 1 if there is damage.",
    .examples = "rmv fsck            # everything, at hashing speed\n"
                "rmv fsck --quick    # is anything missing? Reads no file\n"
                "rmv fsck --json     # for programs",
    .options = options,
    .run = fsck,
};
