/* Which experiments a command means: those that started from certain commits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/map.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/experiment.h"

/* The options that choose. */
struct cli_baselines_choice {
    const struct rmv_strings *revisions; /* --rev; none: HEAD */
    int64_t number;                      /* of commits from each revision on; negative: all */
    bool branches, tags;                 /* all of them */
    bool all;                            /* whatever an experiment started from */
};

/* The options with which push, pull and remove fill in `all`, `revisions` and `number`. */
#define CLI_BASELINES_OPTIONS(all_commits, revs, num)                                              \
    {.name = "all-commits",                                                                        \
     .letter = 'A',                                                                                \
     .flag = (all_commits),                                                                        \
     .help = "all experiments, whatever they started from"},                                       \
        {.name = "rev",                                                                            \
         .list = (revs),                                                                           \
         .argument = "REV",                                                                        \
         .help = "those that started from REV; may be given several times"},                       \
    {                                                                                              \
        .name = "num", .letter = 'n', .number = (num), .argument = "N",                            \
        .help = "and from the N - 1 commits before; negative: all before"                          \
    }

/* Adds the ids of the commits that are meant, each once; with `all`, of those that have experiments
 * only. Errors: NOT_FOUND (a revision). */
RMV_MUST_CHECK
const struct rmv_error *cli_baselines_find(struct rmv_workspace *workspace,
                                           const struct cli_baselines_choice *choice,
                                           const struct rmv_experiments *experiments,
                                           struct rmv_strings *ids);

/* What people call commits: id → name of a branch or tag, owned. */
struct cli_commit_names {
    struct rmv_map names;
};
void cli_commit_names_free(struct cli_commit_names *names);
RMV_MUST_CHECK
const struct rmv_error *cli_commit_names_read(struct rmv_workspace *workspace,
                                              struct cli_commit_names *names);

/* The name of a commit, or the start of its id; the caller frees it. */
char *cli_commit_name_of(const struct cli_commit_names *names, const char *id);

/* Adds to `chosen` the experiments that are typed or, if none are, those of the baselines meant. A
 * pattern (*, ?, […]) stands for all names it matches. Errors: NOT_FOUND, CONFLICT. */
RMV_MUST_CHECK
const struct rmv_error *cli_experiments_choose(struct rmv_workspace *workspace, int argc,
                                               char **argv,
                                               const struct cli_baselines_choice *choice,
                                               struct rmv_experiments *chosen);
