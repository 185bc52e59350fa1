#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/dataset.h"
#include "rmv/revisions.h"
#include "rmv/shared.h"
#include "rmv/store/cost.h"
#include "rmv/table.h"

#define REVISIONS_MAX 100000

static bool option_bytes, option_json;

static const struct cli_option options[] = {
    {.name = "bytes",
     .letter = 'b',
     .flag = &option_bytes,
     .help = "print sizes in bytes instead of KiB, MiB and so on"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

struct usage {
    struct rmv_workspace *workspace;
    struct cli_revisions revisions;
    struct rmv_store_cost *files, *listings;
    uint64_t unreadable_count; /* folders whose listing is not there */
    struct cli_table table;
    struct rmv_value document;
    struct rmv_value *rows;
    uint64_t rows_count;
};

static void usage_free(struct usage *usage)
{
    cli_revisions_free(&usage->revisions);
    rmv_store_cost_close(&usage->files);
    rmv_store_cost_close(&usage->listings);
    cli_table_free(&usage->table);
    rmv_value_free(&usage->document);
}

/* ---- Adding up ------------------------------------------------------------------------------- */

static const struct rmv_error *add_item(void *context, const struct rmv_tree_item *item,
                                        bool *descend)
{
    struct usage *usage = context;
    (void)descend;
    if (item->type == 'd')
        return rmv_store_cost_add(usage->listings, &item->id, 0);
    return rmv_store_cost_add(usage->files, &item->id, item->size);
}

static const struct rmv_error *note_unreadable(void *context, const char *path,
                                               const struct rmv_error *err)
{
    struct usage *usage = context;
    (void)path;
    usage->unreadable_count++;
    return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
}

static const struct rmv_error *add_output(struct usage *usage, const struct rmv_output *output)
{
    const struct rmv_dataset_visitor visitor = {
        .visit = add_item,
        .unreadable = note_unreadable,
        .context = usage,
    };
    const struct rmv_error *err = NULL;
    if (output->kind == RMV_OUTPUT_TREE)
        err = rmv_store_cost_add(usage->listings, &output->id, 0);
    return err ? err : rmv_dataset_examine(usage->workspace, output, &visitor);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void add_size(struct usage *usage, uint64_t size)
{
    RMV_CLEANUP(rmv_str_free)
    char *text = option_bytes ? rmv_str_format("%" PRIu64, size) : rmv_str_format_size(size);
    cli_table_add(&usage->table, text);
}

static uint64_t stored_size(const struct usage *usage)
{
    return (uint64_t)(rmv_store_cost_total(usage->files)->stored_size +
                      rmv_store_cost_total(usage->listings)->stored_size);
}

/* What the output has that none before it had. */
static void add_row(struct usage *usage, const char *path, const char *revision,
                    const struct rmv_store_cost_total *before, uint64_t stored_before)
{
    const struct rmv_store_cost_total *now = rmv_store_cost_total(usage->files);
    RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(usage->workspace, path);
    RMV_CLEANUP(rmv_str_free)
    char *name = revision ? rmv_str_format("%s  %s", shown, revision) : rmv_str_copy(shown);

    usage->rows_count++;
    if (!option_json) {
        add_size(usage, now->size - before->size);
        add_size(usage, now->piece_size - before->piece_size);
        add_size(usage, stored_size(usage) - stored_before);
        cli_table_add(&usage->table, name);
        return;
    }
    struct rmv_value *row = rmv_value_append(usage->rows);
    cli_set_path(row, "path", path);
    if (revision)
        cli_set_text(row, "revision", revision);
    cli_set_int(row, "files", now->count - before->count);
    cli_set_int(row, "size", now->size - before->size);
    cli_set_int(row, "new", now->piece_size - before->piece_size);
    cli_set_int(row, "stored", stored_size(usage) - stored_before);
}

static const struct rmv_error *add_tracked(struct usage *usage, const struct rmv_output *output,
                                           const char *path, const char *revision)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output part = {0};
    const struct rmv_store_cost_total before = *rmv_store_cost_total(usage->files);
    const uint64_t stored_before = stored_size(usage);

    const struct rmv_error *err = strcmp(output->path, path) == 0
                                      ? (rmv_output_copy(&part, output), NULL)
                                      : rmv_dataset_find(usage->workspace, output, path, &part);
    if (!err)
        err = add_output(usage, &part);
    if (err)
        return rmv_error_context(err, "'%s'", path);
    add_row(usage, path, revision, &before, stored_before);
    return NULL;
}

/* The outputs in or at a path, or the one around it. */
static const struct rmv_error *add_path(struct usage *usage, const struct rmv_tracked *tracked,
                                        const char *path, const char *revision)
{
    const struct rmv_output *around = rmv_tracked_find(tracked, path);
    const struct rmv_error *err = NULL;

    if (around && around->no_cache)
        return NULL;
    if (around)
        return add_tracked(usage, around, path, revision);
    for (size_t i = 0; !err && i < tracked->outputs.count; i++) {
        const struct rmv_output *output = &tracked->outputs.items[i];
        if (!output->no_cache && rmv_path_is_in(output->path, path))
            err = add_tracked(usage, output, output->path, revision);
    }
    return err;
}

static const struct rmv_error *add_revision(struct usage *usage, const char *revision)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    struct rmv_strings *paths = &usage->revisions.paths;

    const struct rmv_error *err = rmv_tracked_read(usage->workspace, revision, &tracked);
    if (!err && !revision)
        err = cli_check_tracked(usage->workspace, &tracked, paths);
    if (!err && paths->count == 0)
        err = add_path(usage, &tracked, ".", revision);
    for (size_t i = 0; !err && i < paths->count; i++) {
        err = add_path(usage, &tracked, paths->items[i], revision);
        /* Not every revision has every path. */
        if (err && revision && err->code == RMV_ERR_NOT_FOUND)
            err = NULL;
    }
    return err;
}

/* ---- The sum --------------------------------------------------------------------------------- */

struct sums {
    uint64_t size, stored, listings;
    uint64_t same_files, same_parts; /* what keeping equal bytes once has saved */
    int64_t compression;
    uint64_t missing;
};

static struct sums add_up(const struct usage *usage)
{
    const struct rmv_store_cost_total *files = rmv_store_cost_total(usage->files);
    const struct rmv_store_cost_total *listings = rmv_store_cost_total(usage->listings);
    struct sums sums = {
        .size = files->size,
        .stored = stored_size(usage),
        .listings = (uint64_t)listings->stored_size,
        .same_files = files->size - files->unique_size,
        .missing = files->missing_count + usage->unreadable_count,
    };
    /* What is missing has no pieces to speak of. */
    if (files->missing_count == 0 && files->unique_size >= files->piece_size)
        sums.same_parts = files->unique_size - files->piece_size;
    sums.compression = (int64_t)files->piece_size - (int64_t)files->stored_size;
    return sums;
}

static void print_json(struct usage *usage, const struct sums *sums)
{
    struct rmv_value *total = rmv_value_add(&usage->document, "total");
    cli_set_int(total, "files", rmv_store_cost_total(usage->files)->count);
    cli_set_int(total, "size", sums->size);
    cli_set_int(total, "stored", sums->stored);
    cli_set_int(total, "listings", sums->listings);
    struct rmv_value *saved = rmv_value_add(total, "saved");
    cli_set_int(saved, "same_files", sums->same_files);
    cli_set_int(saved, "same_parts", sums->same_parts);
    rmv_value_set_int(rmv_value_add(saved, "compression"), sums->compression);
    cli_set_int(total, "missing", sums->missing);
    cli_print_json(&usage->document);
}

static void print_saved(const char *what, int64_t size)
{
    RMV_CLEANUP(rmv_str_free)
    char *text = option_bytes ? rmv_str_format("%" PRId64, size)
                              : rmv_str_format_size((uint64_t)(size < 0 ? -size : size));
    printf("  %-9s %s\n", text, what);
}

static void print(struct usage *usage, const struct sums *sums)
{
    const struct rmv_store_cost_total *files = rmv_store_cost_total(usage->files);
    if (usage->rows_count > 1) {
        add_size(usage, sums->size);
        add_size(usage, files->piece_size);
        add_size(usage, sums->stored);
        cli_table_add(&usage->table, "together");
    }
    cli_table_print(&usage->table, false);
    puts("saved by");
    print_saved("keeping equal files once", (int64_t)sums->same_files);
    print_saved("keeping equal parts of large files once", (int64_t)sums->same_parts);
    if (sums->compression >= 0)
        print_saved("compression", sums->compression);
    else
        print_saved("compression was not enough for the lists of chunks", sums->compression);
    if (sums->missing)
        printf("%" PRIu64 " object%s not in the store, and cost%s nothing\n", sums->missing,
               sums->missing == 1 ? " is" : "s are", sums->missing == 1 ? "s" : "");
}

static const struct rmv_error *measure(struct usage *usage, int argc, char **argv)
{
    const struct rmv_error *err =
        cli_revisions_parse(usage->workspace, argc, argv, REVISIONS_MAX, &usage->revisions);
    if (!err && usage->revisions.names.count == 0)
        err = add_revision(usage, NULL);
    for (size_t i = 0; !err && i < usage->revisions.names.count; i++)
        err = add_revision(usage, usage->revisions.names.items[i]);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(usage_free) struct usage usage = {.table.columns = 4};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (err)
        return err;
    usage.workspace = workspace;
    usage.files = rmv_store_cost_open(workspace->store);
    usage.listings = rmv_store_cost_open(workspace->store);
    usage.rows = rmv_value_add(&usage.document, "outputs");
    rmv_value_set_list(usage.rows);
    cli_table_add(&usage.table, "size");
    cli_table_add(&usage.table, "new");
    cli_table_add(&usage.table, "stored");
    cli_table_add(&usage.table, "of");
    err = measure(&usage, argc, argv);
    if (err)
        return err;
    const struct sums sums = add_up(&usage);
    if (option_json)
        print_json(&usage, &sums);
    else
        print(&usage, &sums);
    return NULL;
}

const struct cli_command rmv_command_du = {
    .name = "du",
    .arguments = "[REV...] [--] [PATH...]",
    .summary = "show what data costs in the store, and what is saved",
    .help =
        "Prints, for each tracked file or folder: the size of all its files; how much of that no\n"
        "line above has already, equal bytes counted once; and the bytes that takes in the store.\n"
        "Then what was saved by keeping equal files once, by keeping equal parts of large files\n"
        "once, and by compression. With several REVs, each line is what that version added to the\n"
        "ones before it: order them from old to new.\n"
        "\n"
        "Without a REV it is what the pointers in the workspace say; with PATHs, only what is at\n"
        "or below them. Small objects share compressed frames; each is charged its part of one.\n"
        "Listings of folders are included in what is stored. What other data shares is charged\n"
        "here too, so this is not what `rmv gc` would free. Nothing is read but listings and "
        "lists\n"
        "of chunks.",
    .examples = "rmv du  # everything that is tracked now\n"
                "rmv du v1 v2 v3 -- data/raw  # what each version added\n"
                "rmv du --json data | jq .total.saved\n",
    .options = options,
    .keeps_dashes = true,
    .run = run,
};
