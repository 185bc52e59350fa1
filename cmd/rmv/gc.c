#include "rmv/pipeline/gc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/commands.h"
#include "rmv/shared.h"

#define SECOND_NS ((int64_t)1000000000)

static bool option_dry_run, option_json, option_workspace, option_force, option_repack;
static bool option_branches, option_tags, option_experiments, option_commits, option_not_in_remote;
static const char *option_grace, *option_date;
static struct rmv_strings option_revisions, option_projects;
static int64_t option_count;

static const struct cli_option options[] = {
    {.name = "dry-run", .letter = 'n', .flag = &option_dry_run, .help = "only say what would go"},
    {.name = "grace",
     .text = &option_grace,
     .argument = "TIME",
     .help = "spare packs written less long ago: 14d (the default), 2h, 30m, 10s, 0"},
    {.name = "workspace",
     .letter = 'w',
     .flag = &option_workspace,
     .help = "keep only what files in the work trees and the run cache lead to, no older revision"},
    {.name = "all-branches",
     .letter = 'a',
     .flag = &option_branches,
     .help = "keep that and the last commit of every branch, remote ones included"},
    {.name = "all-tags",
     .letter = 'T',
     .flag = &option_tags,
     .help = "keep that and every tagged commit"},
    {.name = "all-experiments",
     .flag = &option_experiments,
     .help = "keep that and every experiment"},
    {.name = "all-commits",
     .letter = 'A',
     .flag = &option_commits,
     .help = "keep that and every commit of branches, tags and other references"},
    {.name = "rev",
     .list = &option_revisions,
     .argument = "REV",
     .help = "keep that and this revision; may be given again"},
    {.name = "num",
     .number = &option_count,
     .argument = "N",
     .help = "keep that and the last N commits up to each REV, or to HEAD"},
    {.name = "date",
     .text = &option_date,
     .argument = "YYYY-MM-DD",
     .help = "keep that and every commit since then, UTC"},
    {.name = "projects",
     .letter = 'p',
     .list = &option_projects,
     .argument = "FOLDER",
     .help = "keep all that this project needs, too; may be given again"},
    {.name = "not-in-remote",
     .flag = &option_not_in_remote,
     .help = "refused: there are no remotes yet"},
    {.name = "repack",
     .flag = &option_repack,
     .help = "write packs anew even where little of them goes"},
    {.name = "force", .flag = &option_force, .help = "go on where not everything can be known"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* "14d" → nanoseconds; a bare number only if it is 0. */
static const struct rmv_error *parse_grace(const char *text, int64_t *grace_ns)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
    char *end = NULL;

    const long number = strtol(text, &end, 10);
    const bool is_number = end != text && *text >= '0' && *text <= '9' && number <= 36500;
    if (is_number && number == 0 && *end == '\0') {
        *grace_ns = 0;
        return NULL;
    }
    for (size_t i = 0; is_number && i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].unit) == 0) {
            *grace_ns = number * units[i].seconds * SECOND_NS;
            return NULL;
        }
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is not a time", text),
                          "a number up to 36500 and a unit: 14d, 2h, 30m, 10s; or 0");
}

/* Any of them leaves out the history that is not named. */
static bool is_scoped(void)
{
    return option_workspace || option_branches || option_tags || option_experiments ||
           option_commits || option_revisions.count > 0 || option_count != 0 || option_date;
}

static const struct rmv_error *read_scope(struct rmv_vcs_scope *scope)
{
    int64_t days = 0;
    if (option_not_in_remote)
        return rmv_error_hint(
            rmv_error(RMV_ERR_UNSUPPORTED, "--not-in-remote: there are no remotes yet"),
            "nothing was removed; without it, gc keeps what is in use here");
    if (option_count < 0)
        return rmv_error(RMV_ERR_USAGE, "--num %" PRId64 " is not a number of commits",
                         option_count);
    if (option_date && !rmv_time_parse_date(option_date, &days))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is not a date", option_date),
                              "the form is 2026-01-31");
    if (option_count > 0 && option_revisions.count == 0)
        rmv_strings_add(&option_revisions, "HEAD");
    *scope = (struct rmv_vcs_scope){
        .branches = option_branches,
        .tags = option_tags,
        .experiments = option_experiments,
        .commits = option_commits,
        .has_since = option_date != NULL,
        .since = days * 86400,
        .revisions = &option_revisions,
        .revisions_count = (size_t)option_count,
    };
    return NULL;
}

