#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/dag.h"
#include "rmv/table.h"

/* The method is that of Sugiyama, Tagawa and Toda ("Methods for visual understanding of
 * hierarchical system structures", 1981): layers, then an order in each by the mean place of
 * neighbours, then positions. Positions nearest to what is wanted, in a given order and at given
 * distances, are an isotonic regression, found by pooling adjacent violators. */

#define GAP 3
#define EDGES_MAX 1200
#define SWEEPS_COUNT 12

void dag_layout_free(struct dag_layout *layout)
{
    for (size_t i = 0; layout->layers && i < layout->layers_count; i++)
        free(layout->layers[i]);
    free(layout->layers);
    free(layout->layer_counts);
    free(layout->cells);
    free(layout->edges);
    *layout = (struct dag_layout){0};
}

/* ---- Layers --------------------------------------------------------------------------------- */

/* Each below the lowest it needs; what needs nothing, right above the highest that needs it. */
static size_t *find_layers(const struct dag_drawing *drawing, const bool *members)
{
    size_t *layers = rmv_calloc(drawing->count + 1, sizeof(*layers));
    RMV_CLEANUP(rmv_free) size_t *highest = rmv_calloc(drawing->count + 1, sizeof(*highest));

    for (size_t i = 0; i < drawing->count; i++)
        for (size_t k = 0; members[i] && k < drawing->nodes[i].needs_count; k++) {
            const size_t below = layers[drawing->nodes[i].needs[k]] + 1;
            layers[i] = below > layers[i] ? below : layers[i];
        }
    for (size_t i = 0; i < drawing->count; i++)
        for (size_t k = 0; members[i] && k < drawing->nodes[i].needs_count; k++) {
            size_t *known = &highest[drawing->nodes[i].needs[k]];
            *known = *known == 0 || layers[i] < *known ? layers[i] : *known;
        }
    for (size_t i = 0; i < drawing->count; i++)
        if (members[i] && !drawing->nodes[i].needs_count && highest[i])
            layers[i] = highest[i] - 1;
    return layers;
}

static size_t add_cell(struct dag_layout *layout, size_t node, size_t layer, int width)
{
    layout->cells = rmv_grow(layout->cells, layout->cells_count, &layout->cells_capacity,
                             sizeof(layout->cells[0]));
    layout->cells[layout->cells_count] =
        (struct dag_cell){.node = node, .layer = layer, .width = width};
    if (layer >= layout->layers_count)
        layout->layers_count = layer + 1;
    return layout->cells_count++;
}

static void add_edge(struct dag_layout *layout, size_t from, size_t to)
{
    layout->edges = rmv_grow(layout->edges, layout->edges_count, &layout->edges_capacity,
                             sizeof(layout->edges[0]));
    layout->edges[layout->edges_count++] = (struct dag_edge){.from = from, .to = to};
}

/* A line that spans layers passes through a cell in each. */
static void join(struct dag_layout *layout, size_t from, size_t to)
{
    const size_t last = layout->cells[to].layer;
    for (size_t layer = layout->cells[from].layer + 1; layer < last; layer++) {
        const size_t passing = add_cell(layout, DAG_NO_NODE, layer, 3);
        add_edge(layout, from, passing);
        from = passing;
    }
    add_edge(layout, from, to);
}

static int box_width_of(const struct dag_node *node)
{
    const int lines = node->needs_count > 1 ? 2 * (int)node->needs_count + 5 : 0;
    const int text = (int)cli_text_width(node->label) + 4;
    const int width = text > lines ? text : lines;
    return width + (width % 2 == 0);
}

static bool add_members(const struct dag_drawing *drawing, const bool *members,
                        struct dag_layout *layout)
{
    RMV_CLEANUP(rmv_free) size_t *layers = find_layers(drawing, members);
    RMV_CLEANUP(rmv_free) size_t *cells = rmv_calloc(drawing->count + 1, sizeof(*cells));

    for (size_t i = 0; i < drawing->count; i++)
        if (members[i])
            cells[i] = add_cell(layout, i, layers[i], box_width_of(&drawing->nodes[i]));
    for (size_t i = 0; i < drawing->count; i++)
        for (size_t k = 0; members[i] && k < drawing->nodes[i].needs_count; k++) {
            join(layout, cells[drawing->nodes[i].needs[k]], cells[i]);
            if (layout->edges_count > EDGES_MAX)
                return false;
        }
    return true;
}

