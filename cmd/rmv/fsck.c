#include "rmv/fsck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/commands.h"
#include "rmv/shared.h"

static bool option_quick, option_json, option_all, option_repair, option_accept;
static const char *option_sample, *option_seed;

static const struct cli_option options[] = {
    {.name = "repair",
     .flag = &option_repair,
     .help = "repair what the workspace and the store have what it takes for"},
    {.name = "accept-loss",
     .flag = &option_accept,
     .help = "from now on, do not count what is lost, after repair if there is one"},
    {.name = "sample",
     .text = &option_sample,
     .argument = "PERCENT",
     .help = "read only so much of the store, chosen at random: 5, 5% or 0.5"},
    {.name = "seed",
     .text = &option_seed,
     .argument = "N",
     .help = "choose the same sample again: the number that the last one printed"},
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

static void result_free(struct fsck_result *result)
{
    rmv_store_fsck_free(&result->store);
    rmv_reach_free(&result->reach);
    rmv_reach_free(&result->before);
}

static const struct rmv_error *parse_sample(struct fsck_result *result)
{
    char *end = NULL;
    const double percent = strtod(option_sample, &end);
    if (*end == '%')
        end++;
    if (end == option_sample || *end != '\0' || !(percent > 0 && percent <= 100))
        return rmv_error(RMV_ERR_USAGE, "--sample needs a share above 0 and up to 100, not '%s'",
                         option_sample);
    result->percent = percent;
    return NULL;
}

static const struct rmv_error *parse_seed(struct fsck_result *result)
{
    if (!option_seed) {
        uint32_t random = 0;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            random = (uint32_t)rmv_time_now_ns();
        result->seed = random;
        return NULL;
    }
    char *end = NULL;
    errno = 0;
    result->seed = strtoull(option_seed, &end, 10);
    if (errno || end == option_seed || *end != '\0' || *option_seed == '-')
        return rmv_error(RMV_ERR_USAGE, "--seed needs a whole number, not '%s'", option_seed);
    return NULL;
}

static const struct rmv_error *parse_options(struct fsck_result *result)
{
    result->is_quick = option_quick;
    if (option_repair && (option_quick || option_sample))
        return rmv_error(RMV_ERR_USAGE, "--repair needs the whole check, not --%s",
                         option_quick ? "quick" : "sample");
    if (option_accept && (option_quick || option_sample))
        return rmv_error(RMV_ERR_USAGE, "--accept-loss needs the whole check, not --%s",
                         option_quick ? "quick" : "sample");
    if (option_quick && option_sample)
        return rmv_error(RMV_ERR_USAGE, "--quick reads nothing, so there is no sample of it");
    if (option_seed && !option_sample)
        return rmv_error(RMV_ERR_USAGE, "--seed belongs to --sample");
    const struct rmv_error *err = option_sample ? parse_sample(result) : NULL;
    return err || !option_sample ? err : parse_seed(result);
}

static const struct rmv_error *check_store(struct rmv_workspace *workspace,
                                           struct fsck_result *result)
{
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    if (result->is_quick)
        return NULL;
    if (!cli_quiet)
        rmv_progress_open(STDERR_FILENO, "checking", &progress);
    const struct rmv_store_fsck_options chosen = {
        .progress = progress, .percent = result->percent, .seed = result->seed};
    return rmv_store_fsck(workspace->store, &chosen, &result->store);
}

static const struct rmv_error *check(struct rmv_workspace *workspace, struct fsck_result *result)
{
    const struct rmv_error *err = check_store(workspace, result);
    if (err)
        return err;
    return rmv_reach_check(workspace, result->is_quick ? NULL : &result->store, &result->reach);
}

/* Repairs, and checks once more what came of it, with nothing left in memory of before. */
static const struct rmv_error *repair(struct rmv_workspace **workspace, struct fsck_result *result)
{
    const struct rmv_error *err = rmv_reach_repair(*workspace, &result->reach, &result->repair);
    if (err)
        return err;
    result->was_repaired = true;
    result->before = result->reach;
    result->reach = (struct rmv_reach){0};
    rmv_store_fsck_free(&result->store);
    rmv_workspace_close(workspace);
    err = cli_open_workspace(workspace);
    return err ? err : check(*workspace, result);
}

static const struct rmv_error *fsck(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(result_free) struct fsck_result result = {0};

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'%s' is too much: fsck checks all there is", argv[0]);
    const struct rmv_error *err = parse_options(&result);
    if (!err)
        err = cli_open_workspace(&workspace);
    if (!err)
        err = check(workspace, &result);
    if (!err && option_repair)
        err = repair(&workspace, &result);
    result.has_accepted = option_accept;
    if (!err && option_accept)
        err = rmv_reach_accept(workspace, &result.reach);
    if (err)
        return err;
    const size_t count = result.reach.problems_count - result.reach.accepted_count;
    if (option_json)
        fsck_print_json(&result);
    else if (!cli_quiet || count > 0 || option_accept)
        fsck_print_report(workspace, &result, option_all);
    if (count == 0)
        return NULL;
    return rmv_error(RMV_ERR_FAILED, "%zu problem%s %s", count, count == 1 ? "" : "s",
                     result.was_repaired ? "could not be repaired" : "found");
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
        "With --repair, what is tracked in the workspace is searched for files, links and folders\n"
        "that the store has lost, and they are stored again; whatever is sound in damaged packs "
        "is\n"
        "moved into new ones; packs then go, if everything in them is sound elsewhere. A pack "
        "that\n"
        "does not even tell what is in it moves to .rmstore/objects/torn, where nothing looks for\n"
        "it; you may remove it. Indexes are made again, and what interrupted commands left behind\n"
        "is cleared away. Nothing goes of which there is no other sound copy. The workspace does\n"
        "not change. Then all is checked once more, and what could not be repaired is named.\n"
        "\n"
        "What is lost for good, a record of an old version above all, would make every check "
        "fail.\n"
        "With --accept-loss, the objects that are missing or damaged now are named and written\n"
        "down in .rmstore/objects/lost; later checks only count them. Adding such data again "
        "still\n"
        "mends the store, and gc removes damaged packs that hold nothing else of use.\n"
        "\n"
        "With --sample, a part of the store is read, a different one each time; damage it finds\n"
        "is written down like that of the whole check.\n"
        "\n"
        "The exit status is 0 if all is well, after repair if there was one, and 1 if there is\n"
        "damage.",
    .examples = "rmv fsck                # everything, at hashing speed\n"
                "rmv fsck --repair       # mend what can be mended\n"
                "rmv fsck --repair --accept-loss   # and live with what cannot be mended\n"
                "rmv fsck --sample 1%    # one frame in a hundred, say every night\n"
                "rmv fsck --quick        # is anything missing? Reads no file\n"
                "rmv fsck --json         # for programs",
    .options = options,
    .run = fsck,
};
