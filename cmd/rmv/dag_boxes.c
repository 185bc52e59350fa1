#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/dag.h"
#include "rmv/table.h"

/* ---- Lines between two layers ---------------------------------------------------------------
 * What leaves a cell goes down to a row of its own, along it, and down from there to where it
 * enters. A line that goes down passes over those that go along. */

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

/* All lines that leave one cell. */
struct bus {
    size_t cell;
    int first, last; /* columns */
    size_t row;
    bool is_straight; /* down, and nothing else */
};

struct channel {
    struct bus *buses;
    size_t count;
    size_t rows;
    int width;
    uint8_t *marks; /* rows × width: which ways lines go from there */
};

static void channel_free(struct channel *channel)
{
    free(channel->buses);
    free(channel->marks);
}

static uint8_t *mark_at(const struct channel *channel, size_t row, int column)
{
    return &channel->marks[row * (size_t)channel->width + (size_t)column];
}

static void find_buses(const struct dag_layout *layout, size_t layer, struct channel *channel)
{
    channel->buses = rmv_calloc(layout->layer_counts[layer] + 1, sizeof(*channel->buses));
    for (size_t i = 0; i < layout->layer_counts[layer]; i++) {
        const size_t cell = layout->layers[layer][i];
        const int column = layout->cells[cell].column;
        struct bus bus = {.cell = cell, .first = column, .last = column};
        bool any = false;
        for (size_t k = 0; k < layout->edges_count; k++) {
            const struct dag_edge *edge = &layout->edges[k];
            if (edge->from != cell)
                continue;
            bus.first = edge->port < bus.first ? edge->port : bus.first;
            bus.last = edge->port > bus.last ? edge->port : bus.last;
            any = true;
        }
        bus.is_straight = bus.first == bus.last;
        if (any)
            channel->buses[channel->count++] = bus;
    }
}

/* The first row in which nothing is near. */
static void choose_rows(struct channel *channel)
{
    channel->rows = 1;
    for (size_t i = 0; i < channel->count; i++) {
        struct bus *bus = &channel->buses[i];
        for (size_t k = 0; !bus->is_straight && k < i; k++) {
            const struct bus *other = &channel->buses[k];
            if (!other->is_straight && other->row == bus->row && other->first <= bus->last + 1 &&
                bus->first <= other->last + 1) {
                bus->row++;
                k = (size_t)-1; /* look at all of them again */
            }
        }
        if (bus->row + 1 > channel->rows)
            channel->rows = bus->row + 1;
    }
}

static void mark_bus(const struct channel *channel, const struct dag_layout *layout,
                     const struct bus *bus)
{
    *mark_at(channel, bus->row, layout->cells[bus->cell].column) |= UP;
    for (int x = bus->first; x <= bus->last; x++)
        *mark_at(channel, bus->row, x) |=
            (uint8_t)((x > bus->first ? LEFT : 0) | (x < bus->last ? RIGHT : 0));
    for (size_t i = 0; i < layout->edges_count; i++)
        if (layout->edges[i].from == bus->cell)
            *mark_at(channel, bus->row, layout->edges[i].port) |= DOWN;
}

static void mark_down(const struct channel *channel, int column, size_t first, size_t end)
{
    for (size_t row = first; row < end; row++)
        *mark_at(channel, row, column) = UP | DOWN;
}

static void route(const struct dag_layout *layout, size_t layer, struct channel *channel)
{
    find_buses(layout, layer, channel);
    choose_rows(channel);
    channel->width = layout->width;
    channel->marks = rmv_calloc(channel->rows * (size_t)channel->width + 1, 1);
    for (size_t i = 0; i < channel->count; i++)
        if (!channel->buses[i].is_straight)
            mark_bus(channel, layout, &channel->buses[i]);
    for (size_t i = 0; i < channel->count; i++) {
        const struct bus *bus = &channel->buses[i];
        mark_down(channel, layout->cells[bus->cell].column, 0,
                  bus->is_straight ? channel->rows : bus->row);
        for (size_t k = 0; !bus->is_straight && k < layout->edges_count; k++)
            if (layout->edges[k].from == bus->cell)
                mark_down(channel, layout->edges[k].port, bus->row + 1, channel->rows);
    }
}

