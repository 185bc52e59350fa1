#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/yaml.h"
#include "rmv/commands.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/merge.h"
#include "rmv/dataset/pointer.h"
#include "rmv/shared.h"

#define LISTED_MAX 100000 /* entries of a listing that git diff is to compare */

/* ---- textconv -------------------------------------------------------------------------------- */

static const struct rmv_error *print_item(void *context, const struct rmv_tree_item *item)
{
    uint64_t *count = context;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_quote(item->path);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (*item->path == '\0' || item->type == 'd' || ++*count > LISTED_MAX)
        return NULL;
    rmv_object_id_to_hex(&item->id, hex);
    printf("%s  (%.12s, %" PRIu64 " B%s)\n", path, hex, item->size,
           item->type == 'x'   ? ", executable"
           : item->type == 'l' ? ", link"
                               : "");
    return NULL;
}

/* The text as it is, and what is in the folder that it names, as far as the store knows. */
static const struct rmv_error *textconv(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    uint64_t count = 0;

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE, "textconv needs one FILE");
    const struct rmv_error *err = rmv_fs_read(argv[0], RMV_YAML_BYTES_MAX, &text);
    if (err)
        return err;
    fwrite(text.data, 1, text.size, stdout);
    /* A pointer with conflicts in it, or in a folder without rmv, is shown as it is. */
    if (rmv_pointer_parse("pointer", text.data ? text.data : "", text.size, &output) ||
        output.kind != RMV_OUTPUT_TREE || cli_open_workspace(&workspace))
        return NULL;
    puts("---");
    if (rmv_dataset_walk(workspace, &output, print_item, &count))
        puts("(not in the store)");
    if (count > LISTED_MAX)
        printf("… and %" PRIu64 " more\n", count - LISTED_MAX);
    return NULL;
}

const struct cli_command rmv_command_git_hook_textconv = {
    .name = "git-hook textconv",
    .arguments = "FILE",
    .summary = "print a pointer file with what is in its folder, for git diff",
    .help = "What `git diff` compares in place of the pointer files themselves, once `rmv install` "
            "has\n"
            "set it up: the text of the pointer in FILE and, if it names a folder, a line for each "
            "file\n"
            "in it, up to 100,000, with the start of its id and its size. What is not a pointer, "
            "or not\n"
            "in the store, is printed as it is.",
    .run = textconv,
};

/* ---- merge ----------------------------------------------------------------------------------- */

/* What Git hands over: the versions as files, and where the file is. */
struct versions {
    char **files;
    const char *path; /* of the pointer, relative to the workspace */
    struct rmv_buf texts[3];
    struct rmv_output outputs[3];
};

static void versions_free(struct versions *versions)
{
    for (size_t i = 0; i < 3; i++) {
        rmv_buf_free(&versions->texts[i]);
        rmv_output_free(&versions->outputs[i]);
    }
}

/* A base that is empty is one that both sides have added. */
static const struct rmv_error *read_versions(struct versions *versions)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < 3; i++) {
        struct rmv_buf *text = &versions->texts[i];
        err = rmv_fs_read(versions->files[i], RMV_YAML_BYTES_MAX, text);
        if (!err && (i != RMV_MERGE_BASE || text->size > 0))
            err = rmv_pointer_parse(versions->path, rmv_buf_string(text), text->size,
                                    &versions->outputs[i]);
    }
    return err;
}

/* Leaves both sides in the file, as Git does. */
static void leave_both(const struct versions *versions)
{
    char **files = versions->files;
    const char *const argv[] = {"git",
                                "merge-file",
                                "-L",
                                "ours",
                                "-L",
                                "base",
                                "-L",
                                "theirs",
                                files[RMV_MERGE_OURS],
                                files[RMV_MERGE_BASE],
                                files[RMV_MERGE_THEIRS],
                                NULL};
    const struct rmv_process_options options = {.argv = argv};
    pid_t pid;
    int status;
    /* Whatever becomes of it, Git is told that there is a conflict. */
    if (!rmv_process_start(&options, &pid) && rmv_process_wait(pid, &status))
        return;
}

