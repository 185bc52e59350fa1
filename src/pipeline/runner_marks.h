/* Marks of unfinished runs. From the first mark to its removal the outputs belong to a run that was
 * not published. A run that failed leaves in its mark what it left at its outputs, by what stat(2)
 * says; only that may be removed unasked. One that was killed could not say, and nobody else can:
 * what a command wrote and what a user put there since look alike. docs/FORMATS.md has the bytes.
 */
#pragma once

#include "pipeline/runner.h"

enum rmv_mark {
    RMV_MARK_NONE,    /* no unfinished run made what is there now */
    RMV_MARK_UNKNOWN, /* an unfinished run may have, or a user since */
    RMV_MARK_LEFT,    /* exactly what a failed run left */
};

/* Comes before anything is removed. A kill leaves it; a power cut may take it away, so that data at
 * the outputs would be refused as unknown, until rmv_runner_sync_mark() returns. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_mark_started(struct rmv_runner *runner,
                                                const struct rmv_stage *stage);
void rmv_runner_sync_mark(struct rmv_runner *runner, const struct rmv_stage *stage);

/* Notes what a run that failed left; its command has ended. On failure the mark stays as it was. */
void rmv_runner_mark_failed(struct rmv_runner *runner, const struct rmv_stage *stage);

void rmv_runner_unmark_started(struct rmv_runner *runner, const struct rmv_stage *stage);

/* What the mark of the stage says of the output `out` as it is now. */
enum rmv_mark rmv_runner_mark_of(struct rmv_runner *runner, const struct rmv_stage *stage,
                                 const char *out);
