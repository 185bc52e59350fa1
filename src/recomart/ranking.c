#include "rmv/recomart/ranking.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

double rmv_ranking_round(double score)
{
    return nearbyint(score / RMV_RANKING_TIE);
}

/* Puts a candidate where it belongs among the `found` best ones so far. Items come in ascending
 * order, so an equal score goes in front. */
static size_t insert(double rounded[], uint32_t best[], size_t found, size_t k)
{
    const double score = rounded[found];
    const uint32_t item = best[found];
    size_t at = found;
    for (; at > 0 && rounded[at - 1] <= score; at--) {
        rounded[at] = rounded[at - 1];
        best[at] = best[at - 1];
    }
    rounded[at] = score;
    best[at] = item;
    return found < k ? found + 1 : k;
}

size_t rmv_ranking_top(const double *scores, size_t count, const struct rmv_ranking_set *excluded,
                       size_t k, uint32_t *best)
{
    assert(k <= RMV_RANKING_K_MAX);
    /* One place more than wanted, for the candidate at hand. */
    double rounded[RMV_RANKING_K_MAX + 1];
    uint32_t chosen[RMV_RANKING_K_MAX + 1];
    size_t found = 0;
    size_t next = 0;
    double bar = 0;
    for (size_t i = 0; i < count && k > 0; i++) {
        if (next < excluded->count && excluded->items[next] == i) {
            next++;
            continue;
        }
        /* Most are far too low, which shows without rounding. */
        if (found == k && scores[i] < bar)
            continue;
        const double score = rmv_ranking_round(scores[i]);
        if (found == k && score < rounded[k - 1])
            continue;
        rounded[found] = score;
        chosen[found] = (uint32_t)i;
        found = insert(rounded, chosen, found, k);
        bar = (rounded[found - 1] - 1) * RMV_RANKING_TIE;
    }
    memcpy(best, chosen, found * sizeof(*best));
    return found;
}

static bool is_relevant(const struct rmv_ranking_set *relevant, uint32_t item)
{
    size_t from = 0;
    size_t to = relevant->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (relevant->items[middle] == item)
            return true;
        if (item < relevant->items[middle])
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

static double discount(size_t rank)
{
    return 1 / log2((double)rank + 1);
}

struct rmv_ranking_quality rmv_ranking_measure(const uint32_t *list, size_t count, size_t k,
                                               const struct rmv_ranking_set *relevant)
{
    struct rmv_ranking_quality quality = {0};
    if (k == 0 || relevant->count == 0)
        return quality;
    size_t hits = 0;
    double gain = 0;
    double precisions = 0;
    for (size_t i = 0; i < count && i < k; i++) {
        if (!is_relevant(relevant, list[i]))
            continue;
        if (++hits == 1)
            quality.mrr = 1 / (double)(i + 1);
        gain += discount(i + 1);
        precisions += (double)hits / (double)(i + 1);
    }
    const size_t possible = k < relevant->count ? k : relevant->count;
    double best_gain = 0;
    for (size_t i = 0; i < possible; i++)
        best_gain += discount(i + 1);
    quality.precision = (double)hits / (double)k;
    quality.recall = (double)hits / (double)relevant->count;
    quality.ndcg = gain / best_gain;
    quality.hit_rate = hits > 0 ? 1 : 0;
    quality.map = precisions / (double)possible;
    return quality;
}
