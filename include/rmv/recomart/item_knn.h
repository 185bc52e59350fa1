/* The item-based nearest-neighbour baseline: an item scores for a user by the cosine similarity of
 * its column to those of the items the user touched, the best neighbours of each counted. */
#pragma once

#include <stddef.h>

#include "rmv/linalg/sparse.h"

/* items × items: for each item, its `neighbours` most similar others with their similarity. Of
 * equal similarities the higher item number is kept. The caller frees `*similar`. */
void rmv_item_knn_train(const struct rmv_sparse *matrix, size_t neighbours,
                        struct rmv_sparse *similar);

/* Scores all items for row `user` of `matrix`. */
void rmv_item_knn_score(const struct rmv_sparse *matrix, const struct rmv_sparse *similar,
                        size_t user, double *scores);
