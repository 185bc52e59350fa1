#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/fsck.h"
#include "rmv/shared.h"

#define NAMES_MAX 4 /* of revisions, in one line */
#define USES_MAX 10 /* paths for one problem, unless all are wanted */

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
                          const struct rmv_reach_problem *problem, bool all)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&problem->id, hex);
    if (problem->kind == RMV_REACH_STORE || problem->kind == RMV_REACH_UNREADABLE)
        printf("%s", problem->kind == RMV_REACH_STORE ? "store" : "unreadable");
    else
        cli_print("%s %s", kind_names[problem->kind], problem->what);
    if (!rmv_object_id_is_zero(&problem->id))
        printf(" %s", hex);
    if (problem->pack)
        cli_print(" in pack %s", problem->pack);
    if (problem->message)
        cli_print(": %s", problem->message);
    puts("");
    for (size_t i = 0; i < problem->uses_count; i++) {
        if (i == USES_MAX && !all) {
            printf("    and %zu more paths (--all names them)\n", problem->uses_count - i);
            break;
        }
        print_use(workspace, &problem->uses[i]);
    }
}

/* Is the same thing wrong in both checks? */
static bool has_problem(const struct rmv_reach *reach, const struct rmv_reach_problem *problem)
{
    for (size_t i = 0; i < reach->problems_count; i++) {
        const struct rmv_reach_problem *other = &reach->problems[i];
        const bool is_object = !rmv_object_id_is_zero(&problem->id);
        if (!rmv_object_id_equal(&other->id, &problem->id))
            continue;
        if (is_object ||
            (other->message && problem->message && strcmp(other->message, problem->message) == 0))
            return true;
    }
    return false;
}

static void print_repaired(const struct rmv_workspace *workspace, const struct fsck_result *result,
                           bool all)
{
    const struct rmv_store_repair *repair = &result->repair.store;
    for (size_t i = 0; i < result->before.problems_count; i++)
        if (!has_problem(&result->reach, &result->before.problems[i])) {
            fputs("repaired: ", stdout);
            print_problem(workspace, &result->before.problems[i], all);
        }
    printf("repair: %" PRIu64 " object%s stored again from the workspace, %" PRIu64
           " moved out of damaged packs; %" PRIu64 " pack%s removed, %" PRIu64
           " set aside in torn/, %" PRIu64 " kept for what is only there; %" PRIu64
           " leftover%s cleared\n",
           result->repair.mended, result->repair.mended == 1 ? "" : "s", repair->objects_moved,
           repair->packs_removed, repair->packs_removed == 1 ? "" : "s", repair->packs_set_aside,
           repair->packs_kept, repair->leftovers, repair->leftovers == 1 ? "" : "s");
    if (repair->loose_mended > 0)
        printf("repaired: %" PRIu64 " file%s of loose objects made anew\n", repair->loose_mended,
               repair->loose_mended == 1 ? "" : "s");
}

/* What a person can do about what is left. */
static void print_advice(const struct fsck_result *result)
{
    bool has_data = false;
    bool has_record = false;
    bool has_source = false;
    bool has_store = false;
    for (size_t i = 0; i < result->reach.problems_count; i++) {
        const struct rmv_reach_problem *problem = &result->reach.problems[i];
        if (problem->is_accepted)
            continue;
        const bool is_object =
            problem->kind == RMV_REACH_MISSING || problem->kind == RMV_REACH_DAMAGED;
        const bool is_record = is_object && strcmp(problem->what, "record") == 0;
        has_record = has_record || is_record;
        has_data = has_data || (is_object && !is_record);
        has_source = has_source || problem->kind == RMV_REACH_UNREADABLE;
        has_store = has_store || problem->kind == RMV_REACH_STORE;
    }
    if (has_data && !result->was_repaired)
        puts("`rmv fsck --repair` stores again what the workspace still has");
    if (has_data)
        puts("where a copy of the data is elsewhere: put it at its path and `rmv add` it, or, for "
             "an "
             "older\nversion, check that out and do the same; other stores are not asked");
    if (has_record)
        puts(
            "a record cannot be made again: `rmv add` or `rmv repro --force` of its output makes a "
            "new one;\n`rmv fsck --accept-loss` no longer counts what is lost");
    if (has_store && result->was_repaired)
        puts("what nothing leads to goes with `rmv gc --grace 0`, damaged or not");
    if (has_source)
        puts("a pointer or lock file that cannot be read: take it back from Git, or add the data "
             "again");
}

