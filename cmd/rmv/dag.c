#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dag.h"
#include "rmv/pipeline/graph.h"
#include "rmv/shared.h"

static bool option_dot, option_mermaid, option_md, option_json, option_outs, option_full,
    option_tree;

static const struct cli_option options[] = {
    {.name = "outs", .flag = &option_outs, .help = "draw outputs in place of stages"},
    {.name = "full",
     .flag = &option_full,
     .help = "all that is connected with the targets, not only what they need"},
    {.name = "tree", .flag = &option_tree, .help = "draw a tree in place of boxes"},
    {.name = "dot", .flag = &option_dot, .help = "print Graphviz DOT"},
    {.name = "mermaid", .flag = &option_mermaid, .help = "print a Mermaid flowchart"},
    {.name = "md", .flag = &option_md, .help = "print a Mermaid flowchart as a block of Markdown"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static void drawing_free(struct dag_drawing *drawing)
{
    for (size_t i = 0; i < drawing->count; i++) {
        rmv_str_free(&drawing->nodes[i].label);
        free(drawing->nodes[i].needs);
    }
    free(drawing->nodes);
}

static struct dag_node *add_node(struct dag_drawing *drawing, const char *label, size_t stage)
{
    drawing->nodes =
        rmv_grow(drawing->nodes, drawing->count, &drawing->capacity, sizeof(drawing->nodes[0]));
    struct dag_node *node = &drawing->nodes[drawing->count++];
    *node = (struct dag_node){.label = rmv_str_copy(label), .stage = stage};
    return node;
}

static void add_need(struct dag_node *node, size_t need)
{
    node->needs = rmv_grow(node->needs, node->needs_count, &node->needs_capacity, sizeof(size_t));
    node->needs[node->needs_count++] = need;
}

/* ---- What to draw --------------------------------------------------------------------------- */

struct source {
    const struct rmv_pipeline *pipeline;
    const struct rmv_graph *graph;
    const bool *chosen;
    size_t *first; /* per stage: its first node */
};

static void add_stage(const struct source *source, size_t at, struct dag_drawing *drawing)
{
    const struct rmv_graph_node *from = &source->graph->nodes[at];
    struct dag_node *node = add_node(drawing, source->pipeline->stages[at].address, at);
    source->first[at] = drawing->count - 1;
    for (size_t i = 0; i < from->needs_count; i++)
        if (source->chosen[from->needs[i]])
            add_need(node, source->first[from->needs[i]]);
}

static bool is_used(const struct rmv_stage *stage, const char *out)
{
    for (size_t i = 0; i < stage->deps_count; i++)
        if (rmv_path_is_in(out, stage->deps[i].path) || rmv_path_is_in(stage->deps[i].path, out))
            return true;
    for (size_t i = 0; i < stage->params_count; i++)
        if (rmv_path_is_in(stage->params[i].file, out))
            return true;
    return false;
}

static void add_outs(const struct source *source, size_t at, struct dag_drawing *drawing)
{
    const struct rmv_graph_node *from = &source->graph->nodes[at];
    const struct rmv_stage *stage = &source->pipeline->stages[at];
    source->first[at] = drawing->count;
    for (size_t k = 0; k < stage->outs_count; k++) {
        struct dag_node *node = add_node(drawing, stage->outs[k].path, at);
        for (size_t i = 0; i < from->needs_count; i++) {
            const size_t need = from->needs[i];
            const struct rmv_stage *maker = &source->pipeline->stages[need];
            for (size_t o = 0; source->chosen[need] && o < maker->outs_count; o++)
                if (is_used(stage, maker->outs[o].path))
                    add_need(node, source->first[need] + o);
        }
    }
}

static void collect(const struct source *source, struct dag_drawing *drawing)
{
    for (size_t i = 0; i < source->graph->count; i++) {
        const size_t at = source->graph->order[i];
        if (source->chosen[at] && option_outs)
            add_outs(source, at, drawing);
        else if (source->chosen[at])
            add_stage(source, at, drawing);
    }
}

/* ---- In other forms ------------------------------------------------------------------------- */

static void print_dot(const struct dag_drawing *drawing)
{
    puts("digraph rmv {");
    for (size_t i = 0; i < drawing->count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf label = {0};
        rmv_json_format_text(drawing->nodes[i].label, &label);
        printf("    n%zu [label=%s];\n", i, rmv_buf_string(&label));
    }
    for (size_t i = 0; i < drawing->count; i++)
        for (size_t k = 0; k < drawing->nodes[i].needs_count; k++)
            printf("    n%zu -> n%zu;\n", drawing->nodes[i].needs[k], i);
    puts("}");
}

/* Inside Mermaid's quotes, characters that mean something are written as #CODE;. */
static void print_mermaid_label(const char *label)
{
    for (const unsigned char *c = (const unsigned char *)label; *c; c++) {
        if (strchr("\"#&<>", *c) || *c < ' ')
            printf("#%u;", (unsigned)*c);
        else
            putchar(*c);
    }
}

static void print_mermaid(const struct dag_drawing *drawing)
{
    puts(option_md ? "```mermaid\nflowchart TD" : "flowchart TD");
    for (size_t i = 0; i < drawing->count; i++) {
        printf("    n%zu[\"", i);
        print_mermaid_label(drawing->nodes[i].label);
        puts("\"]");
    }
    for (size_t i = 0; i < drawing->count; i++)
        for (size_t k = 0; k < drawing->nodes[i].needs_count; k++)
            printf("    n%zu --> n%zu\n", drawing->nodes[i].needs[k], i);
    if (option_md)
        puts("```");
}

static void print_json(const struct dag_drawing *drawing, const struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    struct rmv_value *nodes = rmv_value_add(&document, option_outs ? "outs" : "stages");
    rmv_value_set_list(nodes);
    for (size_t i = 0; i < drawing->count; i++) {
        const struct dag_node *node = &drawing->nodes[i];
        struct rmv_value *map = rmv_value_append(nodes);
        rmv_value_set_map(map);
        cli_set_text(map, option_outs ? "path" : "name", node->label);
        if (option_outs)
            cli_set_text(map, "stage", pipeline->stages[node->stage].address);
        struct rmv_value *needs = rmv_value_add(map, "needs");
        rmv_value_set_list(needs);
        for (size_t k = 0; k < node->needs_count; k++)
            rmv_value_set_text(rmv_value_append(needs), drawing->nodes[node->needs[k]].label);
    }
    cli_print_json(&document);
}

/* Boxes, unless they would be too many to be read. */
static void print_text(struct dag_drawing *drawing)
{
    for (size_t i = 0; i < drawing->count; i++) {
        char *quoted = rmv_path_quote(drawing->nodes[i].label);
        rmv_str_free(&drawing->nodes[i].label);
        drawing->nodes[i].label = quoted;
    }
    if (option_tree || !dag_print_boxes(drawing))
        dag_print_tree(drawing);
}

static const struct rmv_error *draw(const struct source *source)
{
    RMV_CLEANUP(drawing_free) struct dag_drawing drawing = {0};
    collect(source, &drawing);
    if (option_dot)
        print_dot(&drawing);
    else if (option_mermaid || option_md)
        print_mermaid(&drawing);
    else if (option_json)
        print_json(&drawing, source->pipeline);
    else
        print_text(&drawing);
    return NULL;
}

/* ---- The command ---------------------------------------------------------------------------- */

static const struct rmv_error *choose(const struct rmv_workspace *workspace, int argc, char **argv,
                                      const struct source *source, bool *chosen)
{
    if (argc == 0)
        memset(chosen, true, source->pipeline->count * sizeof(bool));
    RMV_CLEANUP(rmv_free) bool *found = rmv_calloc(source->pipeline->count + 1, sizeof(*found));
    for (int i = 0; i < argc; i++) {
        const struct rmv_error *err =
            rmv_pipeline_find(workspace, source->pipeline, argv[i], found);
        if (err)
            return err;
    }
    for (size_t i = 0; i < source->pipeline->count; i++)
        if (found[i])
            rmv_graph_choose(source->pipeline, source->graph, i, RMV_GRAPH_UP, chosen);
    if (option_full)
        rmv_graph_choose_connected(source->graph, chosen);
    return NULL;
}

static const struct rmv_error *dag(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    RMV_CLEANUP(rmv_free) bool *chosen = NULL;
    RMV_CLEANUP(rmv_free) size_t *first = NULL;

    if (option_dot + option_mermaid + option_md + option_json + option_tree > 1)
        return rmv_error(RMV_ERR_USAGE,
                         "--tree, --dot, --mermaid, --md and --json exclude each other");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_pipeline_read(workspace, &pipeline);
    if (!err)
        err = rmv_graph_build(&pipeline, &graph);
    if (err)
        return err;
    chosen = rmv_calloc(pipeline.count + 1, sizeof(*chosen));
    first = rmv_calloc(pipeline.count + 1, sizeof(*first));
    const struct source source = {
        .pipeline = &pipeline, .graph = &graph, .chosen = chosen, .first = first};
    err = choose(workspace, argc, argv, &source, chosen);
    return err ? err : draw(&source);
}

const struct cli_command rmv_command_dag = {
    .name = "dag",
    .arguments = "[TARGET...]",
    .summary = "draw the stages and what they need",
    .help =
        "Draws the graph of the stages in rmv.yaml as boxes joined by lines, what is needed above\n"
        "what needs it: all of it, or each TARGET (a stage, an output or a pattern) with\n"
        "everything it needs, or with --full everything connected with it. With --outs the\n"
        "outputs are drawn in place of the stages that make them.\n"
        "\n"
        "Lines never join: one that goes along is interrupted where another goes down across it.\n"
        "Graphs too wide to be read as boxes, and all with --tree, are drawn as a tree, where a\n"
        "stage that needs several others hangs below one of them and names the rest. --dot,\n"
        "--mermaid, --md and --json print the same graph for other programs. Nothing is compared\n"
        "or run.",
    .examples = "rmv dag                                # all stages\n"
                "rmv dag train                          # one and what it needs\n"
                "rmv dag --dot | dot -Tsvg >dag.svg     # a picture\n",
    .options = options,
    .run = dag,
};
