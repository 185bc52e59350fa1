#include <assert.h>
#include <string.h>

#include "pipeline/plot_json.h"
#include "pipeline/plot_svg.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

/* Filling in templates for Vega-Lite. The anchors are those of DVC's templates, old and new, so
 * that its users' own work here: https://dvc.org/doc/command-reference/plots/templates */

#define SEVERAL_X "dvc_inferred_x_value"
#define SEVERAL_Y "dvc_inferred_y_value"
#define SIZE 300

struct anchor {
    const char *name;
    struct rmv_value value;
};
#define ANCHORS_MAX 24

struct anchors {
    struct anchor items[ANCHORS_MAX];
    size_t count;
    bool has_data; /* there was a place for the data */
};

static void anchors_free(struct anchors *anchors)
{
    for (size_t i = 0; i < anchors->count; i++)
        rmv_value_free(&anchors->items[i].value);
}

/* The value of a new anchor, for the caller to set. */
static struct rmv_value *add(struct anchors *anchors, const char *name)
{
    assert(anchors->count < ANCHORS_MAX);
    struct anchor *anchor = &anchors->items[anchors->count++];
    *anchor = (struct anchor){.name = name};
    return &anchor->value;
}

static void add_text(struct anchors *anchors, const char *name, const char *text)
{
    rmv_plot_set_text(add(anchors, name), text);
}

static void set_member(struct rmv_value *map, const char *key, const char *text)
{
    rmv_plot_set_text(rmv_value_add(map, key), text);
}

/* ---- Fields --------------------------------------------------------------------------------- */

static const char *x_of(const struct rmv_plot_series *series)
{
    return series->x_name ? series->x_name : "step";
}

struct rmv_plot_fields rmv_plot_fields_of(const struct rmv_plot_drawing *drawing)
{
    const struct rmv_plot_series *first = drawing->series;
    struct rmv_plot_fields fields = {.x = x_of(first), .y = first->name};

    for (size_t i = 1; i < drawing->series_count; i++) {
        const struct rmv_plot_series *series = &drawing->series[i];
        if (strcmp(x_of(series), fields.x) != 0)
            fields.x = SEVERAL_X;
        fields.has_names = fields.has_names || strcmp(series->name, first->name) != 0;
        fields.has_files = fields.has_files || strcmp(series->file, first->file) != 0;
    }
    if (fields.has_names)
        fields.y = SEVERAL_Y;
    return fields;
}

/* A name that Vega-Lite does not take for a path into objects; the caller frees it. */
static char *escape_field(const char *name)
{
    struct rmv_buf out = {0};
    for (; *name; name++) {
        if (strchr(".[]", *name))
            rmv_buf_append_string(&out, "\\");
        rmv_buf_append(&out, name, 1);
    }
    return rmv_buf_take(&out);
}

/* What tells the series of one revision apart: a field; NULL if there is only one. */
static const char *source_of(const struct rmv_plot_fields *fields)
{
    return fields->has_files && fields->has_names ? "filename::field"
           : fields->has_files                    ? "filename"
           : fields->has_names                    ? "field"
                                                  : NULL;
}

/* ---- Anchors -------------------------------------------------------------------------------- */

static void add_range(struct rmv_value *scale, const char *const *range, size_t range_count)
{
    const size_t count = rmv_value_find(scale, "domain")->list.count;
    struct rmv_value *list = rmv_value_add(scale, "range");
    rmv_value_set_list(list);
    for (size_t i = 0; i < count; i++)
        rmv_plot_set_text(rmv_value_append(list),
                          range ? range[i % range_count] : rmv_plot_colour(i));
}

static void add_dashes(struct rmv_value *scale)
{
    static const int dashes[][2] = {{1, 0}, {8, 8}, {8, 4}, {4, 4}, {4, 2}, {2, 1}, {1, 1}};
    const size_t count = rmv_value_find(scale, "domain")->list.count;
    struct rmv_value *list = rmv_value_add(scale, "range");
    rmv_value_set_list(list);
    for (size_t i = 0; i < count; i++) {
        struct rmv_value *dash = rmv_value_append(list);
        rmv_value_set_list(dash);
        for (size_t k = 0; k < 2; k++)
            rmv_value_set_int(rmv_value_append(dash),
                              dashes[i % (sizeof(dashes) / sizeof(dashes[0]))][k]);
    }
}

static void append_once(struct rmv_value *list, const char *text)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (strcmp(list->list.items[i].text, text) == 0)
            return;
    rmv_plot_set_text(rmv_value_append(list), text);
}

