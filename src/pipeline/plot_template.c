#include "pipeline/plot_template.h"

#include <string.h>

#include "pipeline/file_at.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define OWN_FOLDER RMV_WORKSPACE_FOLDER "/plots"
#define DVC_FOLDER ".dvc/plots"
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
        rmv_error(RMV_ERR_USAGE,
                  "there is no template '%s': there are %s, and files in '" OWN_FOLDER
                  "' and '" DVC_FOLDER "'",
                  name, rmv_buf_string(&all));
    const char *nearest = rmv_strings_nearest(&names, name);
    return nearest ? rmv_error_hint(err, "did you mean '%s'?", nearest) : err;
}

const struct rmv_error *rmv_plot_template_named(const char *name, enum rmv_plot_template *template)
{
    return find_built_in(name, template) ? NULL : no_such_template(name);
}

/* ---- The user's ----------------------------------------------------------------------------- */

void rmv_plot_choice_free(struct rmv_plot_choice *choice)
{
    rmv_value_free(&choice->specification);
    rmv_str_free(&choice->remark);
}

/* What is drawn in place of a mark of Vega-Lite. Of several layers the first in this list counts:
 * numbers in the squares of a matrix are text, lines have points. */
static const struct {
    const char *mark;
    enum rmv_plot_template template;
} marks[] = {
    {"rect", RMV_PLOT_CONFUSION}, {"bar", RMV_PLOT_BARS},       {"line", RMV_PLOT_SIMPLE},
    {"area", RMV_PLOT_SIMPLE},    {"trail", RMV_PLOT_SIMPLE},   {"point", RMV_PLOT_SCATTER},
    {"circle", RMV_PLOT_SCATTER}, {"square", RMV_PLOT_SCATTER}, {"tick", RMV_PLOT_SCATTER},
};
#define MARKS_COUNT (sizeof(marks) / sizeof(marks[0]))

/* What was seen in a specification. */
struct look {
    size_t mark; /* the first in the list; MARKS_COUNT: none of them */
    bool has_points, has_loess, has_offset, has_sums, is_sorted, lies;
};

static void look_at_mark(const struct rmv_value *value, struct look *look)
{
    const char *mark =
        value->kind == RMV_VALUE_STRING ? value->text : rmv_value_find_text(value, "type");
    const struct rmv_value *point = rmv_value_find(value, "point");
    for (size_t i = 0; mark && i < MARKS_COUNT; i++) {
        if (strcmp(marks[i].mark, mark) != 0)
            continue;
        look->mark = i < look->mark ? i : look->mark;
        look->has_points = look->has_points || marks[i].template == RMV_PLOT_SCATTER;
    }
    look->has_points =
        look->has_points || (point && (point->kind != RMV_VALUE_BOOL || point->boolean));
}

/* A bar that lies has its names on the y axis, and may be sorted by x. */
static void look_at_y(const struct rmv_value *y, struct look *look)
{
    const char *type = rmv_value_find_text(y, "type"), *sort = rmv_value_find_text(y, "sort");
    look->lies =
        look->lies || (type && (strcmp(type, "nominal") == 0 || strcmp(type, "ordinal") == 0));
    look->is_sorted = look->is_sorted || (sort && strcmp(sort, "-x") == 0);
}

static bool has_sum(const struct rmv_value *aggregates)
{
    for (size_t i = 0; aggregates->kind == RMV_VALUE_LIST && i < aggregates->list.count; i++) {
        const char *op = rmv_value_find_text(&aggregates->list.items[i], "op");
        if (op && strcmp(op, "sum") == 0)
            return true;
    }
    return false;
}