static const char *text_of(uint8_t mark)
{
    static const char *const texts[] = {
        " ", "│", "│", "│", "─", "┘", "┐", "┤", "─", "└", "┌", "├", "─", "┴", "┬", "┼",
    };
    return texts[mark];
}

static void print_line(struct rmv_buf *line)
{
    while (line->size && line->data[line->size - 1] == ' ')
        line->size--;
    puts(rmv_buf_string(line));
    line->size = 0;
}

static void print_channel(const struct dag_layout *layout, size_t layer)
{
    RMV_CLEANUP(channel_free) struct channel channel = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};

    route(layout, layer, &channel);
    for (size_t row = 0; row < channel.rows; row++) {
        for (int x = 0; x < channel.width; x++)
            rmv_buf_append_string(&line, text_of(*mark_at(&channel, row, x)));
        print_line(&line);
    }
}

/* ---- Boxes ---------------------------------------------------------------------------------- */

enum edge_of_box { TOP, MIDDLE, BOTTOM, EDGES_OF_BOX };

static bool has_line_at(const struct dag_layout *layout, size_t cell, enum edge_of_box edge,
                        int column)
{
    if (edge == BOTTOM && column != layout->cells[cell].column)
        return false;
    for (size_t i = 0; i < layout->edges_count; i++) {
        const struct dag_edge *line = &layout->edges[i];
        if (edge == BOTTOM ? line->from == cell : line->to == cell && line->port == column)
            return true;
    }
    return false;
}

static void append_border(const struct dag_layout *layout, size_t at, enum edge_of_box edge,
                          struct rmv_buf *line)
{
    const struct dag_cell *cell = &layout->cells[at];
    const int left = cell->column - cell->width / 2, right = left + cell->width - 1;
    rmv_buf_append_string(line, edge == TOP ? "┌" : "└");
    for (int x = left + 1; x < right; x++) {
        const char *joint = edge == TOP ? "┴" : "┬";
        rmv_buf_append_string(line, has_line_at(layout, at, edge, x) ? joint : "─");
    }
    rmv_buf_append_string(line, edge == TOP ? "┐" : "┘");
}

static void append_label(const char *label, int width, struct rmv_buf *line)
{
    const int free_columns = width - 2 - (int)cli_text_width(label);
    rmv_buf_append_format(line, "│%*s%s%*s│", free_columns / 2, "", label,
                          free_columns - free_columns / 2, "");
}

static void print_layer(const struct dag_drawing *drawing, const struct dag_layout *layout,
                        size_t layer)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    for (enum edge_of_box edge = TOP; edge < EDGES_OF_BOX; edge++) {
        int column = 0; /* where the line ends so far */
        for (size_t i = 0; i < layout->layer_counts[layer]; i++) {
            const size_t at = layout->layers[layer][i];
            const struct dag_cell *cell = &layout->cells[at];
            const bool is_line = cell->node == DAG_NO_NODE;
            const int left = is_line ? cell->column : cell->column - cell->width / 2;
            rmv_buf_append_format(&line, "%*s", left - column, "");
            column = is_line ? left + 1 : left + cell->width;
            if (is_line)
                rmv_buf_append_string(&line, "│");
            else if (edge == MIDDLE)
                append_label(drawing->nodes[cell->node].label, cell->width, &line);
            else
                append_border(layout, at, edge, &line);
        }
        print_line(&line);
    }
}

static void print_part(const struct dag_drawing *drawing, const struct dag_layout *layout)
{
    for (size_t layer = 0; layer < layout->layers_count; layer++) {
        print_layer(drawing, layout, layer);
        if (layer + 1 < layout->layers_count)
            print_channel(layout, layer);
    }
}

