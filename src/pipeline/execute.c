#include "pipeline/execute.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "pipeline/execution.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"

#define NS_PER_MS ((int64_t)1000000)
#define GRACE_MS 5000 /* from asking a command to stop to killing it */

/* ---- For the kinds -------------------------------------------------------------------------- */

const char *rmv_execution_line(const struct rmv_execution *execution, size_t line)
{
    const struct rmv_value *cmd = &execution->options.stage->cmd;
    if (cmd->kind == RMV_VALUE_STRING)
        return line == 0 ? cmd->text : NULL;
    return line < cmd->list.count ? cmd->list.items[line].text : NULL;
}

void rmv_execution_list_env(const struct rmv_execution_options *settings, struct rmv_strings *env)
{
    const struct rmv_stage *stage = settings->stage;
    rmv_strings_take(env, rmv_str_format("RMV_ROOT=%s", settings->workspace->root));
    rmv_strings_take(env, rmv_str_format("RMV_STAGE=%s", stage->address));
    for (size_t i = 0; stage->env.kind == RMV_VALUE_MAP && i < stage->env.map.count; i++) {
        const struct rmv_member *variable = &stage->env.map.members[i];
        rmv_strings_take(env, rmv_str_format("%s=%s", variable->key, variable->value.text));
    }
}

void rmv_execution_print(struct rmv_execution *execution, bool is_error, const char *bytes,
                         size_t size)
{
    const struct rmv_repro_options *repro = execution->options.repro;
    rmv_stage_log_print(&execution->log, is_error, bytes, size);
    if (repro->output)
        repro->output(repro->context, execution->options.stage, is_error, bytes, size);
}

bool rmv_execution_is_interrupted(const struct rmv_execution *execution)
{
    return rmv_interrupt_of(execution->options.repro->interrupted);
}

void rmv_execution_report(const struct rmv_execution *execution, enum rmv_repro_event_kind kind,
                          const char *text)
{
    const struct rmv_repro_options *repro = execution->options.repro;
    const struct rmv_repro_event event = {
        .kind = kind, .stage = execution->options.stage, .text = text};
    if (repro->report)
        repro->report(repro->context, &event);
}

/* ---- Stopping ------------------------------------------------------------------------------- */

static bool is_late(const struct rmv_execution *execution)
{
    const int64_t limit_ms = execution->options.stage->timeout_ms;
    return limit_ms > 0 && execution->started_ns > 0 &&
           rmv_time_monotonic_ns() - execution->started_ns > limit_ms * NS_PER_MS;
}

/* Asks it to stop, and later makes it. */
static void stop_if_asked(struct rmv_execution *execution)
{
    const int64_t now_ns = rmv_time_monotonic_ns();
    const enum rmv_interrupt how = rmv_interrupt_of(execution->options.repro->interrupted);
    if (!execution->stop_ns && !how && !is_late(execution))
        return;
    if (!execution->stop_ns) {
        execution->stop_ns = now_ns;
        rmv_execution_report(execution, RMV_REPRO_STOPPING, "");
        execution->kind->signal(execution, SIGTERM); /* first: it takes back jobs that wait, too */
    } else if (!execution->is_killed &&
               (how == RMV_INTERRUPT_KILL || now_ns - execution->stop_ns > GRACE_MS * NS_PER_MS)) {
        execution->is_killed = true;
        execution->kind->signal(execution, SIGKILL);
    }
}

/* How it ended, if that was not well; NULL if it was. The caller frees it. */
static char *problem_of(const struct rmv_execution *execution)
{
    if (execution->stop_ns)
        return rmv_str_format("it ran longer than its timeout of %g s",
                              (double)execution->options.stage->timeout_ms / 1000);
    if (execution->problem)
        return rmv_str_copy(execution->problem);
    return execution->status ? rmv_process_describe(execution->status) : NULL;
}

