#include "rmv/values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/pipeline/metrics.h"
#include "rmv/revisions.h"
#include "rmv/shared.h"
#include "rmv/table.h"

/* ---- Files ---------------------------------------------------------------------------------- */

static void add_once(struct rmv_strings *files, const char *file)
{
    if (!rmv_strings_has(files, file))
        rmv_strings_add(files, file);
}

static bool is_chosen(const struct cli_values_choice *choice, const char *file)
{
    for (size_t i = 0; i < choice->targets->count; i++)
        if (rmv_path_is_in(file, choice->targets->items[i]))
            return true;
    return false;
}

const struct rmv_error *cli_values_find(struct rmv_workspace *workspace, const char *revision,
                                        const struct cli_values_choice *choice,
                                        struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings known = {0};
    const bool has_targets = choice->targets && choice->targets->count;

    for (size_t i = 0; has_targets && !choice->recursive && i < choice->targets->count; i++)
        add_once(files, choice->targets->items[i]);
    if (has_targets && !choice->recursive)
        return NULL;
    const struct rmv_error *err = revision
                                      ? rmv_pipeline_read_revision(workspace, revision, &pipeline)
                                      : rmv_pipeline_read(workspace, &pipeline);
    if (err)
        return err;
    if (choice->kind == CLI_VALUES_METRICS)
        rmv_metrics_files(&pipeline, &known);
    else
        rmv_params_list(&pipeline, &known);
    for (size_t i = 0; i < known.count; i++)
        if (!has_targets || is_chosen(choice, known.items[i]))
            add_once(files, known.items[i]);
    return NULL;
}

const struct rmv_error *cli_values_read(struct rmv_workspace *workspace, const char *revision,
                                        const struct rmv_strings *files, struct rmv_value *values)
{
    rmv_value_set_map(values);
    for (size_t i = 0; i < files->count; i++) {
        const struct rmv_error *err =
            rmv_metrics_read(workspace, revision, files->items[i], values);
        if (!err || err->code == RMV_ERR_NOT_FOUND)
            continue;
        if (!revision || err->code != RMV_ERR_CORRUPT)
            return err;
        /* Nobody can mend what was committed. */
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s: %s", revision, err->message);
    }
    return NULL;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

/* A target that neither side has is a mistake. */
static const struct rmv_error *check_targets(const struct cli_values_choice *choice,
                                             const struct rmv_value *before,
                                             const struct rmv_value *after)
{
    for (size_t i = 0; choice->targets && i < choice->targets->count; i++) {
        const char *target = choice->targets->items[i];
        if (!choice->recursive && !rmv_value_find(before, target) && !rmv_value_find(after, target))
            return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is in neither of the two", target);
    }
    return NULL;
}

const struct rmv_error *cli_values_compare(struct rmv_workspace *workspace,
                                           const char *const revisions[2],
                                           const struct cli_values_choice *choice, bool all,
                                           struct rmv_params_differences *differences)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value before = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value after = {0};

    const struct rmv_error *err = cli_values_find(workspace, revisions[0], choice, &files);
    if (!err)
        err = cli_values_find(workspace, revisions[1], choice, &files);
    if (!err)
        err = cli_values_read(workspace, revisions[0], &files, &before);
    if (!err)
        err = cli_values_read(workspace, revisions[1], &files, &after);
    if (!err)
        err = check_targets(choice, &before, &after);
    for (size_t i = 0; !err && i < files.count; i++)
        rmv_params_compare(files.items[i], rmv_value_find(&before, files.items[i]),
                           rmv_value_find(&after, files.items[i]), all, differences);
    return err;
}

/* ---- What stages depend on ------------------------------------------------------------------- */

/* Is it `key`, or inside, or does it hold it? */
static bool is_key_of(const char *key, const char *wanted)
{
    const size_t size = strlen(wanted), key_size = strlen(key);
    const size_t shorter = size < key_size ? size : key_size;
    if (strncmp(key, wanted, shorter) != 0)
        return false;
    return size == key_size || (size < key_size ? key[size] : wanted[key_size]) == '.';
}

static bool is_depended_on(const struct rmv_pipeline *pipeline,
                           const struct rmv_params_difference *difference)
{
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].params_count; k++) {
            const struct rmv_stage_params *params = &pipeline->stages[i].params[k];
            if (strcmp(params->file, difference->file) != 0)
                continue;
            if (!params->keys.count)
                return true;
            for (size_t n = 0; n < params->keys.count; n++)
                if (is_key_of(difference->key, params->keys.items[n]))
                    return true;
        }
    return false;
}

const struct rmv_error *cli_values_keep_deps(struct rmv_workspace *workspace,
                                             struct rmv_params_differences *differences)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences all = *differences;

    *differences = (struct rmv_params_differences){0};
    const struct rmv_error *err = rmv_pipeline_read(workspace, &pipeline);
    for (size_t i = 0; !err && i < all.count; i++) {
        if (!is_depended_on(&pipeline, &all.items[i]))
            continue;
        differences->items = rmv_grow(differences->items, differences->count,
                                      &differences->capacity, sizeof(differences->items[0]));
        differences->items[differences->count++] = all.items[i];
        all.items[i] = (struct rmv_params_difference){0};
    }
    return err;
}

/* ---- Printing ------------------------------------------------------------------------------- */

static bool is_number(const struct rmv_value *value)
{
    return value->kind == RMV_VALUE_INT || value->kind == RMV_VALUE_DOUBLE;
}

static double number_of(const struct rmv_value *value)
{
    return value->kind == RMV_VALUE_INT ? (double)value->integer : value->number;
}

