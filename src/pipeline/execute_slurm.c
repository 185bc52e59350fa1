#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/execution.h"
#include "pipeline/slurm.h"
#include "pipeline/slurm_job.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"

#define NS_PER_MS ((int64_t)1000000)
#define SOON_MS 500        /* between two questions at first */
#define LATER_MS 5000      /* and when it has run for a while: its exit status comes as a file */
#define YOUNG_MS 10000     /* for how long it is at first */
#define FILE_WAIT_MS 5000  /* how long a file may take from there to here */
#define LOST_WAIT_MS 10000 /* until it has been ended where Slurm does not know of it */
#define GIVE_UP_MS 15000   /* to wait for a controller that does not answer when it is to cancel */
#define READ_SIZE ((size_t)64 * 1024)

enum question { SUBMIT, FIND, SHOW, CANCEL };

struct rmv_slurm_run {
    struct rmv_slurm_job job;
    struct rmv_slurm_query query;
    enum question question; /* which `query` asks */
    int64_t next_ns;        /* when the next one is asked */
    int64_t since_ns;       /* when it was submitted */
    int64_t ended_ns;       /* when Slurm first said that it has ended; 0 before that */
    struct rmv_slurm_state state;
    bool is_resubmitted, is_unreachable;
    bool is_lost; /* Slurm does not know it any more, though it had begun */
    int signal;   /* to be sent, or 0 */
    int fds[2];   /* what it prints to standard output and error */
    off_t sizes[2];
};

static struct rmv_workspace *workspace_of(const struct rmv_execution *execution)
{
    return execution->options.workspace;
}

static char *absolute_of(const struct rmv_execution *execution, const char *suffix)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_slurm_job_path_of(&execution->slurm->job, suffix);
    return rmv_path_join(workspace_of(execution)->root, path);
}

static void say(const struct rmv_execution *execution, const char *format, ...) RMV_PRINTF(2, 3);

/* ---- Asking --------------------------------------------------------------------------------- */

static const struct rmv_error *ask(struct rmv_execution *execution, enum question question,
                                   struct rmv_strings *arguments)
{
    struct rmv_slurm_run *run = execution->slurm;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings env = {0};

    run->question = question;
    rmv_execution_list_env(&execution->options, &env);
    rmv_strings_take(&env, NULL); /* ends the list */
    return rmv_slurm_query_start(
        arguments, question == SUBMIT ? (const char *const *)env.items : NULL, &run->query);
}

static const struct rmv_error *submit(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    const struct rmv_stage *stage = execution->options.stage;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings arguments = {0};
    RMV_CLEANUP(rmv_str_free) char *script = absolute_of(execution, ".sh");
    RMV_CLEANUP(rmv_str_free) char *out = absolute_of(execution, ".out");
    RMV_CLEANUP(rmv_str_free) char *err_path = absolute_of(execution, ".err");
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(workspace_of(execution)->root, stage->wdir);

    const struct rmv_error *err = rmv_slurm_job_write(workspace_of(execution), stage, &run->job);
    if (err)
        return err;
    rmv_slurm_submit_arguments(&(struct rmv_slurm_submission){.executor = &stage->executor,
                                                              .name = run->job.name,
                                                              .folder = folder,
                                                              .script = script,
                                                              .out = out,
                                                              .err = err_path},
                               &arguments);
    run->since_ns = rmv_time_monotonic_ns();
    rmv_execution_report(execution, RMV_REPRO_JOB, "submitted to Slurm");
    return ask(execution, SUBMIT, &arguments);
}

/* Did a submission arrive whose answer did not? */
static const struct rmv_error *find(struct rmv_execution *execution)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings arguments = {0};
    static const char *const words[] = {"squeue", "--noheader", "--states=all", "--format=%i"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        rmv_strings_add(&arguments, words[i]);
    rmv_strings_take(&arguments, rmv_str_format("--name=%s", execution->slurm->job.name));
    return ask(execution, FIND, &arguments);
}

static const struct rmv_error *show(struct rmv_execution *execution)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings arguments = {0};
    static const char *const words[] = {"scontrol", "--oneliner", "show", "job"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        rmv_strings_add(&arguments, words[i]);
    rmv_strings_take(&arguments, rmv_str_format("%" PRIu64, execution->slurm->job.id));
    return ask(execution, SHOW, &arguments);
}

static const struct rmv_error *cancel(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings arguments = {0};
    rmv_strings_add(&arguments, "scancel");
    if (run->signal == SIGKILL)
        rmv_strings_add(&arguments, "--signal=KILL");
    rmv_strings_take(&arguments, rmv_str_format("%" PRIu64, run->job.id));
    run->signal = 0;
    return ask(execution, CANCEL, &arguments);
}

