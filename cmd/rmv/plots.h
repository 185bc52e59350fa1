/* What the commands about plots do the same way. */
#pragma once

#include "rmv/pipeline/plots.h"

/* Where a page goes, and what it looks like; NULL for what is usual. */
struct cli_plots_page {
    const char *title;
    const char *out;      /* an .html file, or a folder */
    const char *template; /* a file of HTML with a place for the plots */
    bool opens;           /* in a browser */
};

/* Writes the page and prints its path. Errors: USAGE (the template), LIMIT, IO; with `opens`
 * NOT_FOUND (no program for it). */
RMV_MUST_CHECK
const struct rmv_error *cli_plots_write_page(const struct rmv_plots *plots,
                                             const struct cli_plots_page *page);

/* Writes to standard output. */
extern const struct rmv_plots_sink cli_plots_stdout;
