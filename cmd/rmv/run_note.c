#include "rmv/run_note.h"

#include <string.h>

#include "cli/command.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define ARGUMENTS_SIZE_MAX ((size_t)4 * 1024 * 1024)

/* As they were typed: parsing has taken the options out of argv. */
static void read_arguments(struct rmv_strings *arguments)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    size_t words = 0;

    if (rmv_fs_read("/proc/self/cmdline", ARGUMENTS_SIZE_MAX, &line))
        return;
    const char *word = rmv_buf_string(&line), *end = word + line.size;
    for (; word < end; word += strlen(word) + 1)
        if (words++ > 1) /* behind the program and the command */
            rmv_strings_add(arguments, word);
}

/* Says so once, and notes nothing more of this run. */
static void give_up(struct cli_run_note *note, const struct rmv_error *err)
{
    rmv_log_write(cli_log(), RMV_LOG_WARNING, "this run is not noted for `rmv runs`: %s",
                  err->message);
    rmv_run_entry_free(&note->entry);
    note->workspace = NULL;
}

void cli_run_note_start(struct cli_run_note *note, struct rmv_workspace *workspace)
{
    *note = (struct cli_run_note){.workspace = workspace, .entry.living_fd = -1};
    if (!workspace)
        return;
    rmv_run_entry_start(&note->entry);
    read_arguments(&note->entry.arguments);
}

static void count(struct rmv_run_entry *entry, enum rmv_repro_event_kind kind)
{
    static const struct {
        enum rmv_repro_event_kind kind;
        enum rmv_run_count count;
    } counted[] = {
        {RMV_REPRO_UP_TO_DATE, RMV_RUN_COUNT_UP_TO_DATE},
        {RMV_REPRO_FROZEN, RMV_RUN_COUNT_FROZEN},
        {RMV_REPRO_RAN, RMV_RUN_COUNT_RAN},
        {RMV_REPRO_RESTORED, RMV_RUN_COUNT_RESTORED},
        {RMV_REPRO_FAILED, RMV_RUN_COUNT_FAILED},
        {RMV_REPRO_BLOCKED, RMV_RUN_COUNT_BLOCKED},
        {RMV_REPRO_DECLINED, RMV_RUN_COUNT_DECLINED},
    };
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
        if (counted[i].kind == kind)
            entry->counts[counted[i].count]++;
}

static bool takes_time(enum rmv_repro_event_kind kind)
{
    return kind == RMV_REPRO_STORED || kind == RMV_REPRO_WAITING || kind == RMV_REPRO_RUNNING ||
           kind == RMV_REPRO_RESTORED;
}

void cli_run_note_event(struct cli_run_note *note, const struct rmv_repro_event *event)
{
    if (!note->workspace)
        return;
    count(&note->entry, event->kind);
    if (event->kind == RMV_REPRO_FAILED && !note->entry.failure)
        note->entry.failure = rmv_str_copy(event->text);
    if (note->is_begun || !takes_time(event->kind))
        return;
    note->is_begun = true;
    const struct rmv_error *err = rmv_run_history_begin(note->workspace, &note->entry);
    if (err)
        give_up(note, err);
}

const struct rmv_error *cli_run_note_end(struct cli_run_note *note, const struct rmv_error *err)
{
    struct rmv_run_entry *entry = &note->entry;
    if (!note->workspace)
        return err;
    struct rmv_error *taken = rmv_error_take(err);
    const bool is_interrupted = err && err->code == RMV_ERR_INTERRUPTED;
    entry->state = is_interrupted                                   ? RMV_RUN_INTERRUPTED
                   : err || entry->counts[RMV_RUN_COUNT_FAILED] > 0 ? RMV_RUN_FAILED
                                                                    : RMV_RUN_SUCCESS;
    if (err && !entry->failure)
        entry->failure = rmv_str_copy(err->message);
    const struct rmv_error *unnoted = rmv_run_history_end(note->workspace, entry);
    if (unnoted)
        give_up(note, unnoted);
    else
        rmv_run_entry_free(entry);
    note->workspace = NULL;
    return rmv_error_raise(&taken);
}
