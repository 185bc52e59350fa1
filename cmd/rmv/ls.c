#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/workspace.h"
#include "rmv/shared.h"

static const char *option_rev;
static bool option_recursive, option_json;

static const struct cli_option options[] = {
    {.name = "rev", .text = &option_rev, .argument = "REV", .help = "as Git revision REV has it"},
    {.name = "recursive",
     .letter = 'R',
     .flag = &option_recursive,
     .help = "everything inside folders"},
    {.name = "json", .flag = &option_json, .help = "print a list of JSON"},
    {0},
};

/* What is listed, and how. */
struct listing {
    struct rmv_workspace *workspace;
    const struct rmv_tracked *tracked;
    struct rmv_value document; /* a list, with --json */
    const char *base;          /* what the paths of tree items are relative to */
    size_t count;
};

struct line {
    const char *path; /* relative to the workspace */
    char type;        /* as in struct rmv_tree_item */
    const struct rmv_object_id *id;
    uint64_t size;
};

static const char *type_name(char type)
{
    switch (type) {
    case 'd':
        return "folder";
    case 'l':
        return "link";
    case 'x':
        return "executable";
    default:
        return "file";
    }
}

static void print_line(struct listing *listing, const struct line *line)
{
    RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(listing->workspace, line->path);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    listing->count++;
    if (option_json) {
        struct rmv_value *object = rmv_value_append(&listing->document);
        cli_set_path(object, "path", line->path);
        cli_set_text(object, "type", type_name(line->type));
        cli_set_id(object, "id", line->id);
        cli_set_int(object, "size", line->size);
        return;
    }
    rmv_object_id_to_hex(line->id, hex);
    /* An empty folder inside a tree has no id to speak of. */
    printf("%s %12" PRIu64 "  %s%s\n", rmv_object_id_is_zero(line->id) ? "-" : hex, line->size,
           shown, line->type == 'd' ? "/" : "");
}

static void print_output(struct listing *listing, const struct rmv_output *output)
{
    const char file = output->is_executable ? 'x' : 'f';
    print_line(listing, &(struct line){.path = output->path,
                                       .type = output->kind == RMV_OUTPUT_TREE ? 'd' : file,
                                       .id = &output->id,
                                       .size = output->size});
}

static const struct rmv_error *print_item(void *context, const struct rmv_tree_item *item)
{
    struct listing *listing = context;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(listing->base, item->path);

    if (*item->path == '\0' || (!option_recursive && strchr(item->path, '/')))
        return NULL;
    print_line(listing, &(struct line){
                            .path = path, .type = item->type, .id = &item->id, .size = item->size});
    return NULL;
}

/* An output, or something inside one: a file as one line, a folder as what is in it. */
static const struct rmv_error *list_inside(struct listing *listing, const struct rmv_output *output,
                                           const char *path)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};

    const struct rmv_error *err = strcmp(output->path, path) == 0
                                      ? (rmv_output_copy(&found, output), NULL)
                                      : rmv_dataset_find(listing->workspace, output, path, &found);
    if (err)
        return err;
    if (found.kind != RMV_OUTPUT_TREE) {
        print_output(listing, &found);
        return NULL;
    }
    listing->base = path;
    listing->count++;
    return rmv_dataset_walk(listing->workspace, &found, print_item, listing);
}

/* All outputs in a folder that is not itself tracked. */
static const struct rmv_error *list_outputs(struct listing *listing, const char *folder)
{
    for (size_t i = 0; i < listing->tracked->outputs.count; i++) {
        const struct rmv_output *output = &listing->tracked->outputs.items[i];
        if (!rmv_path_is_in(output->path, folder))
            continue;
        print_output(listing, output);
        if (!option_recursive || output->kind != RMV_OUTPUT_TREE || output->no_cache)
            continue;
        listing->base = output->path;
        const struct rmv_error *err =
            rmv_dataset_walk(listing->workspace, output, print_item, listing);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *list_path(struct listing *listing, const char *path)
{
    const struct rmv_output *output = rmv_tracked_find(listing->tracked, path);
    const struct rmv_error *err =
        output ? list_inside(listing, output, path) : list_outputs(listing, path);
    if (err || listing->count > 0 || strcmp(path, ".") == 0)
        return err;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "nothing is tracked at '%s'%s%s", quoted,
                                    option_rev ? " in " : "", option_rev ? option_rev : ""),
                          "`rmv ls` lists what is");
}

static const struct rmv_error *ls(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    struct listing listing = {.tracked = &tracked};

    if (argc > 1)
        return rmv_error(RMV_ERR_USAGE, "ls takes one path");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_workspace_path(workspace, argc > 0 ? argv[0] : ".", &path);
    if (!err)
        err = rmv_tracked_read(workspace, option_rev, &tracked);
    if (err)
        return err;
    listing.workspace = workspace;
    rmv_value_set_list(&listing.document);
    err = list_path(&listing, path);
    if (!err && option_json)
        cli_print_json(&listing.document);
    rmv_value_free(&listing.document);
    return err;
}

const struct cli_command rmv_command_ls = {
    .name = "ls",
    .arguments = "[PATH]",
    .summary = "list tracked data, and what is inside it",
    .help =
        "Prints id, size in bytes and path of what is tracked in PATH (here, without one). For a\n"
        "tracked folder, or a folder inside one, what is in it is printed; -R goes all the way "
        "down.\n"
        "The id of a file is the SHA-256 of its content, as sha256sum prints it; that of a folder\n"
        "is the SHA-256 of its listing. The size of a folder is that of all files in it.\n\n"
        "What is printed comes from pointer files, rmv.lock and the store, not from the data in "
        "the\n"
        "workspace, which need not be there. With --rev it is what they said in that revision.\n"
        "Names with control characters, quotes or bytes that are not UTF-8 are quoted as in C.",
    .examples = "rmv ls                       # everything that is tracked\n"
                "rmv ls -R data/raw           # every file in a tracked folder\n"
                "rmv ls --rev v1.0 --json data",
    .options = options,
    .run = ls,
};
