#include "pipeline/plot_template.h"

#include <string.h>

#include "pipeline/file_at.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define TEMPLATES_FOLDER ".dvc/plots"
#define TEMPLATE_SIZE_MAX ((size_t)1024 * 1024)

static const char *const template_names[RMV_PLOT_TEMPLATES_COUNT] = {
    "linear",
    "simple",
    "scatter",
    "scatter_jitter",
    "smooth",
    "confusion",
    "confusion_normalized",
    "bar_horizontal",
    "bar_horizontal_sorted",
};

const char *rmv_plot_template_name(enum rmv_plot_template template)
{
    return template_names[template];
}

static bool find_built_in(const char *name, enum rmv_plot_template *template)
{
    for (int i = 0; i < RMV_PLOT_TEMPLATES_COUNT; i++)
        if (strcmp(name, template_names[i]) == 0) {
            *template = (enum rmv_plot_template)i;
            return true;
        }
    return false;
}

static const struct rmv_error *no_such_template(const char *name)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf all = {0};

    for (int i = 0; i < RMV_PLOT_TEMPLATES_COUNT; i++) {
        rmv_strings_add(&names, template_names[i]);
        rmv_buf_append_format(&all, "%s%s", i ? ", " : "", template_names[i]);
    }
    const struct rmv_error *err =
        rmv_error(RMV_ERR_USAGE, "there is no template '%s': there are %s, and files in '%s'", name,
                  rmv_buf_string(&all), TEMPLATES_FOLDER);
    const char *nearest = rmv_strings_nearest(&names, name);
    return nearest ? rmv_error_hint(err, "did you mean '%s'?", nearest) : err;
}

/* ---- The user's ----------------------------------------------------------------------------- */

/* What is drawn in place of a mark of Vega-Lite. Of several layers the first in this list counts:
 * numbers in the squares of a matrix are text, lines have points. */
static const struct {
    const char *mark;
    enum rmv_plot_template template;
} marks[] = {
    {"rect", RMV_PLOT_CONFUSION}, {"line", RMV_PLOT_LINEAR},   {"area", RMV_PLOT_LINEAR},
    {"trail", RMV_PLOT_LINEAR},   {"point", RMV_PLOT_SCATTER}, {"circle", RMV_PLOT_SCATTER},
    {"square", RMV_PLOT_SCATTER}, {"tick", RMV_PLOT_SCATTER},
};
#define MARKS_COUNT (sizeof(marks) / sizeof(marks[0]))

static void look_at_mark(const struct rmv_value *value, size_t *best)
{
    const char *mark =
        value->kind == RMV_VALUE_STRING ? value->text : rmv_value_find_text(value, "type");
    for (size_t i = 0; mark && i < *best; i++)
        if (strcmp(marks[i].mark, mark) == 0)
            *best = i;
}

/* Sets `*best` to the first of the marks that any part of the specification has. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which was parsed within a limit. */
static void find_marks(const struct rmv_value *value, size_t *best, bool *is_smooth)
{
    for (size_t i = 0; value->kind == RMV_VALUE_LIST && i < value->list.count; i++)
        find_marks(&value->list.items[i], best, is_smooth);
    for (size_t i = 0; value->kind == RMV_VALUE_MAP && i < value->map.count; i++) {
        const struct rmv_member *member = &value->map.members[i];
        if (strcmp(member->key, "mark") == 0)
            look_at_mark(&member->value, best);
        *is_smooth = *is_smooth || strcmp(member->key, "loess") == 0;
        find_marks(&member->value, best, is_smooth);
    }
}

static const struct rmv_error *read_specification(const char *path, const struct rmv_buf *text,
                                                  enum rmv_plot_template *template, char **remark)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    size_t best = MARKS_COUNT;
    bool is_smooth = false;

    const struct rmv_error *err = rmv_json_parse(path, text->data, text->size, &document);
    if (!err)
        err = rmv_value_expect(path, &document, RMV_VALUE_MAP, "a template");
    if (err)
        return err;
    find_marks(&document, &best, &is_smooth);
    *template = best < MARKS_COUNT ? marks[best].template : RMV_PLOT_LINEAR;
    if (is_smooth && *template == RMV_PLOT_LINEAR)
        *template = RMV_PLOT_SMOOTH;
    *remark = rmv_str_format("template '%s' is for Vega, which is not used here: drawn as '%s'",
                             path, template_names[*template]);
    return NULL;
}

static const struct rmv_error *read_file(struct rmv_workspace *workspace, const char *folder,
                                         const char *name, char **path, struct rmv_buf *text)
{
    const struct rmv_file_place now = {.workspace = workspace};
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, name);
    *path = rmv_path_normalize(joined);
    const struct rmv_error *err = rmv_path_check(*path);
    return err ? err : rmv_file_at_read(&now, *path, TEMPLATE_SIZE_MAX, text);
}

const struct rmv_error *rmv_plot_template_find(struct rmv_workspace *workspace, const char *folder,
                                               const char *name, enum rmv_plot_template *template,
                                               char **remark)
{
    RMV_CLEANUP(rmv_str_free) char *with_ending = rmv_str_format("%s.json", name);
    const char *const places[][2] = {
        {folder, name}, {TEMPLATES_FOLDER, name}, {TEMPLATES_FOLDER, with_ending}};

    *remark = NULL;
    if (find_built_in(name, template))
        return NULL;
    for (size_t i = 0; *name && i < sizeof(places) / sizeof(places[0]); i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        RMV_CLEANUP(rmv_str_free) char *path = NULL;
        const struct rmv_error *err =
            read_file(workspace, places[i][0], places[i][1], &path, &text);
        if (!err)
            return read_specification(path, &text, template, remark);
        if (err->code != RMV_ERR_NOT_FOUND)
            return err;
    }
    return no_such_template(name);
}
