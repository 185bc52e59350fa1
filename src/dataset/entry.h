/* An output is an entry without a parent: the one as the other. */
#pragma once

#include "dataset/tree.h"
#include "rmv/dataset/output.h"

/* Type 0 for an output of kind MISSING; the name is NULL. */
struct rmv_tree_entry rmv_entry_of_output(const struct rmv_output *output);

/* Kind, id, size, count and exec bit; the rest of `output` stays. A link becomes a blob. */
void rmv_entry_to_output(const struct rmv_tree_entry *entry, struct rmv_output *output);

/* Same type and content? Either may be NULL, for nothing. */
bool rmv_entry_equal(const struct rmv_tree_entry *a, const struct rmv_tree_entry *b);