static void append_number(double number, int precision, struct rmv_buf *out)
{
    const double size = fabs(number);
    double least = 0.5; /* what is not rounded to nothing */
    for (int i = 0; i < precision; i++)
        least /= 10;
    if (!isfinite(number) || size >= 1e15 || (size > 0 && size < least)) {
        rmv_buf_append_format(out, "%.*g", precision > 0 ? precision : 1, number);
        return;
    }
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%.*f", precision, number);
    size_t length = strlen(text);
    while (strchr(text, '.') && text[length - 1] == '0' && text[length - 2] != '.')
        text[--length] = '\0';
    rmv_buf_append_string(out, text);
}

void cli_format_value(const struct rmv_value *value, int64_t precision, struct rmv_buf *out)
{
    if (precision >= 0 && value->kind == RMV_VALUE_DOUBLE)
        append_number(value->number, (int)precision, out);
    else
        rmv_params_format_value(value, out);
}

/* Sets `*change` if both are numbers. */
static bool find_change(const struct rmv_params_difference *difference, struct rmv_value *change)
{
    const struct rmv_value *before = &difference->before, *after = &difference->after;
    int64_t whole;

    if (!difference->had || !difference->has || !is_number(before) || !is_number(after))
        return false;
    if (before->kind == RMV_VALUE_INT && after->kind == RMV_VALUE_INT &&
        !__builtin_sub_overflow(after->integer, before->integer, &whole))
        rmv_value_set_int(change, whole);
    else
        rmv_value_set_double(change, number_of(after) - number_of(before));
    return true;
}

static void add_cell(struct cli_table *table, const struct rmv_value *value, int64_t precision)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    if (value)
        cli_format_value(value, precision, &text);
    cli_table_add(table, value ? rmv_buf_string(&text) : "-");
}

void cli_differences_print(const struct rmv_params_differences *differences,
                           const struct cli_differences_style *style)
{
    RMV_CLEANUP(cli_table_free)
    struct cli_table table = {.columns = 3u + !style->no_path + style->has_change};

    if (!differences->count)
        return;
    if (!style->no_path)
        cli_table_add(&table, "Path");
    cli_table_add(&table, style->name);
    cli_table_add(&table, style->before);
    cli_table_add(&table, style->after);
    if (style->has_change)
        cli_table_add(&table, "Change");
    for (size_t i = 0; i < differences->count; i++) {
        const struct rmv_params_difference *difference = &differences->items[i];
        struct rmv_value change = {0};
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(style->workspace, difference->file);
        if (!style->no_path)
            cli_table_add(&table, path);
        cli_table_add(&table, difference->key);
        add_cell(&table, difference->had ? &difference->before : NULL, style->precision);
        add_cell(&table, difference->has ? &difference->after : NULL, style->precision);
        if (style->has_change)
            add_cell(&table, find_change(difference, &change) ? &change : NULL, style->precision);
    }
    cli_table_print(&table, style->as_markdown);
}

void cli_differences_to_value(const struct rmv_params_differences *differences,
                              const struct cli_differences_style *style, struct rmv_value *document)
{
    rmv_value_set_map(document);
    for (size_t i = 0; i < differences->count; i++) {
        const struct rmv_params_difference *difference = &differences->items[i];
        struct rmv_value change = {0};
        struct rmv_value *key =
            rmv_value_add(rmv_value_add(document, difference->file), difference->key);
        if (difference->had)
            rmv_value_copy(rmv_value_add(key, "old"), &difference->before);
        if (difference->has)
            rmv_value_copy(rmv_value_add(key, "new"), &difference->after);
        if (style->has_change && find_change(difference, &change))
            rmv_value_copy(rmv_value_add(key, "diff"), &change);
    }
}

void cli_differences_print_json(const struct rmv_params_differences *differences,
                                const struct cli_differences_style *style)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    cli_differences_to_value(differences, style, &document);
    cli_print_json(&document);
}

const struct rmv_error *cli_values_diff(const struct cli_values_diff *diff, int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    const char *const revisions[2] = {argc > 0 ? argv[0] : "HEAD", argc > 1 ? argv[1] : NULL};
    RMV_CLEANUP(rmv_str_free) char *before = NULL;
    RMV_CLEANUP(rmv_str_free) char *after = NULL;
    struct cli_values_choice choice = diff->choice;
    struct cli_differences_style style = diff->style;

    if (argc > 2)
        return rmv_error(RMV_ERR_USAGE, "at most two revisions can be compared: '%s'", argv[2]);
    if (choice.recursive && !diff->targets->count)
        return rmv_error(RMV_ERR_USAGE, "--recursive needs --targets");
    const bool has_precision = choice.kind == CLI_VALUES_METRICS;
    const struct rmv_error *err = has_precision ? cli_check_precision(style.precision) : NULL;
    if (!err)
        err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, (int)diff->targets->count, diff->targets->items, &targets);
    choice.targets = &targets;
    if (!err)
        err = cli_revision_find(workspace, revisions[0], &before);
    if (!err && revisions[1])
        err = cli_revision_find(workspace, revisions[1], &after);
    const char *const found[2] = {before, after};
    if (!err)
        err = cli_values_compare(workspace, found, &choice, diff->all, &differences);
    if (!err && diff->only_deps)
        err = cli_values_keep_deps(workspace, &differences);
    if (err)
        return err;
    style.workspace = workspace;
    style.before = revisions[0];
    style.after = revisions[1] ? revisions[1] : "workspace";
    if (diff->as_json)
        cli_differences_print_json(&differences, &style);
    else
        cli_differences_print(&differences, &style);
    return NULL;
}

const struct rmv_error *cli_check_precision(int64_t precision)
{
    if (precision >= 0 && precision <= CLI_PRECISION_MAX)
        return NULL;
    return rmv_error(RMV_ERR_USAGE, "--precision is a number from 0 to %d", CLI_PRECISION_MAX);
}
