#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/pipeline/plots.h"
#include "rmv/shared.h"

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print the names as a JSON document"},
    {0},
};

static void print_names(void)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    struct rmv_value *list = rmv_value_add(&document, "templates");

    rmv_value_set_list(list);
    for (int i = 0; i < RMV_PLOT_TEMPLATES_COUNT; i++) {
        const char *name = rmv_plot_template_name((enum rmv_plot_template)i);
        rmv_value_set_text(rmv_value_append(list), name);
        if (!option_json)
            puts(name);
    }
    if (option_json)
        cli_print_json(&document);
}

static const struct rmv_error *templates(int argc, char **argv)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value specification = {0};
    enum rmv_plot_template template;

    if (argc > 1)
        return rmv_error(RMV_ERR_USAGE, "one template at a time is printed, not %d", argc);
    if (!argc) {
        print_names();
        return NULL;
    }
    const struct rmv_error *err = rmv_plot_template_named(argv[0], &template);
    if (err)
        return err;
    rmv_plot_template_specification(template, &specification);
    cli_print_json(&specification);
    return NULL;
}

const struct cli_command rmv_command_plots_templates = {
    .name = "plots templates",
    .arguments = "[TEMPLATE]",
    .summary = "list the templates of plots, or print one",
    .help =
        "Lists the built-in templates, or prints the Vega-Lite specification that comes nearest\n"
        "to one of them, to start a template of your own from. A file in .rmstore/plots, which\n"
        "stays out of Git, or in .dvc/plots is known by its name, others by their path:\n"
        "`template` in rmv.yaml and `-t` take either.\n"
        "\n"
        "What is filled in are the anchors of DVC's templates: <DVC_METRIC_DATA>, which must be\n"
        "there, TITLE, X, Y, X_LABEL, Y_LABEL, COLOR and so on. Rows have the columns that are\n"
        "drawn, and `rev`; where there are several y, also `filename` and `field`.\n"
        "\n"
        "`rmv plots show --show-vega` follows such a file to the letter; pages are drawn without\n"
        "Vega, in the way of the built-in template that looks most like it.",
    .examples = "rmv plots templates\n"
                "rmv plots templates simple >.dvc/plots/mine.json    # then: template: mine\n",
    .options = options,
    .run = templates,
};
