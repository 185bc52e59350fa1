#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/workspace.h"
#include "rmv/record/record.h"
#include "rmv/shared.h"

/* Up to here content is checked before its first byte is printed; beyond, while it is. */
#define CHECKED_FIRST_MAX ((uint64_t)16 * 1024 * 1024)
#define LISTING_MAX ((size_t)256 * 1024 * 1024)
#define GIT_FILE_MAX ((size_t)1024 * 1024 * 1024)

static const char *option_rev, *option_kind;

static const struct cli_option options[] = {
    {.name = "rev", .text = &option_rev, .argument = "REV", .help = "as Git revision REV has it"},
    {.name = "kind",
     .text = &option_kind,
     .argument = "KIND",
     .help = "what an ID is of: blob (default), tree or record"},
    {0},
};

static const struct rmv_error *print(const struct rmv_buf *text)
{
    return rmv_fd_write(STDOUT_FILENO, "standard output", text->data, text->size);
}

/* ---- By id ---------------------------------------------------------------------------------- */

static const struct rmv_error *cat_blob(struct rmv_workspace *workspace,
                                        const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    uint64_t size = 0;

    const struct rmv_error *err = rmv_store_size(workspace->store, id, &size);
    if (err)
        return err;
    if (size > CHECKED_FIRST_MAX)
        return rmv_store_write_to(workspace->store, id, STDOUT_FILENO, "standard output");
    err = rmv_store_get(workspace->store, id, CHECKED_FIRST_MAX, &text);
    if (err)
        return err;
    return print(&text);
}

/* A tree or a record has to be one: its bytes could be those of any file. */
static const struct rmv_error *cat_structure(struct rmv_workspace *workspace,
                                             const struct rmv_object_id *id, bool is_tree)
{
    static const char tree_start[] = "rmv-tree ";
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(id, hex);
    const struct rmv_error *err = rmv_store_get(workspace->store, id, LISTING_MAX, &text);
    if (err)
        return err;
    if (is_tree &&
        (text.size < strlen(tree_start) || memcmp(text.data, tree_start, strlen(tree_start)) != 0))
        return rmv_error(RMV_ERR_USAGE, "object %s is not a tree", hex);
    if (!is_tree) {
        err = rmv_record_parse(hex, text.data, text.size, &record);
        if (err)
            return err;
    }
    return print(&text);
}

static const struct rmv_error *cat_id(struct rmv_workspace *workspace, const char *prefix)
{
    struct rmv_object_id id;

    if (option_rev)
        return rmv_error(RMV_ERR_USAGE,
                         "--rev is for paths: an id means the same in every revision");
    const struct rmv_error *err = rmv_store_find(workspace->store, prefix, &id);
    if (err)
        return err;
    if (!option_kind || strcmp(option_kind, "blob") == 0)
        return cat_blob(workspace, &id);
    return cat_structure(workspace, &id, strcmp(option_kind, "tree") == 0);
}

/* ---- By path -------------------------------------------------------------------------------- */

/* What is not stored by rmv may be in Git. */
static const struct rmv_error *cat_uncached(struct rmv_workspace *workspace,
                                            const struct rmv_output *output, const char *path)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (!option_rev)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                        "'%s' is not in the store: its stage says `cache: false`",
                                        output->path),
                              "it is an ordinary file of the workspace; --rev reads it from Git");
    RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(workspace->vcs_prefix, path);
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, option_rev, &commit);
    if (!err)
        err = rmv_vcs_read(workspace->vcs, commit.id, below_top, GIT_FILE_MAX, &text);
    if (err)
        return err;
    return print(&text);
}

static const struct rmv_error *cat_output(struct rmv_workspace *workspace,
                                          const struct rmv_output *output, const char *path)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};

    if (output->no_cache)
        return cat_uncached(workspace, output, path);
    const struct rmv_error *err = strcmp(output->path, path) == 0
                                      ? (rmv_output_copy(&found, output), NULL)
                                      : rmv_dataset_find(workspace, output, path, &found);
    if (err)
        return err;
    if (found.kind == RMV_OUTPUT_TREE)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is a folder", path),
                              "`rmv ls %s` lists what is in it", path);
    err = cat_blob(workspace, &found.id);
    if (err)
        return rmv_error_context(err, "'%s'", path);
    return NULL;
}

static bool is_id(const char *text)
{
    const size_t size = strspn(text, "0123456789abcdef");
    return size >= RMV_OBJECT_ID_PREFIX_MIN && size < RMV_OBJECT_ID_HEX_SIZE && text[size] == '\0';
}

static const struct rmv_error *cat_path(struct rmv_workspace *workspace, const char *typed)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    const struct rmv_error *err = rmv_workspace_path(workspace, typed, &path);
    if (!err)
        err = rmv_tracked_read(workspace, option_rev, &tracked);
    if (err)
        return err;
    const struct rmv_output *output = rmv_tracked_find(&tracked, path);
    if (output)
        return cat_output(workspace, output, path);
    if (is_id(typed) && !option_rev)
        return cat_id(workspace, typed);
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not tracked%s%s", typed,
                                    option_rev ? " in " : "", option_rev ? option_rev : ""),
                          "`rmv ls -R` lists what is");
}

static const struct rmv_error *check_kind(void)
{
    if (!option_kind || strcmp(option_kind, "blob") == 0 || strcmp(option_kind, "tree") == 0 ||
        strcmp(option_kind, "record") == 0)
        return NULL;
    return rmv_error(RMV_ERR_USAGE, "--kind is blob, tree or record, not '%s'", option_kind);
}

static const struct rmv_error *cat(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE, "cat needs one PATH or ID");
    const struct rmv_error *err = check_kind();
    if (!err)
        err = cli_open_workspace(&workspace);
    if (err)
        return err;
    return option_kind ? cat_id(workspace, argv[0]) : cat_path(workspace, argv[0]);
}

const struct cli_command rmv_command_cat = {
    .name = "cat",
    .arguments = "PATH|ID",
    .summary = "print the content of a tracked file or an object",
    .help =
        "Writes the stored content of a file to standard output, byte for byte. The file is "
        "tracked\n"
        "itself or lies in a tracked folder; it need not be in the workspace. Content is hashed\n"
        "again: damage is an error that names the object and its pack. Up to 16 MiB nothing is\n"
        "printed before that; of larger content, an exit status other than 0 means that what was\n"
        "printed is to be thrown away.\n\n"
        "Instead of a path, an id (or its first digits, at least 8) names an object. It is taken "
        "for\n"
        "the content of a file; --kind tree and --kind record print the listing of a folder and "
        "the\n"
        "record of a run.",
    .examples = "rmv cat data/raw/users.csv | head\n"
                "rmv cat --rev v1.0 data/model.bin >old.bin\n"
                "rmv cat --kind record 5f3a1c22 | jq .predicate",
    .options = options,
    .run = cat,
};
