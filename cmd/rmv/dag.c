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
    const struct rmv_tracked *tracked;
    const bool *chosen;
    size_t *first; /* per stage: its first node */
    size_t *data;  /* per tracked output: its node and 1; 0: it is not drawn */
};

/* Numbers of tracked outputs. */
struct numbers {
    size_t *items;
    size_t count, capacity;
};

static void numbers_free(struct numbers *numbers)
{
    free(numbers->items);
}

static void add_number(struct numbers *numbers, size_t number)
{
    numbers->items =
        rmv_grow(numbers->items, numbers->count, &numbers->capacity, sizeof(numbers->items[0]));
    numbers->items[numbers->count++] = number;
}

static int compare_numbers(const void *a, const void *b)
{
    const size_t first = *(const size_t *)a, second = *(const size_t *)b;
    return (first > second) - (first < second);
}

/* Adds the tracked outputs that `path` is, is inside of, or has inside. */
static void add_data_at(const struct rmv_tracked *tracked, const char *path, struct numbers *found)
{
    const struct rmv_outputs *outputs = &tracked->outputs;
    const struct rmv_output *around = rmv_tracked_find(tracked, path);
    size_t low = 0, high = outputs->count;

    if (around) {
        add_number(found, (size_t)(around - outputs->items));
        return;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(outputs->items[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    /* Between a folder and what is in it there may be "folder-2". */
    for (; low < outputs->count && strncmp(outputs->items[low].path, path, strlen(path)) == 0;
         low++)
        if (rmv_path_is_in(outputs->items[low].path, path))
            add_number(found, low);
}

/* The data of pointers that a stage reads, ascending, each once. */
static void find_data(const struct source *source, const struct rmv_stage *stage,
                      struct numbers *found)
{
    RMV_CLEANUP(numbers_free) struct numbers all = {0};
    for (size_t i = 0; i < stage->deps_count; i++)
        add_data_at(source->tracked, stage->deps[i].path, &all);
    if (all.count > 1)
        qsort(all.items, all.count, sizeof(all.items[0]), compare_numbers);
    for (size_t i = 0; i < all.count; i++) {
        const bool is_pointer = *source->tracked->stages.items[all.items[i]] == '\0';
        if (is_pointer && (i == 0 || all.items[i] != all.items[i - 1]))
            add_number(found, all.items[i]);
    }
}

static void add_data(const struct source *source, struct dag_drawing *drawing)
{
    const struct rmv_tracked *tracked = source->tracked;
    for (size_t at = 0; at < source->pipeline->count; at++) {
        RMV_CLEANUP(numbers_free) struct numbers found = {0};
        if (source->chosen[at])
            find_data(source, &source->pipeline->stages[at], &found);
        for (size_t i = 0; i < found.count; i++)
            source->data[found.items[i]] = 1;
    }
    for (size_t i = 0; i < tracked->outputs.count; i++) {
        if (!source->data[i])
            continue;
        add_node(drawing, option_outs ? tracked->outputs.items[i].path : tracked->sources.items[i],
                 DAG_DATA);
        source->data[i] = drawing->count;
    }
}

static void add_data_needs(const struct source *source, size_t at, struct dag_node *node)
{
    RMV_CLEANUP(numbers_free) struct numbers found = {0};
    find_data(source, &source->pipeline->stages[at], &found);
    for (size_t i = 0; i < found.count; i++)
        add_need(node, source->data[found.items[i]] - 1);
}

static void add_stage(const struct source *source, size_t at, struct dag_drawing *drawing)
{
    const struct rmv_graph_node *from = &source->graph->nodes[at];
    struct dag_node *node = add_node(drawing, source->pipeline->stages[at].address, at);
    source->first[at] = drawing->count - 1;
    add_data_needs(source, at, node);
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
        add_data_needs(source, at, node);
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
    add_data(source, drawing);
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

/* The nodes that a node needs: data, or stages or their outputs. */
static void needs_to_value(const struct dag_drawing *drawing, const struct dag_node *node,
                           bool data, struct rmv_value *list)
{
    rmv_value_set_list(list);
    for (size_t k = 0; k < node->needs_count; k++) {
        const struct dag_node *need = &drawing->nodes[node->needs[k]];
        if ((need->stage == DAG_DATA) == data)
            rmv_value_set_text(rmv_value_append(list), need->label);
    }
}

static void print_json(const struct dag_drawing *drawing, const struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    struct rmv_value *nodes = rmv_value_add(&document, option_outs ? "outs" : "stages");
    rmv_value_set_list(nodes);
    for (size_t i = 0; i < drawing->count; i++) {
        const struct dag_node *node = &drawing->nodes[i];
        if (node->stage == DAG_DATA)
            continue;
        struct rmv_value *map = rmv_value_append(nodes);
        rmv_value_set_map(map);
        cli_set_text(map, option_outs ? "path" : "name", node->label);
        if (option_outs)
            cli_set_text(map, "stage", pipeline->stages[node->stage].address);
        needs_to_value(drawing, node, false, rmv_value_add(map, "needs"));
        needs_to_value(drawing, node, true, rmv_value_add(map, "data"));
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
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    RMV_CLEANUP(rmv_free) bool *chosen = NULL;
    RMV_CLEANUP(rmv_free) size_t *first = NULL;
    RMV_CLEANUP(rmv_free) size_t *data = NULL;

    if (option_dot + option_mermaid + option_md + option_json + option_tree > 1)
        return rmv_error(RMV_ERR_USAGE,
                         "--tree, --dot, --mermaid, --md and --json exclude each other");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_pipeline_read(workspace, &pipeline);
    if (!err)
        err = rmv_graph_build(&pipeline, &graph);
    if (!err)
        err = rmv_tracked_read(workspace, NULL, &tracked);
    if (err)
        return err;
    data = rmv_calloc(tracked.outputs.count + 1, sizeof(*data));
    chosen = rmv_calloc(pipeline.count + 1, sizeof(*chosen));
    first = rmv_calloc(pipeline.count + 1, sizeof(*first));
    const struct source source = {.pipeline = &pipeline,
                                  .graph = &graph,
                                  .tracked = &tracked,
                                  .chosen = chosen,
                                  .first = first,
                                  .data = data};
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
        "everything it needs, or with --full everything connected with it. Data that `rmv add`\n"
        "tracks and a stage reads is there as its pointer. With --outs the outputs, and that "
        "data,\n"
        "are drawn in place of stages and pointers.\n"
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