static void look_at_member(const struct rmv_member *member, struct look *look)
{
    if (strcmp(member->key, "mark") == 0)
        look_at_mark(&member->value, look);
    else if (strcmp(member->key, "y") == 0)
        look_at_y(&member->value, look);
    else if (strcmp(member->key, "loess") == 0)
        look->has_loess = true;
    else if (strcmp(member->key, "xOffset") == 0)
        look->has_offset = true;
    else if (strcmp(member->key, "joinaggregate") == 0)
        look->has_sums = look->has_sums || has_sum(&member->value);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which was parsed within a limit. */
static void look_at(const struct rmv_value *value, struct look *look)
{
    for (size_t i = 0; value->kind == RMV_VALUE_LIST && i < value->list.count; i++)
        look_at(&value->list.items[i], look);
    for (size_t i = 0; value->kind == RMV_VALUE_MAP && i < value->map.count; i++) {
        look_at_member(&value->map.members[i], look);
        look_at(&value->map.members[i].value, look);
    }
}

static enum rmv_plot_template nearest_of(const struct look *look)
{
    const enum rmv_plot_template template =
        look->mark < MARKS_COUNT ? marks[look->mark].template : RMV_PLOT_LINEAR;
    switch (template) {
    case RMV_PLOT_CONFUSION:
        return look->has_sums ? RMV_PLOT_CONFUSION_NORMALIZED : RMV_PLOT_CONFUSION;
    case RMV_PLOT_BARS: /* standing ones are drawn as lines */
        return !look->lies       ? RMV_PLOT_LINEAR
               : look->is_sorted ? RMV_PLOT_BARS_SORTED
                                 : RMV_PLOT_BARS;
    case RMV_PLOT_SIMPLE:
        return look->has_loess    ? RMV_PLOT_SMOOTH
               : look->has_points ? RMV_PLOT_LINEAR
                                  : RMV_PLOT_SIMPLE;
    case RMV_PLOT_SCATTER:
        return look->has_offset ? RMV_PLOT_SCATTER_JITTER : RMV_PLOT_SCATTER;
    default:
        return template;
    }
}

static const struct rmv_error *read_specification(const char *path, const struct rmv_buf *text,
                                                  struct rmv_plot_choice *choice)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value built_in = {0};
    struct look look = {.mark = MARKS_COUNT};

    const struct rmv_error *err = rmv_json_parse(path, text->data, text->size, &document);
    if (!err)
        err = rmv_value_expect(path, &document, RMV_VALUE_MAP, "a template");
    if (err)
        return err;
    look_at(&document, &look);
    choice->template = nearest_of(&look);
    rmv_plot_template_specification(choice->template, &built_in);
    if (rmv_value_equal(&document, &built_in))
        return NULL;
    choice->specification = document;
    document = (struct rmv_value){0};
    choice->remark =
        rmv_str_format("template '%s' is for Vega, which is not used here: drawn as '%s'", path,
                       template_names[choice->template]);
    return NULL;
}

static const struct rmv_error *read_file(struct rmv_workspace *workspace, const char *folder,
                                         const char *name, char **path, struct rmv_buf *text)
{
    const struct rmv_file_place now = {.workspace = workspace};
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, name);
    *path = rmv_path_normalize(joined);
    const struct rmv_error *err = rmv_path_is_in(*path, OWN_FOLDER) ? NULL : rmv_path_check(*path);
    return err ? err : rmv_file_at_read(&now, *path, TEMPLATE_SIZE_MAX, text);
}

const struct rmv_error *rmv_plot_template_find(struct rmv_workspace *workspace, const char *folder,
                                               const char *name, struct rmv_plot_choice *choice)
{
    RMV_CLEANUP(rmv_str_free) char *with_ending = rmv_str_format("%s.json", name);
    const char *const places[][2] = {{folder, name},
                                     {OWN_FOLDER, name},
                                     {OWN_FOLDER, with_ending},
                                     {DVC_FOLDER, name},
                                     {DVC_FOLDER, with_ending}};

    *choice = (struct rmv_plot_choice){0};
    if (find_built_in(name, &choice->template))
        return NULL;
    for (size_t i = 0; *name && i < sizeof(places) / sizeof(places[0]); i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        RMV_CLEANUP(rmv_str_free) char *path = NULL;
        const struct rmv_error *err =
            read_file(workspace, places[i][0], places[i][1], &path, &text);
        if (!err)
            return read_specification(path, &text, choice);
        if (err->code != RMV_ERR_NOT_FOUND)
            return err;
    }
    return no_such_template(name);
}
