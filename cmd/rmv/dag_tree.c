#include <stdio.h>
#include <stdlib.h>

#include "rmv/base/mem.h"
#include "rmv/dag.h"

/* Each node hangs below the last one it needs; a single one below continues the column, several
 * branch off. */

struct line {
    size_t node;
    char *lead;   /* what stands in front of its name */
    char *prefix; /* what stands in front of the lines below it */
    bool is_branch;
};

struct lines {
    struct line *items;
    size_t count, capacity;
};

static void push(struct lines *lines, size_t node, char *lead, char *prefix, bool is_branch)
{
    lines->items = rmv_grow(lines->items, lines->count, &lines->capacity, sizeof(lines->items[0]));
    lines->items[lines->count++] =
        (struct line){.node = node, .lead = lead, .prefix = prefix, .is_branch = is_branch};
}

static size_t parent_of(const struct dag_node *node)
{
    size_t parent = node->needs[0];
    for (size_t i = 1; i < node->needs_count; i++)
        parent = node->needs[i] > parent ? node->needs[i] : parent;
    return parent;
}

static void print_name(const struct dag_drawing *drawing, size_t at)
{
    const struct dag_node *node = &drawing->nodes[at];
    fputs(node->label, stdout);
    const char *before = "  (also needs ";
    for (size_t i = 0; i < node->needs_count; i++) {
        if (node->needs[i] == parent_of(node))
            continue;
        printf("%s%s", before, drawing->nodes[node->needs[i]].label);
        before = ", ";
    }
    puts(*before == ',' ? ")" : "");
}

/* `children[i]` are the nodes that hang below node i, ascending. */
static void push_children(struct lines *lines, const struct dag_node *children,
                          const struct line *line)
{
    if (children->needs_count == 1) {
        push(lines, children->needs[0], rmv_str_copy(line->prefix), rmv_str_copy(line->prefix),
             false);
        return;
    }
    for (size_t i = children->needs_count; i-- > 0;) {
        const bool is_last = i + 1 == children->needs_count;
        push(lines, children->needs[i],
             rmv_str_format("%s%s", line->prefix, is_last ? "└── " : "├── "),
             rmv_str_format("%s%s", line->prefix, is_last ? "    " : "│   "), true);
    }
}

static void print_tree(const struct dag_drawing *drawing, const struct dag_node *children,
                       size_t root)
{
    struct lines lines = {0};
    push(&lines, root, rmv_str_copy(""), rmv_str_copy(""), true);
    while (lines.count) {
        struct line line = lines.items[--lines.count];
        if (!line.is_branch)
            printf("%s│\n", line.prefix);
        fputs(line.lead, stdout);
        print_name(drawing, line.node);
        push_children(&lines, &children[line.node], &line);
        rmv_str_free(&line.lead);
        rmv_str_free(&line.prefix);
    }
    free(lines.items);
}

static void add_child(struct dag_node *node, size_t child)
{
    node->needs = rmv_grow(node->needs, node->needs_count, &node->needs_capacity, sizeof(size_t));
    node->needs[node->needs_count++] = child;
}

void dag_print_tree(const struct dag_drawing *drawing)
{
    struct dag_node *children = rmv_calloc(drawing->count + 1, sizeof(*children));
    for (size_t i = 0; i < drawing->count; i++)
        if (drawing->nodes[i].needs_count)
            add_child(&children[parent_of(&drawing->nodes[i])], i);
    for (size_t i = 0; i < drawing->count; i++)
        if (!drawing->nodes[i].needs_count)
            print_tree(drawing, children, i);
    for (size_t i = 0; i < drawing->count; i++)
        free(children[i].needs);
    free(children);
}