static void fill_layers(struct dag_layout *layout)
{
    layout->layers = rmv_calloc(layout->layers_count + 1, sizeof(layout->layers[0]));
    layout->layer_counts = rmv_calloc(layout->layers_count + 1, sizeof(size_t));
    for (size_t i = 0; i < layout->cells_count; i++)
        layout->layer_counts[layout->cells[i].layer]++;
    for (size_t i = 0; i < layout->layers_count; i++) {
        layout->layers[i] = rmv_calloc(layout->layer_counts[i] + 1, sizeof(size_t));
        layout->layer_counts[i] = 0;
    }
    for (size_t i = 0; i < layout->cells_count; i++) {
        struct dag_cell *cell = &layout->cells[i];
        cell->place = layout->layer_counts[cell->layer]++;
        layout->layers[cell->layer][cell->place] = i;
    }
}

/* ---- Order ---------------------------------------------------------------------------------- */

/* Sums over the neighbours of each cell. */
struct sums {
    double *total, *weight; /* per cell */
};

static void sums_free(struct sums *sums)
{
    free(sums->total);
    free(sums->weight);
}

static struct sums sums_of(const struct dag_layout *layout)
{
    return (struct sums){.total = rmv_calloc(layout->cells_count + 1, sizeof(double)),
                         .weight = rmv_calloc(layout->cells_count + 1, sizeof(double))};
}

struct ranked {
    double key;
    size_t place, cell;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->key < right->key || left->key > right->key)
        return left->key < right->key ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* Orders a layer by the mean place of neighbours in the layer above, or below. */
static void order_layer(struct dag_layout *layout, size_t layer, bool is_above)
{
    const size_t count = layout->layer_counts[layer];
    RMV_CLEANUP(sums_free) struct sums sums = sums_of(layout);
    RMV_CLEANUP(rmv_free) struct ranked *ranked = rmv_calloc(count + 1, sizeof(*ranked));

    for (size_t i = 0; i < layout->edges_count; i++) {
        const struct dag_edge *edge = &layout->edges[i];
        const size_t here = is_above ? edge->to : edge->from;
        const size_t there = is_above ? edge->from : edge->to;
        if (layout->cells[here].layer != layer)
            continue;
        sums.total[here] += (double)layout->cells[there].place;
        sums.weight[here] += 1;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t cell = layout->layers[layer][i];
        ranked[i] = (struct ranked){
            .key = sums.weight[cell] > 0 ? sums.total[cell] / sums.weight[cell] : (double)i,
            .place = i,
            .cell = cell};
    }
    qsort(ranked, count, sizeof(*ranked), compare_ranked);
    for (size_t i = 0; i < count; i++) {
        layout->layers[layer][i] = ranked[i].cell;
        layout->cells[ranked[i].cell].place = i;
    }
}

static size_t count_crossings(const struct dag_layout *layout)
{
    size_t crossings = 0;
    for (size_t i = 0; i < layout->edges_count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct dag_cell *from = &layout->cells[layout->edges[i].from];
            const struct dag_cell *to = &layout->cells[layout->edges[i].to];
            const struct dag_cell *other_from = &layout->cells[layout->edges[k].from];
            const struct dag_cell *other_to = &layout->cells[layout->edges[k].to];
            if (from->layer == other_from->layer && from->place != other_from->place &&
                to->place != other_to->place)
                crossings += (from->place < other_from->place) != (to->place < other_to->place);
        }
    return crossings;
}

static void set_places(struct dag_layout *layout, const size_t *places)
{
    for (size_t i = 0; i < layout->cells_count; i++) {
        layout->cells[i].place = places[i];
        layout->layers[layout->cells[i].layer][places[i]] = i;
    }
}

static void order(struct dag_layout *layout)
{
    RMV_CLEANUP(rmv_free) size_t *best = rmv_calloc(layout->cells_count + 1, sizeof(*best));
    size_t fewest = (size_t)-1;

    for (size_t sweep = 0; sweep <= SWEEPS_COUNT && fewest > 0; sweep++) {
        const size_t crossings = count_crossings(layout);
        for (size_t i = 0; crossings < fewest && i < layout->cells_count; i++)
            best[i] = layout->cells[i].place;
        fewest = crossings < fewest ? crossings : fewest;
        for (size_t i = 1; i < layout->layers_count; i++)
            if (sweep % 2 == 0)
                order_layer(layout, i, true);
            else
                order_layer(layout, layout->layers_count - 1 - i, false);
    }
    set_places(layout, best);
}

/* ---- Positions ------------------------------------------------------------------------------ */