/* ---- Parts ---------------------------------------------------------------------------------- */

/* Sets `parts[i]` to the first node that node i is connected with. */
static size_t *find_parts(const struct dag_drawing *drawing)
{
    size_t *parts = rmv_calloc(drawing->count + 1, sizeof(*parts));
    bool changed = true;
    for (size_t i = 0; i < drawing->count; i++)
        parts[i] = i;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < drawing->count; i++)
            for (size_t k = 0; k < drawing->nodes[i].needs_count; k++) {
                size_t *a = &parts[i], *b = &parts[drawing->nodes[i].needs[k]];
                const size_t least = *a < *b ? *a : *b;
                changed = changed || *a != *b;
                *a = *b = least;
            }
    }
    return parts;
}

/* Nodes that are joined with nothing stand beside each other. */
static bool is_alone(const struct dag_drawing *drawing, const size_t *parts, size_t at)
{
    for (size_t i = 0; i < drawing->count; i++)
        if (i != at && parts[i] == parts[at])
            return false;
    return true;
}

#define ALONE_WIDTH 100

static bool lay_out_alone(const struct dag_drawing *drawing, bool *alone, struct dag_layout *layout)
{
    RMV_CLEANUP(rmv_free) bool *members = rmv_calloc(drawing->count + 1, sizeof(bool));
    int width = 0;
    for (size_t i = 0; i < drawing->count; i++) {
        width += alone[i] ? (int)cli_text_width(drawing->nodes[i].label) + 8 : 0;
        if (width > ALONE_WIDTH && width > (int)cli_text_width(drawing->nodes[i].label) + 8)
            break;
        members[i] = alone[i];
        alone[i] = false;
    }
    return dag_layout_make(drawing, members, layout) && layout->width <= DAG_WIDTH_MAX;
}

static bool has_any(const bool *members, size_t count)
{
    return count && memchr(members, true, count);
}

struct layouts {
    struct dag_layout *items;
    size_t count, capacity;
};

static void layouts_free(struct layouts *layouts)
{
    for (size_t i = 0; i < layouts->count; i++)
        dag_layout_free(&layouts->items[i]);
    free(layouts->items);
}

static struct dag_layout *add_layout(struct layouts *layouts)
{
    layouts->items =
        rmv_grow(layouts->items, layouts->count, &layouts->capacity, sizeof(layouts->items[0]));
    layouts->items[layouts->count] = (struct dag_layout){0};
    return &layouts->items[layouts->count++];
}

static bool lay_out(const struct dag_drawing *drawing, struct layouts *layouts)
{
    RMV_CLEANUP(rmv_free) size_t *parts = find_parts(drawing);
    RMV_CLEANUP(rmv_free) bool *members = rmv_calloc(drawing->count + 1, sizeof(bool));
    RMV_CLEANUP(rmv_free) bool *alone = rmv_calloc(drawing->count + 1, sizeof(bool));

    for (size_t part = 0; part < drawing->count; part++) {
        if (parts[part] != part)
            continue;
        alone[part] = is_alone(drawing, parts, part);
        if (alone[part])
            continue;
        for (size_t i = 0; i < drawing->count; i++)
            members[i] = parts[i] == part;
        struct dag_layout *layout = add_layout(layouts);
        if (!dag_layout_make(drawing, members, layout) || layout->width > DAG_WIDTH_MAX)
            return false;
    }
    while (has_any(alone, drawing->count))
        if (!lay_out_alone(drawing, alone, add_layout(layouts)))
            return false;
    return true;
}

#define NODES_MAX 400

bool dag_print_boxes(const struct dag_drawing *drawing)
{
    RMV_CLEANUP(layouts_free) struct layouts layouts = {0};
    if (drawing->count > NODES_MAX || !lay_out(drawing, &layouts))
        return false;
    for (size_t i = 0; i < layouts.count; i++)
        print_part(drawing, &layouts.items[i]);
    return true;
}