static const struct rmv_error *report(const struct versions *versions,
                                      const struct rmv_strings *conflicts)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf list = {0};
    const char *folder = versions->outputs[RMV_MERGE_OURS].path;
    for (size_t i = 0; i < conflicts->count && i < 20; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *path = *conflicts->items[i] ? rmv_path_join(folder, conflicts->items[i])
                                          : rmv_str_copy(folder);
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
        rmv_buf_append_format(&list, "\n  %s", quoted);
    }
    if (conflicts->count > 20)
        rmv_buf_append_format(&list, "\n  … and %zu more", conflicts->count - 20);
    return rmv_error_hint(rmv_error(RMV_ERR_FAILED, "both sides changed these, differently:%s",
                                    rmv_buf_string(&list)),
                          "take one side with `git checkout --ours '%s'` or --theirs, run `rmv "
                          "checkout`, mend the files and `rmv add` them",
                          versions->path);
}

static const struct rmv_error *merge_versions(struct rmv_workspace *workspace,
                                              struct versions *versions)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings conflicts = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output merged = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_output *const sides[] = {&versions->outputs[0], &versions->outputs[1],
                                              &versions->outputs[2]};

    const struct rmv_error *err = rmv_store_batch_open(workspace->store, &batch);
    if (!err)
        err = rmv_dataset_merge(workspace, batch, sides, &merged, &conflicts);
    if (!err && conflicts.count > 0)
        return report(versions, &conflicts);
    if (!err)
        err = rmv_store_batch_commit(batch);
    if (!err)
        err = rmv_pointer_format(versions->path, rmv_buf_string(&versions->texts[RMV_MERGE_OURS]),
                                 versions->texts[RMV_MERGE_OURS].size, &merged, &text);
    return err ? err : rmv_fs_write_atomic(versions->files[RMV_MERGE_OURS], text.data, text.size);
}

/* Git works at the top of its work tree, which can be outside the workspace. */
static const struct rmv_error *find_place(const char *typed, struct rmv_workspace **workspace,
                                          char **path)
{
    RMV_CLEANUP(rmv_free) char *here = getcwd(NULL, 0);
    RMV_CLEANUP(rmv_str_free) char *absolute = rmv_path_join(here ? here : ".", typed);
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(absolute);
    const struct rmv_error *err = rmv_workspace_open(folder, cli_log(), workspace);
    return err ? err : rmv_workspace_path(*workspace, absolute, path);
}

static const struct rmv_error *merge(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(versions_free) struct versions versions = {.files = argv};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    if (argc != 4)
        return rmv_error(RMV_ERR_USAGE, "merge needs BASE, OURS, THEIRS and PATH");
    const struct rmv_error *err = find_place(argv[3], &workspace, &path);
    versions.path = path;
    if (!err)
        err = read_versions(&versions);
    if (!err)
        err = merge_versions(workspace, &versions);
    if (!err)
        return NULL;
    RMV_CLEANUP(rmv_error_free) struct rmv_error *kept = rmv_error_take(err);
    leave_both(&versions);
    return rmv_error_raise(&kept);
}

const struct cli_command rmv_command_git_hook_merge = {
    .name = "git-hook merge",
    .arguments = "BASE OURS THEIRS PATH",
    .summary = "merge two versions of a pointer file, for git merge",
    .help =
        "What `git merge` calls for pointer files once `rmv install` has set it up. The folders\n"
        "that OURS and THEIRS name are merged file by file against that of BASE, and OURS becomes "
        "a\n"
        "pointer to the result; `rmv checkout` then brings the data. PATH is where the pointer\n"
        "belongs. A file that both sides changed, and not in the same way, or removed on one side\n"
        "and changed on the other, is a conflict: then OURS is left with both sides in it, the\n"
        "files are named, and the exit status is 1. Content of files is never merged.",
    .run = merge,
};