static int distance_between(const struct dag_cell *left, const struct dag_cell *right)
{
    const bool are_lines = left->node == DAG_NO_NODE && right->node == DAG_NO_NODE;
    return (left->width + right->width) / 2 + (are_lines ? 1 : GAP);
}

/* Cells that stand as close as they may, as one. */
struct block {
    double total, weight;
    size_t count;
};

/* Moves the cells of a layer as near to `sums` as their order and distances allow. */
static void place_layer(struct dag_layout *layout, size_t layer, const struct sums *sums)
{
    const size_t count = layout->layer_counts[layer];
    RMV_CLEANUP(rmv_free) struct block *blocks = rmv_calloc(count + 1, sizeof(*blocks));
    RMV_CLEANUP(rmv_free) double *offsets = rmv_calloc(count + 1, sizeof(*offsets));
    size_t blocks_count = 0, next = 0;

    for (size_t i = 0; i < count; i++) {
        const struct dag_cell *cell = &layout->cells[layout->layers[layer][i]];
        const size_t at = layout->layers[layer][i];
        const double weight = sums->weight[at] > 0 ? sums->weight[at] : 0.01;
        const double wanted =
            sums->weight[at] > 0 ? sums->total[at] / sums->weight[at] : cell->middle;
        if (i)
            offsets[i] = offsets[i - 1] +
                         distance_between(&layout->cells[layout->layers[layer][i - 1]], cell);
        blocks[blocks_count++] = (struct block){(wanted - offsets[i]) * weight, weight, 1};
        for (; blocks_count > 1; blocks_count--) {
            struct block *last = &blocks[blocks_count - 1], *before = last - 1;
            if (before->total / before->weight <= last->total / last->weight)
                break;
            before->total += last->total;
            before->weight += last->weight;
            before->count += last->count;
        }
    }
    for (size_t b = 0; b < blocks_count; b++)
        for (size_t i = 0; i < blocks[b].count; i++, next++)
            layout->cells[layout->layers[layer][next]].middle =
                blocks[b].total / blocks[b].weight + offsets[next];
}

/* Lines that pass through layers should be straight most of all. */
static double weight_of(const struct dag_layout *layout, const struct dag_edge *edge)
{
    const bool from_line = layout->cells[edge->from].node == DAG_NO_NODE;
    const bool to_line = layout->cells[edge->to].node == DAG_NO_NODE;
    return from_line && to_line ? 8 : from_line || to_line ? 2 : 1;
}

static void place_near(struct dag_layout *layout, size_t layer, bool look_up, bool look_down)
{
    RMV_CLEANUP(sums_free) struct sums sums = sums_of(layout);
    for (size_t i = 0; i < layout->edges_count; i++) {
        const struct dag_edge *edge = &layout->edges[i];
        const double weight = weight_of(layout, edge);
        if (look_up && layout->cells[edge->to].layer == layer) {
            sums.total[edge->to] += weight * layout->cells[edge->from].middle;
            sums.weight[edge->to] += weight;
        }
        if (look_down && layout->cells[edge->from].layer == layer) {
            sums.total[edge->from] += weight * layout->cells[edge->to].middle;
            sums.weight[edge->from] += weight;
        }
    }
    place_layer(layout, layer, &sums);
}

/* To whole columns, each cell at its distance from the one before. */
static void round_layer(struct dag_layout *layout, size_t layer, double leftmost)
{
    for (size_t i = 0; i < layout->layer_counts[layer]; i++) {
        struct dag_cell *cell = &layout->cells[layout->layers[layer][i]];
        cell->column = (int)(cell->middle - leftmost + 0.5);
        if (i) {
            const struct dag_cell *before = &layout->cells[layout->layers[layer][i - 1]];
            const int least = before->column + distance_between(before, cell);
            cell->column = cell->column < least ? least : cell->column;
        }
        const int end = cell->column + cell->width / 2 + 1;
        layout->width = end > layout->width ? end : layout->width;
    }
}

static void position(struct dag_layout *layout)
{
    const size_t count = layout->layers_count;
    double leftmost = 0;

    for (size_t layer = 0; layer < count; layer++)
        place_near(layout, layer, false, false);
    for (size_t sweep = 0; sweep < SWEEPS_COUNT; sweep++) {
        for (size_t i = 1; i < count; i++)
            place_near(layout, i, true, sweep > 2);
        for (size_t i = count - 1; i-- > 0;)
            place_near(layout, i, sweep > 2, true);
    }
    for (size_t i = 0; i < layout->cells_count; i++) {
        const int half = layout->cells[i].width / 2;
        const double left = layout->cells[i].middle - half;
        leftmost = i == 0 || left < leftmost ? left : leftmost;
    }
    for (size_t layer = 0; layer < count; layer++)
        round_layer(layout, layer, leftmost);
}

