/* The texts on the axes of a plot. */
#pragma once

#include "rmv/pipeline/plots.h"

/* All the text of an axis, in bytes. */
#define RMV_PLOT_NAMES_BYTES_MAX ((size_t)64 * 1024 * 1024)

void rmv_plot_names_free(struct rmv_plot_names *names);

/* The index of the text, which is added if it is new. Errors: LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_names_add(struct rmv_plot_names *names, const char *text,
                                           size_t size, size_t *index);

/* Sorts them: numbers by what they are, in front of other names. Sets `places`, which the caller
 * frees, to the new index of each old one. */
void rmv_plot_names_sort(struct rmv_plot_names *names, uint32_t **places);

/* Makes `to`, which is empty, the same. */
void rmv_plot_names_copy(struct rmv_plot_names *to, const struct rmv_plot_names *from);