static void print_report(const struct rmv_gc_report *report)
{
    const struct rmv_store_gc_report *store = &report->store;
    const char *would = option_dry_run ? "would be " : "";
    RMV_CLEANUP(rmv_str_free) char *freed = rmv_str_format_size(store->bytes_freed);
    RMV_CLEANUP(rmv_str_free) char *kept = rmv_str_format_size(store->bytes_kept);

    for (size_t i = 0; i < report->unknown.count; i++)
        cli_print("passed over: %s\n", report->unknown.items[i]);
    printf("%sfreed: %" PRIu64 " objects, %s; %" PRIu64 " pack%s removed, %" PRIu64
           " written anew\n",
           would, store->objects_freed, freed, store->packs_removed,
           store->packs_removed == 1 ? "" : "s", store->packs_rewritten);
    if (store->packs_merged > 0)
        printf("%smerged: %" PRIu64 " small packs\n", would, store->packs_merged);
    printf("%skept: %" PRIu64 " objects, %s; %" PRIu64 " pack%s, %" PRIu64
           " of them younger than the grace period\n",
           would, store->objects_kept, kept, store->packs_kept + store->packs_rewritten,
           store->packs_kept + store->packs_rewritten == 1 ? "" : "s", store->packs_young);
    if (store->loose_removed + store->loose_kept > 0)
        printf("of these loose: %" PRIu64 " %sfreed, %" PRIu64 " kept\n", store->loose_removed,
               would, store->loose_kept);
}

static void print_json(const struct rmv_gc_report *report)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    const struct rmv_store_gc_report *store = &report->store;

    cli_set_int(&document, "version", 1);
    cli_set_bool(&document, "dry_run", option_dry_run);
    cli_set_int(&document, "packs_removed", store->packs_removed);
    cli_set_int(&document, "packs_rewritten", store->packs_rewritten);
    cli_set_int(&document, "packs_merged", store->packs_merged);
    cli_set_int(&document, "packs_kept", store->packs_kept);
    cli_set_int(&document, "packs_young", store->packs_young);
    cli_set_int(&document, "loose_removed", store->loose_removed);
    cli_set_int(&document, "loose_kept", store->loose_kept);
    cli_set_int(&document, "objects_freed", store->objects_freed);
    cli_set_int(&document, "objects_kept", store->objects_kept);
    cli_set_int(&document, "bytes_freed", store->bytes_freed);
    cli_set_int(&document, "bytes_kept", store->bytes_kept);
    struct rmv_value *unknown = rmv_value_add(&document, "unknown");
    rmv_value_set_list(unknown);
    for (size_t i = 0; i < report->unknown.count; i++)
        rmv_value_set_text(rmv_value_append(unknown), report->unknown.items[i]);
    cli_print_json(&document);
}

static const struct rmv_error *gc(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_gc_report_free) struct rmv_gc_report report = {0};
    struct rmv_gc_options chosen = {
        .grace_ns = RMV_STORE_GRACE_NS,
        .dry_run = option_dry_run,
        .repack = option_repack,
        .force = option_force,
        .projects = &option_projects,
    };
    struct rmv_vcs_scope scope;

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'%s' is too much: gc works on the whole store", argv[0]);
    const struct rmv_error *err = read_scope(&scope);
    if (!err && option_grace)
        err = parse_grace(option_grace, &chosen.grace_ns);
    if (is_scoped())
        chosen.scope = &scope;
    if (!err)
        err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_gc(workspace, &chosen, &report);
    if (err)
        return err;
    if (option_json)
        print_json(&report);
    else if (!cli_quiet)
        print_report(&report);
    return NULL;
}

const struct cli_command rmv_command_gc = {
    .name = "gc",
    .arguments = "",
    .summary = "remove from the store what nothing leads to any more",
    .help =
        "Keeps everything that pointer files, lock files and records lead to: those of every\n"
        "revision that Git keeps (branches, tags, remote branches, stashes, experiments, reflogs,\n"
        "the index), and those in all work trees of the repository as they are now, committed or\n"
        "not. Runs of the run cache are kept for 90 days. Whatever was stored less than 14 days\n"
        "ago stays too; --grace says otherwise. The rest goes: packs with nothing in use are\n"
        "removed, and packs of which more than half, and more than 1 MiB, goes are written anew.\n"
        "Where eight or more small packs have gathered, they are put together; what was stored as "
        "a\n"
        "difference from an older version keeps what it needs of that.\n"
        "\n"
        "With --workspace, older revisions count for nothing: `rmv checkout` of them will fail.\n"
        "The options from --all-branches to --date keep what --workspace does and part of the\n"
        "history; several together keep all that any of them does. None of them keeps what only\n"
        "reflogs or the index lead to. --dry-run says what would go.\n"
        "\n"
        "Where it cannot be known what is in use, nothing is removed and the reason is printed: a\n"
        "shallow clone, a missing Git object or linked worktree, a pointer or lock file that\n"
        "cannot be read, a folder that is missing in the store. --force goes on without it.\n"
        "\n"
        "A store that several projects share through cache.dir knows its users, and what any of\n"
        "them needs is kept, all of its history included. One that cannot be looked at stops gc\n"
        "like anything else that cannot be known.\n"
        "\n"
        "Writers are kept out while packs go, and gc waits a minute for those at work. It can be\n"
        "killed at any moment: whoever writes next finishes the removal.\n"
        "\n"
        "The exit status is 0 if all went well, also if there was nothing to do.",
    .examples = "rmv gc --dry-run    # what would go?\n"
                "rmv gc              # what is older than 14 days and not in use\n"
                "rmv gc --grace 0    # also what was stored a moment ago\n"
                "rmv gc -n --all-branches --all-tags    # what would go if only these counted?\n"
                "rmv gc --num 3    # what files and the last three commits of HEAD lead to",
    .options = options,
    .run = gc,
};