/* ---- Copying its output --------------------------------------------------------------------- */

static void copy_some(struct rmv_execution *execution, int which)
{
    struct rmv_slurm_run *run = execution->slurm;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_slurm_job_path_of(&run->job, which ? ".err" : ".out");
    char bytes[READ_SIZE];

    if (run->fds[which] < 0 && rmv_beneath_open(workspace_of(execution)->root_fd, path,
                                                O_RDONLY | O_NONBLOCK, 0, &run->fds[which]))
        return; /* not there yet */
    for (ssize_t size; (size = pread(run->fds[which], bytes, sizeof(bytes), run->sizes[which])) > 0;
         run->sizes[which] += size)
        rmv_execution_print(execution, which, bytes, (size_t)size);
}

static void copy_output(struct rmv_execution *execution)
{
    copy_some(execution, 0);
    copy_some(execution, 1);
}

/* ---- Its end -------------------------------------------------------------------------------- */

static void forget(struct rmv_execution *execution)
{
    rmv_slurm_job_remove(workspace_of(execution), execution->options.stage, &execution->slurm->job);
}

/* A job that ended well can be found again until what it made is recorded. */
static void end(struct rmv_execution *execution, bool *ended)
{
    copy_output(execution);
    if (execution->status || execution->problem || execution->stop_ns)
        forget(execution);
    *ended = true;
}

static bool is_normal_end(const struct rmv_slurm_state *state)
{
    return strcmp(state->name, "COMPLETED") == 0 || strcmp(state->name, "FAILED") == 0;
}

/* What became of one whose script left no exit status. */
static char *describe_end(const struct rmv_execution *execution)
{
    const struct rmv_slurm_run *run = execution->slurm;
    const struct rmv_slurm_state *state = &run->state;
    const bool has_reason = *state->reason && strcmp(state->reason, "None") != 0;
    const bool has_status = is_normal_end(state) && execution->status;
    RMV_CLEANUP(rmv_str_free) char *status = rmv_process_describe(execution->status);

    if (run->is_lost)
        return rmv_str_format("Slurm does not know its job %" PRIu64 " any more", run->job.id);
    if (rmv_slurm_job_has_begun_again(workspace_of(execution), &run->job))
        return rmv_str_format("Slurm lost sight of its job %" PRIu64 " and started it again; that "
                              "start ran nothing, and the first one left no exit status",
                              run->job.id);
    return rmv_str_format("Slurm ended its job %" PRIu64 ": %s%s%s%s%s", run->job.id, state->name,
                          has_reason ? ", " : "", has_reason ? state->reason : "",
                          has_status ? ", " : "", has_status ? status : "");
}

/* How long after the news of its end another attempt has to wait. The exit status may come later,
 * from another machine. A start that Slurm lost sight of may even go on, until its node has
 * registered with the controller and is told to end it. */
static int64_t wait_ms_of(const struct rmv_execution *execution)
{
    const struct rmv_slurm_run *run = execution->slurm;
    if (!execution->stop_ns &&
        (run->is_lost || rmv_slurm_job_has_begun_again(workspace_of(execution), &run->job)))
        return LOST_WAIT_MS;
    return !run->is_lost && is_normal_end(&run->state) ? FILE_WAIT_MS : 0;
}

/* Slurm says that it has ended: with the status of the script if it came to its end, otherwise with
 * what Slurm knows. */
static void judge(struct rmv_execution *execution, bool *ended)
{
    const struct rmv_slurm_run *run = execution->slurm;
    const struct rmv_slurm_state *state = &run->state;

    if (rmv_time_monotonic_ns() - run->ended_ns < wait_ms_of(execution) * NS_PER_MS)
        return;
    if (state->exit_signal)
        execution->status = state->exit_signal & 0x7f;
    else
        execution->status = rmv_slurm_status_of(state->exit_code & 0xff);
    execution->problem = describe_end(execution);
    end(execution, ended);
}

/* ---- Answers -------------------------------------------------------------------------------- */

static void say(const struct rmv_execution *execution, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    rmv_execution_report(execution, RMV_REPRO_CLUSTER, text);
}

/* The whole answer as a line, for a message. */
static char *line_of(struct rmv_buf *answer)
{
    const char *text = rmv_buf_string(answer);
    while (answer->size && strchr("\n ", text[answer->size - 1]))
        answer->size--;
    char *line = rmv_str_copy_n(answer->data, answer->size);
    for (char *at = line; *at; at++)
        if (*at == '\n')
            *at = ';';
    return line;
}

