/* What `rmv repro` says while it runs: lines on a stream, or, for a person at a terminal, lines
 * that scroll by above what runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/base/live.h"
#include "rmv/base/map.h"
#include "rmv/base/value.h"
#include "rmv/pipeline/repro.h"

struct cli_repro_line;
struct cli_repro_run;

struct cli_repro_printer {
    bool as_json;            /* a document follows on standard output: all goes to standard error */
    bool many;               /* stages run at once: each line has the stage in front */
    bool with_failures;      /* as they come; otherwise the last one is how the command ends */
    struct rmv_value stages; /* for --json: what became of each */
    struct rmv_map running;  /* for that: address → struct cli_repro_run *, of those that ran */
    size_t changes;          /* stages that were not simply up to date */
    struct rmv_live *live;   /* NULL: there is none */
    struct cli_repro_line *lines;
    size_t lines_count, lines_capacity;
};

/* The settings come first: as_json, many, with_failures. */
void cli_repro_printer_open(struct cli_repro_printer *printer);
/* What is on the terminal stays there, but for the live display. May be called again. */
void cli_repro_printer_finish(struct cli_repro_printer *printer);
void cli_repro_printer_free(struct cli_repro_printer *printer);

void cli_repro_print_event(struct cli_repro_printer *printer, const struct rmv_repro_event *event);
void cli_repro_print_output(struct cli_repro_printer *printer, const struct rmv_stage *stage,
                            bool is_error, const char *bytes, size_t size);

/* What a stage does from this event on, for its line in a live display; NULL if that stays as it
 * is. The caller frees it. */
char *cli_repro_doing_of(const struct rmv_repro_event *event);