/* Of what was accepted as lost, only if that is news. */
static void print_problems(const struct rmv_workspace *workspace, const struct fsck_result *result,
                           bool all)
{
    for (size_t i = 0; i < result->reach.problems_count; i++) {
        const struct rmv_reach_problem *problem = &result->reach.problems[i];
        if (!problem->is_accepted || result->has_accepted || all)
            print_problem(workspace, problem, all);
    }
}

static void print_accepted(const struct fsck_result *result, bool all)
{
    const size_t count = result->reach.accepted_count;
    if (count > 0)
        printf("lost, and accepted as such: %zu object%s%s\n", count, count == 1 ? "" : "s",
               all || result->has_accepted ? "" : " (--all names them)");
}

void fsck_print_report(const struct rmv_workspace *workspace, const struct fsck_result *result,
                       bool all)
{
    const struct rmv_store_fsck *store = &result->store;
    const struct rmv_reach *reach = &result->reach;
    RMV_CLEANUP(rmv_str_free) char *size = rmv_str_format_size(store->bytes);

    if (result->was_repaired)
        print_repaired(workspace, result, all);
    print_problems(workspace, result, all);
    if (!result->is_quick)
        printf("store: %" PRIu64 " object%s in %" PRIu64 " pack%s%s, %s hashed\n", store->objects,
               store->objects == 1 ? "" : "s", store->packs, store->packs == 1 ? "" : "s",
               store->loose > 0 ? " and loose" : "", size);
    if (result->percent > 0)
        printf("sample: %" PRIu64 " of %" PRIu64 " frames; `rmv fsck --sample %g --seed %" PRIu64
               "` checks the same ones\n",
               store->frames_read, store->frames, result->percent, result->seed);
    printf("in use: %" PRIu64 " object%s, by %" PRIu64 " dataset%s and %" PRIu64
           " committed version%s of pointer and lock files\n",
           reach->objects_count, reach->objects_count == 1 ? "" : "s", reach->outputs_count,
           reach->outputs_count == 1 ? "" : "s", reach->versions_count,
           reach->versions_count == 1 ? "" : "s");
    print_accepted(result, all);
    print_advice(result);
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
    cli_set_bool(map, "accepted", problem->is_accepted);
    struct rmv_value *uses = rmv_value_add(map, "uses");
    rmv_value_set_list(uses);
    for (size_t i = 0; i < problem->uses_count; i++)
        add_use(&problem->uses[i], uses);
}

static void add_repair(const struct fsck_result *result, struct rmv_value *document)
{
    const struct rmv_store_repair *repair = &result->repair.store;
    struct rmv_value *map = rmv_value_add(document, "repair");

    cli_set_int(map, "objects_stored_again", result->repair.mended);
    cli_set_int(map, "objects_moved", repair->objects_moved);
    cli_set_int(map, "packs_removed", repair->packs_removed);
    cli_set_int(map, "packs_set_aside", repair->packs_set_aside);
    cli_set_int(map, "packs_kept", repair->packs_kept);
    cli_set_int(map, "loose_mended", repair->loose_mended);
    cli_set_int(map, "leftovers", repair->leftovers);
    struct rmv_value *repaired = rmv_value_add(map, "repaired");
    rmv_value_set_list(repaired);
    for (size_t i = 0; i < result->before.problems_count; i++)
        if (!has_problem(&result->reach, &result->before.problems[i]))
            add_problem(&result->before.problems[i], repaired);
}

static void add_sample(const struct fsck_result *result, struct rmv_value *document)
{
    struct rmv_value *map = rmv_value_add(document, "sample");
    rmv_value_set_double(rmv_value_add(map, "percent"), result->percent);
    cli_set_int(map, "seed", result->seed);
    cli_set_int(map, "frames", result->store.frames);
    cli_set_int(map, "frames_read", result->store.frames_read);
}

void fsck_print_json(const struct fsck_result *result)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    const struct rmv_store_fsck *store = &result->store;
    const struct rmv_reach *reach = &result->reach;

    cli_set_int(&document, "version", 1);
    cli_set_bool(&document, "clean", reach->problems_count == reach->accepted_count);
    cli_set_bool(&document, "quick", result->is_quick);
    cli_set_int(&document, "packs", store->packs);
    cli_set_int(&document, "objects", store->objects);
    cli_set_int(&document, "bytes", store->bytes);
    cli_set_int(&document, "objects_in_use", reach->objects_count);
    cli_set_int(&document, "versions", reach->versions_count);
    if (result->percent > 0)
        add_sample(result, &document);
    if (result->was_repaired)
        add_repair(result, &document);
    struct rmv_value *problems = rmv_value_add(&document, "problems");
    rmv_value_set_list(problems);
    for (size_t i = 0; i < reach->problems_count; i++)
        add_problem(&reach->problems[i], problems);
    cli_print_json(&document);
}
