#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/add.h"
#include "rmv/dataset/copy_in.h"
#include "rmv/pattern.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/shared.h"

static bool option_no_commit;
static bool option_glob;
static bool option_json;
static const char *option_out;
static const char *option_link;

static const struct cli_option options[] = {
    {.name = "no-commit",
     .flag = &option_no_commit,
     .help = "write the pointers, but leave storing the data to `rmv commit`"},
    {.name = "glob",
     .flag = &option_glob,
     .help = "take each PATH for a pattern: *, ?, [...], and ** for any number of folders"},
    {.name = "out",
     .letter = 'o',
     .text = &option_out,
     .argument = "PLACE",
     .help = "copy the one PATH, from outside, to PLACE in the workspace, and add that"},
    {.name = "link",
     .text = &option_link,
     .argument = "TYPES",
     .help = "reflink, hardlink, symlink, copy, or several to be tried in order, instead of "
             "cache.type"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static const struct rmv_error *list_paths(const struct rmv_workspace *workspace, int argc,
                                          char **argv, struct rmv_strings *paths)
{
    const struct rmv_error *err = NULL;
    if (!option_glob)
        return cli_paths(workspace, argc, argv, paths);
    for (int i = 0; !err && i < argc; i++)
        err = cli_pattern_expand(workspace, argv[i], paths);
    return err;
}

/* Outputs of stages that have not run yet are in no lock file, but belong to their stage all the
 * same. */
static const struct rmv_error *check_stages(struct rmv_workspace *workspace,
                                            const struct rmv_strings *files,
                                            const struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_error *err = rmv_pipeline_read_files(workspace, files, &pipeline);
    for (size_t i = 0; !err && i < paths->count; i++) {
        const struct rmv_stage *stage = rmv_pipeline_maker_of(&pipeline, paths->items[i]);
        if (!stage)
            continue;
        RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(workspace, paths->items[i]);
        err = rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "'%s' is an output of the stage '%s'",
                                       shown, stage->address),
                             "`rmv repro %s` makes it and saves it", stage->address);
    }
    return err;
}

static void print_json(const struct rmv_added_list *added)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    rmv_value_set_list(&list);
    for (size_t i = 0; i < added->count; i++) {
        const struct rmv_added *item = &added->items[i];
        struct rmv_value *map = rmv_value_append(&list);
        rmv_value_set_map(map);
        cli_set_path(map, "path", item->output.path);
        cli_set_text(map, "kind", item->output.kind == RMV_OUTPUT_TREE ? "tree" : "blob");
        cli_set_id(map, "id", &item->output.id);
        cli_set_int(map, "size", item->output.size);
        cli_set_int(map, "nfiles", item->output.nfiles);
        cli_set_path(map, "pointer", item->pointer);
        cli_set_id(map, "record", &item->output.record);
        cli_set_bool(map, "changed", item->changed);
    }
    cli_print_json(&list);
}

static void print(const struct rmv_workspace *workspace, const struct rmv_added_list *added)
{
    if (option_json) {
        print_json(added);
        return;
    }
    for (size_t i = 0; i < added->count && !cli_quiet; i++) {
        const struct rmv_output *output = &added->items[i].output;
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, output->path);
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        RMV_CLEANUP(rmv_str_free) char *size = rmv_str_format_size(output->size);

        rmv_object_id_to_hex(&output->id, hex);
        printf("%s  %s  (", hex, path);
        if (output->kind == RMV_OUTPUT_TREE)
            printf("%" PRIu64 " file%s, ", output->nfiles, output->nfiles == 1 ? "" : "s");
        printf("%s)\n", size);
    }
}

static const struct rmv_error *add_paths(struct rmv_workspace *workspace,
                                         const struct rmv_strings *paths, const char *source)
{
    RMV_CLEANUP(rmv_added_list_free) struct rmv_added_list added = {0};
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    rmv_progress_open(cli_quiet ? -1 : STDERR_FILENO, "adding", &progress);
    const struct rmv_add_options add_options = {
        .no_commit = option_no_commit,
        .source = source,
        .progress = progress,
        .check = check_stages,
    };
    const struct rmv_error *err = rmv_add(workspace, paths, &add_options, &added);
    rmv_progress_close(&progress);
    if (!err)
        print(workspace, &added);
    return err;
}

/* A PLACE that is a folder is where the copy goes. */
static const struct rmv_error *add_copy(struct rmv_workspace *workspace, const char *source)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_str_free) char *plain = rmv_path_normalize(source);
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(option_out, rmv_path_name(plain));
    RMV_CLEANUP(rmv_str_free) char *origin = NULL;
    struct stat status;

    const bool is_folder = stat(option_out, &status) == 0 && S_ISDIR(status.st_mode);
    char *place[] = {is_folder ? inside : (char *)(uintptr_t)option_out};
    const struct rmv_error *err = cli_paths(workspace, 1, place, &paths);
    if (!err)
        err = rmv_copy_in(workspace, source, paths.items[0], &origin);
    if (err)
        return err;
    err = add_paths(workspace, &paths, origin);
    return err ? rmv_copy_in_undo(workspace, paths.items[0], err) : NULL;
}

static const struct rmv_error *add(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};

    if (argc == 0)
        return rmv_error(RMV_ERR_USAGE, "which files or folders are to be added?");
    if (option_out && (argc > 1 || option_glob))
        return rmv_error(RMV_ERR_USAGE, "--out takes one PATH, and no pattern");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_use_links(workspace, option_link);
    if (!err && option_out)
        return add_copy(workspace, argv[0]);
    if (!err)
        err = list_paths(workspace, argc, argv, &paths);
    return err ? err : add_paths(workspace, &paths, NULL);
}

const struct cli_command rmv_command_add = {
    .name = "add",
    .arguments = "PATH...",
    .summary = "store files and folders, and leave a pointer to each for Git",
    .help =
        "Stores each PATH and writes PATH.rmv beside it, a small file to commit to Git that says\n"
        "what the data was. The data itself is added to .gitignore. Once this returns, the data "
        "can\n"
        "be deleted and `rmv checkout` brings it back bit for bit: exec bits, links and empty\n"
        "folders included.\n"
        "\n"
        "Files that did not change since they were added last are not read again, and a pointer\n"
        "that is right stays as it is, to the byte. A PATH inside a folder that is tracked "
        "updates\n"
        "that folder's pointer, also where the rest of the folder is not here; if there is "
        "nothing\n"
        "at the PATH any more, it is taken out. A PATH that is a link is followed; links inside\n"
        "folders are kept as links.\n"
        "\n"
        "What .rmvignore leaves out (`rmv help check-ignore`) is left out of folders and --glob.\n"
        "Pointers, lock files and rmv.yaml inside a folder that are neither in Git nor of rmv's\n"
        "making are data like everything else in it.\n"
        "Refused are ignored PATHs, what Git tracks, outputs of stages, paths in or around what\n"
        "is tracked already, pointers that Git would ignore, and FIFOs, sockets and devices.\n"
        "Nothing is written unless every PATH can be added. Each line of output is the id (for a\n"
        "file, its SHA-256), the path and the size.",
    .examples = "rmv add data/raw  # track a folder\n"
                "rmv add data/raw/users.csv  # update one file of it\n"
                "rmv add -o data/raw /mnt/share/raw  # a copy of data from elsewhere\n"
                "rmv add --glob 'data/*.csv'  # a pointer for each file\n",
    .options = options,
    .run = add,
};