/* Sets the value to an encoding by the field, and returns its scale, whose domain is empty. */
static struct rmv_value *set_encoding(struct rmv_value *encoding, const char *field)
{
    set_member(encoding, "field", field);
    struct rmv_value *scale = rmv_value_add(encoding, "scale");
    rmv_value_set_list(rmv_value_add(scale, "domain"));
    return scale;
}

static void add_colours(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                        struct anchors *anchors)
{
    struct rmv_value *scale = set_encoding(add(anchors, "<DVC_METRIC_COLOR>"), "rev");
    for (size_t i = 0; i < drawing->series_count; i++)
        append_once(rmv_value_find(scale, "domain"), plots->labels.items[drawing->series[i].state]);
    add_range(scale, NULL, 0);
}

/* How series of one revision look different: by dashes or shapes, or side by side. */
static void add_sources(const struct rmv_plot_drawing *drawing,
                        const struct rmv_plot_fields *fields, struct anchors *anchors)
{
    static const char *const shapes[] = {"circle", "square", "triangle", "diamond"};
    static const char *const names[] = {"<DVC_METRIC_STROKE_DASH>", "<DVC_METRIC_SHAPE>",
                                        "<DVC_METRIC_ROW>", "<DVC_METRIC_COLUMN>"};
    const char *source = source_of(fields);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct rmv_value *value = add(anchors, names[i]);
        rmv_value_set_map(value);
        if (!source)
            continue;
        if (i >= 2) {
            set_member(value, "field", source);
            rmv_value_set_list(rmv_value_add(value, "sort"));
            continue;
        }
        struct rmv_value *scale = set_encoding(value, source);
        for (size_t k = 0; k < drawing->series_count; k++) {
            const struct rmv_plot_series *series = &drawing->series[k];
            RMV_CLEANUP(rmv_str_free)
            char *name = rmv_str_format("%s%s%s", fields->has_files ? series->file : "",
                                        fields->has_files && fields->has_names ? "::" : "",
                                        fields->has_names ? series->name : "");
            append_once(rmv_value_find(scale, "domain"), name);
        }
        if (i == 0)
            add_dashes(scale);
        else
            add_range(scale, shapes, sizeof(shapes) / sizeof(shapes[0]));
    }
}

static void add_groups(const struct rmv_plot_fields *fields, const char *x, const char *y,
                       struct anchors *anchors)
{
    const char *source = source_of(fields);
    const struct {
        const char *name, *last;
    } groups[] = {{"<DVC_METRIC_GROUP_BY>", NULL},
                  {"<DVC_METRIC_GROUP_BY_X>", x},
                  {"<DVC_METRIC_GROUP_BY_Y>", y}};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        struct rmv_value *list = add(anchors, groups[i].name);
        append_once(list, "rev");
        if (source)
            append_once(list, source);
        if (groups[i].last)
            append_once(list, groups[i].last);
    }
    const char *const tips[] = {"rev", x, y, source};
    struct rmv_value *tooltip = add(anchors, "<DVC_METRIC_TOOLTIP>");
    rmv_value_set_list(tooltip);
    for (size_t i = 0; i < sizeof(tips) / sizeof(tips[0]); i++)
        if (tips[i])
            set_member(rmv_value_append(tooltip), "field", tips[i]);
    add_text(anchors, "<DVC_METRIC_PIVOT_FIELD>",
             !source ? "datum.rev"
             : fields->has_files && fields->has_names
                 ? "datum.rev + '::' + datum.filename + '::' + datum.field"
             : fields->has_files ? "datum.rev + '::' + datum.filename"
                                 : "datum.rev + '::' + datum.field");
}

static void collect(const struct rmv_plots *plots, const struct rmv_plot_drawing *drawing,
                    const struct rmv_value *data, struct anchors *anchors)
{
    const struct rmv_plot_fields fields = rmv_plot_fields_of(drawing);
    RMV_CLEANUP(rmv_str_free) char *x = escape_field(fields.x);
    RMV_CLEANUP(rmv_str_free) char *y = escape_field(fields.y);

    rmv_value_copy(add(anchors, RMV_PLOT_DATA_ANCHOR), data);
    add_text(anchors, "<DVC_METRIC_TITLE>", drawing->title ? drawing->title : drawing->id);
    add_text(anchors, "<DVC_METRIC_X>", x);
    add_text(anchors, "<DVC_METRIC_Y>", y);
    add_text(anchors, "<DVC_METRIC_X_LABEL>", drawing->x_label ? drawing->x_label : fields.x);
    add_text(anchors, "<DVC_METRIC_Y_LABEL>", drawing->y_label ? drawing->y_label : fields.y);
    rmv_value_set_int(add(anchors, "<DVC_METRIC_PLOT_WIDTH>"), SIZE);
    rmv_value_set_int(add(anchors, "<DVC_METRIC_PLOT_HEIGHT>"), SIZE);
    struct rmv_value *zoom = add(anchors, "<DVC_METRIC_ZOOM_AND_PAN>");
    set_member(zoom, "name", "grid");
    set_member(zoom, "select", "interval");
    set_member(zoom, "bind", "scales");
    add_colours(plots, drawing, anchors);
    add_sources(drawing, &fields, anchors);
    add_groups(&fields, x, y, anchors);
}