/* ---- Ports ---------------------------------------------------------------------------------- */

/* No line may enter at a column where another line leaves the layer above: they would overlap. */
static bool is_free(const struct dag_layout *layout, const struct dag_edge *edge, int column)
{
    const size_t above = layout->cells[edge->from].layer;
    for (size_t i = 0; i < layout->layer_counts[above]; i++) {
        const size_t cell = layout->layers[above][i];
        if (cell != edge->from && layout->cells[cell].column == column)
            return false;
    }
    return true;
}

/* Inserts the edge behind those that come from further left; its port is where it comes from. */
static void insert_edge(struct dag_edge **incoming, size_t count, struct dag_edge *edge)
{
    for (; count > 0 && incoming[count - 1]->port > edge->port; count--)
        incoming[count] = incoming[count - 1];
    incoming[count] = edge;
}

/* The free column nearest to `wanted` from `least` to `most`; beyond that if there is none. */
static int find_port(const struct dag_layout *layout, const struct dag_edge *edge, int wanted,
                     const int bounds[2])
{
    for (int away = 0; away <= bounds[1] - bounds[0]; away++) {
        if (wanted - away >= bounds[0] && is_free(layout, edge, wanted - away))
            return wanted - away;
        if (wanted + away <= bounds[1] && is_free(layout, edge, wanted + away))
            return wanted + away;
    }
    return bounds[1] + 1;
}

/* Sets each port to the last column it may have if all behind it are to find room. */
static void find_last_ports(const struct dag_layout *layout, struct dag_edge **incoming,
                            size_t count, const int limits[2], int gap)
{
    int last = limits[1];
    for (size_t i = count; i-- > 0; last -= gap) {
        while (last > limits[0] && !is_free(layout, incoming[i], last))
            last--;
        incoming[i]->port = last;
    }
}

/* Straight down where that hits the box, otherwise side by side around the middle; `incoming` are
 * sorted from left to right by where they come from. False: they do not fit with such a gap. */
static bool choose_ports(struct dag_layout *layout, struct dag_edge **incoming, size_t count,
                         int gap)
{
    const struct dag_cell *cell = &layout->cells[incoming[0]->to];
    const int half = cell->width / 2 - (cell->node != DAG_NO_NODE);
    const int limits[2] = {cell->column - half, cell->column + half};
    int least = limits[0];

    find_last_ports(layout, incoming, count, limits, gap);
    for (size_t i = 0; i < count; i++) {
        const int from = layout->cells[incoming[i]->from].column;
        const int bounds[2] = {least, incoming[i]->port};
        int wanted = cell->column + 2 * (int)i - (int)(count - 1);
        if (from >= limits[0] && from <= limits[1])
            wanted = from;
        wanted = wanted > bounds[1] ? bounds[1] : wanted;
        wanted = wanted < bounds[0] ? bounds[0] : wanted;
        incoming[i]->port = find_port(layout, incoming[i], wanted, bounds);
        if (incoming[i]->port > bounds[1])
            return false;
        least = incoming[i]->port + gap;
    }
    return true;
}

static bool choose_all_ports(struct dag_layout *layout)
{
    RMV_CLEANUP(rmv_free)
    struct dag_edge **incoming = rmv_calloc(layout->edges_count + 1, sizeof(void *));

    for (size_t layer = 1; layer < layout->layers_count; layer++)
        for (size_t i = 0; i < layout->layer_counts[layer]; i++) {
            size_t count = 0;
            for (size_t k = 0; k < layout->edges_count; k++)
                if (layout->edges[k].to == layout->layers[layer][i]) {
                    layout->edges[k].port = layout->cells[layout->edges[k].from].column;
                    insert_edge(incoming, count++, &layout->edges[k]);
                }
            if (count && !choose_ports(layout, incoming, count, 2) &&
                !choose_ports(layout, incoming, count, 1))
                return false;
            struct dag_cell *cell = &layout->cells[layout->layers[layer][i]];
            if (cell->node == DAG_NO_NODE)
                cell->column = incoming[0]->port;
        }
    return true;
}

bool dag_layout_make(const struct dag_drawing *drawing, const bool *members,
                     struct dag_layout *layout)
{
    if (!add_members(drawing, members, layout))
        return false;
    fill_layers(layout);
    order(layout);
    position(layout);
    return choose_all_ports(layout);
}