static void note_unreachable(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    if (!run->is_unreachable)
        say(execution, "Slurm's controller does not answer; waiting for it");
    run->is_unreachable = true;
    rmv_execution_report(execution, RMV_REPRO_JOB, "waiting for Slurm's controller");
}

static const struct rmv_error *take_id(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    run->job.id = rmv_slurm_parse_id(rmv_buf_string(&run->query.answer));
    if (!run->job.id)
        return NULL;
    say(execution, "runs as job %" PRIu64 " of Slurm", run->job.id);
    return rmv_slurm_job_write(workspace_of(execution), execution->options.stage, &run->job);
}

static const struct rmv_error *take_submitted(struct rmv_execution *execution, bool ok, bool *ended)
{
    struct rmv_slurm_run *run = execution->slurm;
    const char *answer = rmv_buf_string(&run->query.answer);
    if (!ok && rmv_slurm_is_unreachable(answer)) {
        note_unreachable(execution);
        return NULL; /* it is looked for under its name */
    }
    const struct rmv_error *err = ok ? take_id(execution) : NULL;
    if (err || run->job.id)
        return err;
    RMV_CLEANUP(rmv_str_free) char *line = line_of(&run->query.answer);
    execution->problem = rmv_str_format("Slurm does not take its job: %s", line);
    end(execution, ended);
    return NULL;
}

static const struct rmv_error *take_found(struct rmv_execution *execution, bool ok, bool *ended)
{
    struct rmv_slurm_run *run = execution->slurm;
    if (!ok) {
        note_unreachable(execution);
        return NULL;
    }
    run->is_unreachable = false;
    const struct rmv_error *err = take_id(execution);
    if (err || run->job.id)
        return err;
    if (!execution->stop_ns)
        return submit(execution);
    execution->status = SIGTERM;
    end(execution, ended);
    return NULL;
}

/* A controller that was restarted from a state some seconds old does not know what came since. What
 * had begun may have left half an output, and is for another attempt, which clears them. */
static const struct rmv_error *take_lost(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    if (!run->is_resubmitted && !execution->stop_ns && !execution->options.job &&
        !rmv_slurm_job_has_begun(workspace_of(execution), &run->job)) {
        say(execution, "Slurm has lost job %" PRIu64 "; submitting it again", run->job.id);
        run->is_resubmitted = true;
        run->job.id = 0;
        return submit(execution);
    }
    run->is_lost = true;
    if (!run->ended_ns)
        run->ended_ns = rmv_time_monotonic_ns();
    return NULL;
}

static void report_state(const struct rmv_execution *execution)
{
    const struct rmv_slurm_run *run = execution->slurm;
    const struct rmv_slurm_state *state = &run->state;
    const bool has_reason = *state->reason && strcmp(state->reason, "None") != 0;
    RMV_CLEANUP(rmv_str_free) char *reason = rmv_str_format(" (%s)", state->reason);
    RMV_CLEANUP(rmv_str_free)
    char *text = rmv_str_format("%s in Slurm, job %" PRIu64 "%s",
                                state->has_ended     ? "ended"
                                : state->has_started ? "running"
                                                     : "queued",
                                run->job.id, !state->has_started && has_reason ? reason : "");
    if (!execution->stop_ns)
        rmv_execution_report(execution, RMV_REPRO_JOB, text);
}

static const struct rmv_error *take_shown(struct rmv_execution *execution, bool ok)
{
    struct rmv_slurm_run *run = execution->slurm;
    const char *answer = rmv_buf_string(&run->query.answer);
    struct rmv_slurm_state state;
    if (!ok || !rmv_slurm_parse_state(answer, &state)) {
        if (rmv_slurm_is_unknown(answer))
            return take_lost(execution);
        note_unreachable(execution);
        return NULL;
    }
    run->is_unreachable = false;
    if (!strstr(answer, run->job.name))
        return take_lost(execution); /* its number has been given to another one */
    run->state = state;
    report_state(execution);
    if (run->state.has_started && !execution->started_ns)
        execution->started_ns = rmv_time_monotonic_ns();
    if (run->state.has_ended && !run->ended_ns)
        run->ended_ns = rmv_time_monotonic_ns();
    return NULL;
}

static const struct rmv_error *take_answer(struct rmv_execution *execution, bool ok, bool *ended)
{
    switch (execution->slurm->question) {
    case SUBMIT:
        return take_submitted(execution, ok, ended);
    case FIND:
        return take_found(execution, ok, ended);
    case SHOW:
        return take_shown(execution, ok);
    case CANCEL:
        break; /* what has become of the job says whether it worked */
    }
    return NULL;
}

