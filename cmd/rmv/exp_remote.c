#include "rmv/exp_remote.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/vcs/git_run.h"

/* So many at a time, since an argument vector has an end. */
#define SPECIFICATIONS_MAX 40

static const struct rmv_error *check_remote(const char *remote)
{
    if (*remote && *remote != '-')
        return NULL;
    return rmv_error(RMV_ERR_USAGE, "'%s' is no Git remote", remote);
}

/* "ID<tab>REFERENCE" */
static void add_line(const char *line, size_t size, struct rmv_experiments *experiments)
{
    struct rmv_experiment experiment;
    const size_t id_size = strcspn(line, "\t\n");
    if (id_size >= size || id_size >= RMV_VCS_ID_SIZE || line[id_size] != '\t')
        return;
    RMV_CLEANUP(rmv_str_free)
    char *reference = rmv_str_copy_n(line + id_size + 1, size - id_size - 1);
    if (!rmv_experiment_parse_reference(reference, &experiment))
        return;
    memcpy(experiment.id, line, id_size);
    experiments->items = rmv_grow(experiments->items, experiments->count, &experiments->capacity,
                                  sizeof(experiments->items[0]));
    experiments->items[experiments->count++] = experiment;
}

const struct rmv_error *cli_exp_remote_list(const struct rmv_workspace *workspace,
                                            const char *remote, struct rmv_experiments *experiments)
{
    const char *const argv[] = {"ls-remote", remote, RMV_EXPERIMENT_REFERENCES "*", NULL};
    const struct rmv_git_run run = {.folder = workspace->root, .argv = argv, .may_ask = true};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    const struct rmv_error *err = check_remote(remote);
    if (!err)
        err = rmv_git_run(&run, &out);
    if (err)
        return err;
    for (const char *line = rmv_buf_string(&out); *line;) {
        const size_t size = strcspn(line, "\n");
        add_line(line, size, experiments);
        line += size + (line[size] == '\n');
    }
    return NULL;
}

const struct rmv_error *cli_exp_remote_move(const struct rmv_workspace *workspace,
                                            const char *command, const char *remote,
                                            const struct rmv_strings *specifications)
{
    const struct rmv_error *err = check_remote(remote);
    for (size_t i = 0; !err && i < specifications->count; i += SPECIFICATIONS_MAX) {
        const char *argv[SPECIFICATIONS_MAX + 5] = {command, "--quiet", "--no-recurse-submodules",
                                                    remote};
        size_t count = 4;
        for (size_t k = i; k < specifications->count && k < i + SPECIFICATIONS_MAX; k++)
            argv[count++] = specifications->items[k];
        argv[count] = NULL;
        const struct rmv_git_run run = {.folder = workspace->root, .argv = argv, .may_ask = true};
        err = rmv_git_run(&run, NULL);
    }
    return err;
}
