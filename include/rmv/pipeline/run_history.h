/* The runs of `rmv repro` in a workspace: what became of each, for `rmv runs`.
 *
 * `.rmstore/runs/history` has a line per run, and one more before it for a run that takes its time;
 * docs/FORMATS.md has the layout. It is appended to without being made durable, and losing it loses
 * nothing else. Of runs that go on, and of those only, a byte of `.rmstore/runs/living` is locked,
 * so that one whose process died is known as such. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

#define RMV_RUN_HISTORY_COUNT_MAX 1000 /* runs that are kept */
#define RMV_RUN_ID_SIZE 9              /* with the NUL */

enum rmv_run_state {
    RMV_RUN_RUNNING,
    RMV_RUN_SUCCESS,
    RMV_RUN_FAILED,
    RMV_RUN_INTERRUPTED,
    RMV_RUN_KILLED, /* it is not running any more and never said how it ended */
};
const char *rmv_run_state_name(enum rmv_run_state state);

enum rmv_run_count {
    RMV_RUN_COUNT_RAN,
    RMV_RUN_COUNT_RESTORED,
    RMV_RUN_COUNT_UP_TO_DATE,
    RMV_RUN_COUNT_FROZEN,
    RMV_RUN_COUNT_FAILED,
    RMV_RUN_COUNT_BLOCKED,
    RMV_RUN_COUNT_DECLINED,
    RMV_RUN_COUNTS,
};
const char *rmv_run_count_name(enum rmv_run_count count); /* "up_to_date" */

struct rmv_run_entry {
    char id[RMV_RUN_ID_SIZE]; /* eight hexadecimal digits */
    enum rmv_run_state state;
    int64_t start_ms, end_ms;      /* since 1970; end_ms 0 until it has ended, or if nobody knows */
    size_t counts[RMV_RUN_COUNTS]; /* stages */
    char *failure;                 /* the first one, one line; NULL: none */
    struct rmv_strings arguments;  /* as typed behind `rmv repro` */
    int living_fd;                 /* while it is noted as running, otherwise -1 */
};
void rmv_run_entry_free(struct rmv_run_entry *entry);

struct rmv_run_entries {
    struct rmv_run_entry *items; /* the oldest first */
    size_t count, capacity;
};
void rmv_run_entries_free(struct rmv_run_entries *entries);

/* Sets the id and the start of a run that begins now; nothing is written yet. */
void rmv_run_entry_start(struct rmv_run_entry *entry);

/* Notes that the run goes on. Until rmv_run_entry_free(), or the end of the process, it counts as
 * running. Errors: UNSUPPORTED (a newer version wrote the history, which is left alone), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_history_begin(struct rmv_workspace *workspace,
                                              struct rmv_run_entry *entry);

/* Notes how it ended: entry->state, counts and failure; sets its end. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_history_end(struct rmv_workspace *workspace,
                                            struct rmv_run_entry *entry);

/* Appends what is known to `entries`; lines that are torn or damaged count as absent. Errors:
 * UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_run_history_read(struct rmv_workspace *workspace,
                                             struct rmv_run_entries *entries);
