/* What `rmv repro` notes of itself for `rmv runs`. */
#pragma once

#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/repro.h"
#include "rmv/pipeline/run_history.h"

struct cli_run_note {
    struct rmv_workspace *workspace; /* borrowed; NULL: nothing is noted */
    struct rmv_run_entry entry;
    bool is_begun; /* it was noted that it goes on */
};

/* A run begins. It is noted at its end, and before that once it has to do more than look. */
void cli_run_note_start(struct cli_run_note *note, struct rmv_workspace *workspace);
void cli_run_note_event(struct cli_run_note *note, const struct rmv_repro_event *event);

/* It has ended with `err`, which is returned. That it cannot be noted is only a warning. */
const struct rmv_error *cli_run_note_end(struct cli_run_note *note, const struct rmv_error *err);
