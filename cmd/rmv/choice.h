/* What `rmv repro` and `rmv exp run` have in common: options that say which stages are meant and
 * what is done about them. */
#pragma once

#include <stdbool.h>

#include "cli/command.h"

/* As for rmv_repro(); `whole` is --pipeline. */
struct cli_choice {
    bool single_item, downstream, whole, all_pipelines, recursive;
    bool force, force_downstream, keep_going, ignore_errors, allow_missing, no_run_cache;
    bool interactive, glob;
};

/* Entries for a command's table of options, which fill in `choice`, a variable. --force and
 * --ignore-errors are each command's own: they mean more in one of them. */
#define CLI_OPTIONS_WHICH_STAGES(choice)                                                           \
    {.name = "single-item",                                                                        \
     .letter = 's',                                                                                \
     .flag = &(choice).single_item,                                                                \
     .help = "only the targets, not what they need"},                                              \
        {.name = "downstream",                                                                     \
         .flag = &(choice).downstream,                                                             \
         .help = "the targets and all that needs them, not what they need"},                       \
        {.name = "pipeline",                                                                       \
         .letter = 'p',                                                                            \
         .flag = &(choice).whole,                                                                  \
         .help = "the targets and all that is connected with them"},                               \
        {.name = "all-pipelines",                                                                  \
         .letter = 'P',                                                                            \
         .flag = &(choice).all_pipelines,                                                          \
         .help = "the stages of every rmv.yaml in the workspace"},                                 \
    {                                                                                              \
        .name = "recursive", .letter = 'R', .flag = &(choice).recursive,                           \
        .help = "targets are folders: the stages of every rmv.yaml in and below them"              \
    }

#define CLI_OPTIONS_HOW_TO_RUN(choice)                                                             \
    {.name = "force-downstream",                                                                   \
     .flag = &(choice).force_downstream,                                                           \
     .help = "where a stage runs, run all that needs it too, changed or not"},                     \
        {.name = "allow-missing",                                                                  \
         .flag = &(choice).allow_missing,                                                          \
         .help = "leave stages alone of which nothing changed but that data is not here"},         \
        {.name = "no-run-cache",                                                                   \
         .flag = &(choice).no_run_cache,                                                           \
         .help = "run even what was run before with the same inputs"},                             \
        {.name = "interactive",                                                                    \
         .letter = 'i',                                                                            \
         .flag = &(choice).interactive,                                                            \
         .help = "ask before each stage that changed"},                                            \
        {.name = "glob",                                                                           \
         .flag = &(choice).glob,                                                                   \
         .help = "targets may be patterns, which they may anyway"},                                \
    {                                                                                              \
        .name = "keep-going", .letter = 'k', .flag = &(choice).keep_going,                         \
        .help = "run what does not depend on a stage that failed"                                  \
    }

/* Refuses what excludes each other, and what needs a target or takes none. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *cli_choice_check(const struct cli_choice *choice, int argc, char **argv);