static const struct rmv_error *result_of(struct rmv_execution *execution)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};
    const char *address = execution->options.stage->address;

    rmv_stage_log_flush(&execution->log);
    if ((execution->stop_ns || execution->status) && rmv_execution_is_interrupted(execution)) {
        rmv_stage_log_note(&execution->log, RMV_LOG_ERROR, "interrupted");
        return rmv_error(RMV_ERR_INTERRUPTED,
                         "interrupted; stage '%s' was stopped, and nothing of it recorded",
                         address);
    }
    RMV_CLEANUP(rmv_str_free) char *problem = problem_of(execution);
    if (!problem)
        return NULL;
    rmv_buf_append_format(&message, "stage '%s' failed: %s", address, problem);
    rmv_stage_log_append_tail(&execution->log, &message);
    rmv_stage_log_note(&execution->log, RMV_LOG_ERROR, problem);
    return rmv_error(RMV_ERR_FAILED, "%s", rmv_buf_string(&message));
}

/* ---- The whole ------------------------------------------------------------------------------ */

/* A working folder behind a symbolic link would run the command elsewhere than it says. */
static const struct rmv_error *check_folder(const struct rmv_execution_options *options)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const char *wdir = options->stage->wdir;
    if (strcmp(wdir, ".") == 0)
        return NULL;
    const struct rmv_error *err =
        rmv_beneath_open(options->workspace->root_fd, wdir, O_RDONLY | O_DIRECTORY, 0, &fd);
    return err ? rmv_error_context(err, "working folder of stage '%s'", options->stage->address)
               : NULL;
}

static bool is_for_slurm(const struct rmv_execution_options *options)
{
    const enum rmv_executor_kind forced = options->repro->executor;
    const enum rmv_executor_kind kind = forced ? forced : options->stage->executor.kind;
    return options->job || kind == RMV_EXECUTOR_SLURM;
}

const struct rmv_error *rmv_execution_start(const struct rmv_execution_options *options,
                                            struct rmv_execution **execution)
{
    const struct rmv_error *err = check_folder(options);
    if (err)
        return err;
    RMV_CLEANUP(rmv_execution_close)
    struct rmv_execution *started = rmv_calloc(1, sizeof(*started));
    *started = (struct rmv_execution){.options = *options,
                                      .kind = is_for_slurm(options) ? &rmv_execution_slurm
                                                                    : &rmv_execution_local,
                                      .log = RMV_STAGE_LOG_EMPTY};
    const bool append = options->attempt > 1 || options->job;
    err = rmv_stage_log_open(options->workspace, options->stage, append, &started->log);
    if (!err && rmv_execution_is_interrupted(started))
        err = rmv_error(RMV_ERR_INTERRUPTED, "interrupted");
    if (!err)
        err = started->kind->start(started);
    if (err)
        return rmv_error_context(err, "stage '%s'", options->stage->address);
    *execution = started;
    started = NULL;
    return NULL;
}

void rmv_execution_forget(struct rmv_execution *execution)
{
    if (execution->kind->forget)
        execution->kind->forget(execution);
}

void rmv_execution_close(struct rmv_execution **execution)
{
    struct rmv_execution *closed = *execution;
    *execution = NULL;
    if (!closed)
        return;
    closed->kind->close(closed);
    rmv_stage_log_close(&closed->log);
    rmv_str_free(&closed->problem);
    free(closed);
}

void rmv_execution_watch(const struct rmv_execution *execution,
                         struct pollfd watched[RMV_EXECUTION_FDS])
{
    for (size_t i = 0; i < RMV_EXECUTION_FDS; i++)
        watched[i] = (struct pollfd){.fd = -1};
    execution->kind->watch(execution, watched);
}

const struct rmv_error *rmv_execution_step(struct rmv_execution *execution,
                                           const struct pollfd watched[RMV_EXECUTION_FDS],
                                           bool *ended)
{
    *ended = false;
    const struct rmv_error *err = execution->kind->step(execution, watched, ended);
    if (!err && !*ended) /* what ended while we were at something else was not too late */
        stop_if_asked(execution);
    if (err)
        err = rmv_error_context(err, "stage '%s'", execution->options.stage->address);
    else if (*ended)
        err = result_of(execution);
    *ended = *ended || err;
    return err;
}
