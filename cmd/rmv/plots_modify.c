#include <stdio.h>
#include <string.h>

#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/commands.h"
#include "rmv/dataset/work_file.h"
#include "rmv/pipeline/plots.h"
#include "rmv/shared.h"

static const char *option_x, *option_y, *option_template, *option_title, *option_x_label;
static const char *option_y_label;
static bool option_no_header;
static struct rmv_strings option_unset;

static const struct cli_option options[] = {
    {.name = "template",
     .letter = 't',
     .text = &option_template,
     .argument = "NAME",
     .help = "how it is drawn: see `rmv plots templates`"},
    {.name = "x",
     .letter = 'x',
     .text = &option_x,
     .argument = "COLUMN",
     .help = "the column for the x axis"},
    {.name = "y",
     .letter = 'y',
     .text = &option_y,
     .argument = "COLUMN",
     .help = "the column for the y axis"},
    {.name = "no-header",
     .flag = &option_no_header,
     .help = "CSV and TSV have no line of names: columns are 0, 1, …"},
    {.name = "title", .text = &option_title, .argument = "TEXT", .help = "a title"},
    {.name = "x-label",
     .text = &option_x_label,
     .argument = "TEXT",
     .help = "what the x axis is called"},
    {.name = "y-label",
     .text = &option_y_label,
     .argument = "TEXT",
     .help = "what the y axis is called"},
    {.name = "unset",
     .list = &option_unset,
     .argument = "OPTION",
     .help = "take this one out of rmv.yaml, or several with commas; may be given several times"},
    {0},
};

/* The options as rmv.yaml has them. */
static void collect(struct rmv_value *set)
{
    const struct {
        const char *key, *text;
    } texts[] = {{"template", option_template},
                 {"x", option_x},
                 {"y", option_y},
                 {"title", option_title},
                 {"x_label", option_x_label},
                 {"y_label", option_y_label}};

    rmv_value_set_map(set);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text)
            rmv_value_set_text(rmv_value_add(set, texts[i].key), texts[i].text);
    if (option_no_header)
        rmv_value_set_bool(rmv_value_add(set, "header"), false);
}

/* They may be written as they are in rmv.yaml or as options of this command. */
static void collect_unset(struct rmv_strings *unset)
{
    for (size_t i = 0; i < option_unset.count; i++)
        for (const char *at = option_unset.items[i]; *at;) {
            const size_t size = strcspn(at, ", ");
            char *key = rmv_str_copy_n(at, size);
            for (char *dash = key; (dash = strchr(dash, '-'));)
                *dash = '_';
            if (strcmp(key, "no_header") == 0)
                rmv_str_set(&key, "header");
            at += size + strspn(at + size, ", ");
            if (*key)
                rmv_strings_add(unset, key);
            rmv_str_free(&key);
        }
}

static const struct rmv_error *edit(struct rmv_workspace *workspace,
                                    const struct rmv_plot_target *target)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value set = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings unset = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new_text = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(target->file);
    const struct rmv_pipeline_reader reader = rmv_pipeline_reader_of(workspace);
    const struct rmv_plots_edit change = {
        .file = target->file, .reader = &reader, .target = *target, .set = &set, .unset = &unset};
    bool found;
    const struct rmv_error *err = NULL;

    collect(&set);
    collect_unset(&unset);
    if (target->is_plot && !set.map.count && !unset.count)
        return rmv_error(RMV_ERR_USAGE, "what should be changed? It is a plot already");
    if (option_template)
        err = rmv_plots_check_template(workspace, folder, option_template);
    if (!err)
        err = rmv_work_file_read(workspace, target->file, RMV_YAML_BYTES_MAX, &found, &text);
    if (!err)
        err = rmv_plots_modify(&change, &text, &new_text);
    return err ? err : rmv_work_file_write(workspace, target->file, &new_text);
}

static const struct rmv_error *modify(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    struct rmv_plot_target target = {0};

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE,
                         argc ? "one plot at a time is modified, not %d"
                              : "which plot should be modified?",
                         argc);
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_workspace_lock(workspace, &lock);
    if (!err)
        err = rmv_pipeline_read(workspace, &pipeline);
    if (!err)
        err = rmv_plots_find_target(workspace, &pipeline, argv[0], &target);
    if (!err)
        err = edit(workspace, &target);
    if (!err && !cli_quiet)
        printf("%s: '%s' %s\n", target.file, argv[0],
               target.is_plot ? "is drawn so from now on" : "is a plot now");
    return err;
}

const struct cli_command rmv_command_plots_modify = {
    .name = "plots modify",
    .arguments = "PLOT",
    .summary = "change how a plot is drawn from now on",
    .help =
        "Writes these options into the rmv.yaml that lists PLOT, an output of a stage or a plot "
        "of\n"
        "the top level, or takes them out with --unset; all else in the file stays as it is,\n"
        "comments too. No stage runs again because of it.\n"
        "\n"
        "An output of a stage that is no plot yet, or a metric, becomes one.\n"
        "\n"
        "What is in a loop (foreach, matrix) is of all its stages, and is left for you to edit.",
    .examples = "rmv plots modify log.csv -x epoch -y loss --title Loss\n"
                "rmv plots modify log.csv --unset x,title\n"
                "rmv plots modify classes.csv -t confusion    # an output becomes a plot\n",
    .options = options,
    .run = modify,
};
