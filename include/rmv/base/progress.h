/* A progress line for a person who waits: drawn on a terminal, at most ten times a second, gone
 * when the work is done. Counting is thread-safe and costs one atomic addition. All functions
 * accept NULL. */
#pragma once

#include <stdint.h>

struct rmv_progress;

/* Draws on `fd` if that is a terminal, otherwise nothing is ever drawn. `label` is what is being
 * done, "adding". Totals of 0 are unknown. */
void rmv_progress_open(int fd, const char *label, struct rmv_progress **progress);
void rmv_progress_close(struct rmv_progress **progress); /* wipes the line */

/* So much more is to be done, found out as it goes. */
void rmv_progress_expect(struct rmv_progress *progress, uint64_t files, uint64_t bytes);
void rmv_progress_add(struct rmv_progress *progress, uint64_t files, uint64_t bytes);
