#include "rmv/choice.h"

const struct rmv_error *cli_choice_check(const struct cli_choice *choice, int argc, char **argv)
{
    if (choice->single_item && choice->downstream)
        return rmv_error(RMV_ERR_USAGE, "--single-item and --downstream exclude each other");
    if ((choice->single_item || choice->downstream) && argc == 0)
        return rmv_error(RMV_ERR_USAGE, "%s needs a target",
                         choice->downstream ? "--downstream" : "--single-item");
    if (choice->recursive && argc == 0)
        return rmv_error(RMV_ERR_USAGE, "--recursive needs a folder");
    if (choice->all_pipelines && argc > 0)
        return rmv_error(RMV_ERR_USAGE, "--all-pipelines takes no target: '%s'", argv[0]);
    if (choice->keep_going && choice->ignore_errors)
        return rmv_error(RMV_ERR_USAGE, "--keep-going and --ignore-errors exclude each other");
    return NULL;
}
