#include <assert.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/pipeline/plots.h"

/* The built-in templates as specifications for Vega-Lite 5 (https://vega.github.io/vega-lite/),
 * which draw about what the pages show. In C strings, ' stands for ". */

#define HEAD                                                                                       \
    "'$schema': 'https://vega.github.io/schema/vega-lite/v5.json',"                                \
    "'data': {'values': '<DVC_METRIC_DATA>'},"                                                     \
    "'title': {'text': '<DVC_METRIC_TITLE>', 'anchor': 'middle'},"
#define SIZE "'width': 400, 'height': 300,"
#define ZOOM "'params': [{'name': 'grid', 'select': 'interval', 'bind': 'scales'}],"

#define X(type)                                                                                    \
    "'x': {'field': '<DVC_METRIC_X>', 'type': '" type "', 'title': '<DVC_METRIC_X_LABEL>'"
#define Y(type)                                                                                    \
    "'y': {'field': '<DVC_METRIC_Y>', 'type': '" type "', 'title': '<DVC_METRIC_Y_LABEL>'"
#define NUMBERS X("quantitative") "}," Y("quantitative") ", 'scale': {'zero': false}}"
#define COLOUR "'color': '<DVC_METRIC_COLOR>'"
#define DASHES "'strokeDash': '<DVC_METRIC_STROKE_DASH>'"
#define SHAPES "'shape': '<DVC_METRIC_SHAPE>'"
#define TOOLTIP "'tooltip': '<DVC_METRIC_TOOLTIP>'"

#define LINES(mark)                                                                                \
    "{" HEAD SIZE ZOOM "'mark': " mark ", 'encoding': {" NUMBERS "," COLOUR "," DASHES "," TOOLTIP \
    "}}"

#define SMOOTH                                                                                     \
    "{" HEAD SIZE "'layer': ["                                                                     \
    "{" ZOOM "'mark': {'type': 'line', 'opacity': 0.25}},"                                         \
    "{'mark': 'line', 'transform': [{'loess': '<DVC_METRIC_Y>', 'on': '<DVC_METRIC_X>',"           \
    " 'groupby': '<DVC_METRIC_GROUP_BY>', 'bandwidth': 0.3}]}],"                                   \
    "'encoding': {" NUMBERS "," COLOUR "," DASHES "}}"

#define SCATTER                                                                                    \
    "{" HEAD SIZE ZOOM "'mark': {'type': 'point', 'filled': true}, 'encoding': {" NUMBERS          \
    "," COLOUR "," SHAPES "," TOOLTIP "}}"

#define JITTER                                                                                     \
    "{" HEAD SIZE "'transform': [{'calculate': 'random()', 'as': 'jitter_x'},"                     \
    " {'calculate': 'random()', 'as': 'jitter_y'}],"                                               \
    "'mark': {'type': 'point', 'filled': true}, 'encoding': {" X("nominal") "}," Y(                \
        "nominal") "},"                                                                            \
                   "'xOffset': {'field': 'jitter_x', 'type': 'quantitative'},"                     \
                   "'yOffset': {'field': 'jitter_y', 'type': 'quantitative'}," COLOUR "," SHAPES   \
                   "," TOOLTIP "}}"

#define BARS(sort)                                                                                 \
    "{" HEAD SIZE "'mark': 'bar', 'encoding': {" X("quantitative") "}," Y(                         \
        "nominal") ", 'sort': " sort "}, 'yOffset': {'field': 'rev', 'sort': null}," COLOUR        \
                   ", 'column': '<DVC_METRIC_COLUMN>'," TOOLTIP "}}"

/* Every class is there with every other one; then each has its share of the greatest, or of its
 * row. */
#define MATRIX(share, colour, format)                                                              \
    "{" HEAD "'facet': {'column': {'field': 'rev', 'type': 'nominal', 'sort': null, 'title': ''}," \
    " 'row': '<DVC_METRIC_ROW>'},"                                                                 \
    "'spec': {'width': 300, 'height': 300, 'transform': ["                                         \
    "{'aggregate': [{'op': 'count', 'as': 'xy_count'}],"                                           \
    " 'groupby': ['rev', '<DVC_METRIC_Y>', '<DVC_METRIC_X>']},"                                    \
    "{'impute': 'xy_count', 'groupby': ['rev', '<DVC_METRIC_Y>'], 'key': '<DVC_METRIC_X>',"        \
    " 'value': 0},"                                                                                \
    "{'impute': 'xy_count', 'groupby': ['rev', '<DVC_METRIC_X>'], 'key': '<DVC_METRIC_Y>',"        \
    " 'value': 0}," share "],"                                                                     \
    "'encoding': {" X("nominal") ", 'sort': 'ascending'}," Y(                                      \
        "nominal") ", 'sort': 'ascending'}},"                                                      \
                   "'layer': [{'mark': 'rect', 'encoding': {'color': {" colour                     \
                   ", 'type': 'quantitative',"                                                     \
                   " 'title': '', 'scale': {'domainMin': 0}}}},"                                   \
                   "{'mark': 'text', 'encoding': {'text': {" format ", 'type': 'quantitative'},"   \
                   " 'color': {'condition': {'test': 'datum.share > 0.5', 'value': 'white'}, "     \
                   "'value': 'black'}}}]"                                                          \
                   "}}"

static const char *const texts[RMV_PLOT_TEMPLATES_COUNT] = {
    [RMV_PLOT_LINEAR] = LINES("{'type': 'line', 'point': true}"),
    [RMV_PLOT_SIMPLE] = LINES("{'type': 'line'}"),
    [RMV_PLOT_SCATTER] = SCATTER,
    [RMV_PLOT_SCATTER_JITTER] = JITTER,
    [RMV_PLOT_SMOOTH] = SMOOTH,
    [RMV_PLOT_CONFUSION] =
        MATRIX("{'joinaggregate': [{'op': 'max', 'field': 'xy_count', 'as': 'most'}]},"
               "{'calculate': 'datum.xy_count / datum.most', 'as': 'share'}",
               "'field': 'xy_count'", "'field': 'xy_count'"),
    [RMV_PLOT_CONFUSION_NORMALIZED] =
        MATRIX("{'joinaggregate': [{'op': 'sum', 'field': 'xy_count', 'as': 'row_count'}],"
               " 'groupby': ['<DVC_METRIC_Y>']},"
               "{'calculate': 'datum.xy_count / datum.row_count', 'as': 'share'}",
               "'field': 'share'", "'field': 'share', 'format': '.2f'"),
    [RMV_PLOT_BARS] = BARS("null"),
    [RMV_PLOT_BARS_SORTED] = BARS("'-x'"),
};

void rmv_plot_template_specification(enum rmv_plot_template template,
                                     struct rmv_value *specification)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_buf_append_string(&text, texts[template]);
    for (char *at = text.data; (at = memchr(at, '\'', text.size - (size_t)(at - text.data)));)
        *at = '"';
    const struct rmv_error *err = rmv_json_parse("template", text.data, text.size, specification);
    assert(!err); /* they are ours */
    (void)err;
}
