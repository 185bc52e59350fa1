/* Ranked lists: choosing the best items, and measuring how good a list is. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RMV_RANKING_TIE 1e-9 /* scores closer than this count as equal */
#define RMV_RANKING_K_MAX 1000

/* Scores are compared after rounding to multiples of RMV_RANKING_TIE, so that the order of equals
 * does not hang on the last digits of a sum. */
double rmv_ranking_round(double score);

/* Items by their index; indexes ascend with item numbers. */
struct rmv_ranking_set {
    const uint32_t *items; /* ascending */
    size_t count;
};

/* Writes the best `k` of `count` scored items into `best`, best first, without those in `excluded`,
 * and returns how many there were. Of equal scores the higher item number comes first: when the
 * scores know no difference, the newer product is shown. k is at most RMV_RANKING_K_MAX. */
size_t rmv_ranking_top(const double *scores, size_t count, const struct rmv_ranking_set *excluded,
                       size_t k, uint32_t *best);

/* What a list of at most k items is worth, given which items are relevant. Each is in [0, 1]. */
struct rmv_ranking_quality {
    double precision; /* relevant items in the list, of k */
    double recall;    /* of all relevant items */
    double ndcg;      /* discounted by 1/log2(rank + 1), relative to the best possible list */
    double hit_rate;  /* 1 if there is a relevant item */
    double map;       /* precision at each relevant item, averaged over min(k, relevant) */
    double mrr;       /* 1/rank of the first relevant item, 0 without one */
};

struct rmv_ranking_quality rmv_ranking_measure(const uint32_t *list, size_t count, size_t k,
                                               const struct rmv_ranking_set *relevant);
