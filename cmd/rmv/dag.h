/* What `rmv dag` draws: boxes in layers, joined by lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Nodes in an order in which each comes behind all it needs. */
struct dag_node {
    char *label;
    size_t *needs; /* nodes, ascending, each once */
    size_t needs_count, needs_capacity;
    size_t stage; /* index in the pipeline; DAG_DATA for data that `rmv add` tracks */
};
#define DAG_DATA ((size_t)-1)

struct dag_drawing {
    struct dag_node *nodes;
    size_t count, capacity;
};

/* ---- Layout: where boxes and lines are. Columns count from 0. ------------------------------- */

#define DAG_NO_NODE ((size_t)-1)

/* Something in a layer: a node's box, or a line that passes through. */
struct dag_cell {
    size_t node; /* DAG_NO_NODE for a line */
    size_t layer;
    size_t place;  /* in its layer, from the left */
    int width;     /* odd */
    int column;    /* of its middle, where lines leave it */
    double middle; /* the same, while it is being found */
};

/* A line from a cell to one in the next layer. */
struct dag_edge {
    size_t from, to; /* cells */
    int port;        /* the column at which it enters `to` */
};

struct dag_layout {
    struct dag_cell *cells;
    size_t cells_count, cells_capacity;
    struct dag_edge *edges;
    size_t edges_count, edges_capacity;
    size_t **layers; /* the cells of each, from left to right */
    size_t *layer_counts;
    size_t layers_count;
    int width;
};
void dag_layout_free(struct dag_layout *layout);

/* Lays out the nodes for which `members` is set: each in a layer below all it needs, with few
 * crossings, and near what it is joined with. False: there are too many lines to do so. */
bool dag_layout_make(const struct dag_drawing *drawing, const bool *members,
                     struct dag_layout *layout);

/* ---- Drawing -------------------------------------------------------------------------------- */

#define DAG_WIDTH_MAX 240 /* wider drawings are not made */

/* Prints all nodes as boxes, each connected part below the one before; false, and nothing printed,
 * if they do not fit. */
bool dag_print_boxes(const struct dag_drawing *drawing);

/* Prints a tree: every node once, below the last of those it needs, which names the others. */
void dag_print_tree(const struct dag_drawing *drawing);