/* ---- The run -------------------------------------------------------------------------------- */

static const struct rmv_error *start_slurm(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = rmv_calloc(1, sizeof(*run));
    const struct rmv_slurm_job *job = execution->options.job;
    execution->slurm = run;
    *run = (struct rmv_slurm_run){.query = RMV_SLURM_QUERY_EMPTY, .fds = {-1, -1}};
    if (job) {
        run->job = (struct rmv_slurm_job){
            .key = rmv_str_copy(job->key), .name = rmv_str_copy(job->name), .id = job->id};
        say(execution, "goes on as job %" PRIu64 " of Slurm, which an earlier run submitted",
            job->id);
        return NULL;
    }
    rmv_slurm_job_init(execution->options.stage, execution->options.key, &run->job);
    for (size_t i = 0; rmv_execution_line(execution, i); i++) {
        RMV_CLEANUP(rmv_str_free)
        char *echo = rmv_str_format("> %s", rmv_execution_line(execution, i));
        rmv_execution_report(execution, RMV_REPRO_COMMAND, rmv_execution_line(execution, i));
        rmv_stage_log_note(&execution->log, RMV_LOG_INFO, echo);
    }
    const struct rmv_error *err =
        rmv_slurm_job_write_script(workspace_of(execution), execution->options.stage, &run->job);
    return err ? err : submit(execution);
}

static void watch(const struct rmv_execution *execution, struct pollfd watched[RMV_EXECUTION_FDS])
{
    watched[0] = (struct pollfd){.fd = execution->slurm->query.fd, .events = POLLIN};
}

static void send_signal(struct rmv_execution *execution, int number)
{
    execution->slurm->signal = number;
    execution->slurm->next_ns = 0;
}

static const struct rmv_error *ask_next(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    const int64_t now_ns = rmv_time_monotonic_ns();
    if (run->signal && run->job.id)
        return cancel(execution);
    if (now_ns < run->next_ns)
        return NULL;
    const bool is_young = now_ns - run->since_ns < YOUNG_MS * NS_PER_MS || execution->stop_ns;
    run->next_ns = now_ns + (is_young ? SOON_MS : LATER_MS) * NS_PER_MS;
    return run->job.id ? show(execution) : find(execution);
}

/* A job that cannot be cancelled stays noted: the next run finds it. */
static bool is_given_up(const struct rmv_execution *execution)
{
    return execution->stop_ns && execution->slurm->is_unreachable &&
           rmv_time_monotonic_ns() - execution->stop_ns > GIVE_UP_MS * NS_PER_MS;
}

static const struct rmv_error *step_slurm(struct rmv_execution *execution,
                                          const struct pollfd watched[RMV_EXECUTION_FDS],
                                          bool *ended)
{
    struct rmv_slurm_run *run = execution->slurm;
    bool has_answer = false, ok = false;
    const struct rmv_error *err = NULL;

    (void)watched;
    copy_output(execution);
    if (run->query.pid > 0)
        err = rmv_slurm_query_step(&run->query, &has_answer, &ok);
    if (!err && has_answer)
        err = take_answer(execution, ok, ended);
    if (err || *ended)
        return err;
    if (rmv_slurm_job_read_status(workspace_of(execution), &run->job, &execution->status)) {
        end(execution, ended);
        return NULL;
    }
    if (run->ended_ns)
        judge(execution, ended);
    if (*ended)
        return NULL;
    if (is_given_up(execution))
        return rmv_error_hint(rmv_error(RMV_ERR_INTERRUPTED,
                                        "Slurm's controller does not answer: job %s (%" PRIu64
                                        ") may still run",
                                        run->job.name, run->job.id),
                              "the next `rmv repro` looks for it; `scancel` ends it");
    return run->query.pid > 0 ? NULL : ask_next(execution);
}

static void close_slurm(struct rmv_execution *execution)
{
    struct rmv_slurm_run *run = execution->slurm;
    if (!run)
        return;
    rmv_slurm_query_close(&run->query);
    rmv_slurm_job_free(&run->job);
    rmv_fd_close(&run->fds[0]);
    rmv_fd_close(&run->fds[1]);
    free(run);
    execution->slurm = NULL;
}

const struct rmv_execution_kind rmv_execution_slurm = {.start = start_slurm,
                                                       .watch = watch,
                                                       .signal = send_signal,
                                                       .step = step_slurm,
                                                       .forget = forget,
                                                       .close = close_slurm};