/* ---- Filling in ----------------------------------------------------------------------------- */

/* Inside a longer text, texts are filled in. */
static void fill_inside(const struct anchor *anchor, struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf filled = {0};
    const char *at = value->text;

    for (const char *found; (found = strstr(at, anchor->name));) {
        rmv_buf_append(&filled, at, (size_t)(found - at));
        rmv_buf_append_string(&filled, anchor->value.text);
        at = found + strlen(anchor->name);
    }
    rmv_buf_append_string(&filled, at);
    rmv_value_set_text(value, rmv_buf_string(&filled));
}

static void fill_text(struct anchors *anchors, struct rmv_value *value)
{
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_copy(value->text);

    rmv_plot_set_text(value, text); /* none of it is a mark */
    for (size_t i = 0; i < anchors->count; i++) {
        const struct anchor *anchor = &anchors->items[i];
        if (strcmp(value->text, anchor->name) == 0) {
            anchors->has_data = anchors->has_data || i == 0;
            rmv_value_copy(value, &anchor->value);
            return;
        }
        if (i > 0 && anchor->value.kind == RMV_VALUE_STRING && strstr(value->text, anchor->name))
            fill_inside(anchor, value);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the template, which was parsed within a limit. */
static void fill(struct anchors *anchors, struct rmv_value *value)
{
    if (value->kind == RMV_VALUE_STRING) {
        fill_text(anchors, value);
        return; /* what was filled in is not looked at again */
    }
    for (size_t i = 0; value->kind == RMV_VALUE_LIST && i < value->list.count; i++)
        fill(anchors, &value->list.items[i]);
    for (size_t i = 0; value->kind == RMV_VALUE_MAP && i < value->map.count;) {
        struct rmv_member *member = &value->map.members[i];
        const bool was_anchor = member->value.kind == RMV_VALUE_STRING;
        fill(anchors, &member->value);
        /* What there is nothing to say about is left out. */
        if (was_anchor && member->value.kind == RMV_VALUE_MAP && !member->value.map.count)
            rmv_value_remove(value, member->key);
        else
            i++;
    }
}

/* Of x that are names, a built-in template must not say that they are numbers. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as a built-in template. */
static void name_field(struct rmv_value *value, const char *field)
{
    const char *own = rmv_value_find_text(value, "field");
    const char *type = rmv_value_find_text(value, "type");
    if (own && type && strcmp(own, field) == 0 && strcmp(type, "quantitative") == 0) {
        rmv_value_set_text(rmv_value_find(value, "type"), "nominal");
        rmv_value_remove(value, "scale");
        rmv_value_free(rmv_value_add(value, "sort")); /* null: in the order of the file */
    }
    for (size_t i = 0; value->kind == RMV_VALUE_LIST && i < value->list.count; i++)
        name_field(&value->list.items[i], field);
    for (size_t i = 0; value->kind == RMV_VALUE_MAP && i < value->map.count; i++)
        name_field(&value->map.members[i].value, field);
}

const struct rmv_error *rmv_plot_specify(const struct rmv_plots *plots,
                                         const struct rmv_plot_drawing *drawing,
                                         const struct rmv_value *data,
                                         struct rmv_value *specification)
{
    RMV_CLEANUP(anchors_free) struct anchors anchors = {0};
    const bool is_own = drawing->specification.kind == RMV_VALUE_MAP;

    if (drawing->images_count)
        return rmv_error(RMV_ERR_USAGE, "plot '%s' is an image: Vega-Lite draws data", drawing->id);
    if (!drawing->series_count)
        return rmv_error(RMV_ERR_NOT_FOUND, "plot '%s' has no data", drawing->id);
    if (is_own)
        rmv_value_copy(specification, &drawing->specification);
    else
        rmv_plot_template_specification(drawing->template, specification);
    collect(plots, drawing, data, &anchors);
    fill(&anchors, specification);
    if (!anchors.has_data)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                        "the template of plot '%s' has no place for its data",
                                        drawing->id),
                              "write \"values\": \"" RMV_PLOT_DATA_ANCHOR "\" under \"data\"");
    if (!is_own && drawing->x_names.count) {
        RMV_CLEANUP(rmv_str_free) char *x = escape_field(rmv_plot_fields_of(drawing).x);
        name_field(specification, x);
    }
    return NULL;
}
