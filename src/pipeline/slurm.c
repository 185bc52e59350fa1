#include "pipeline/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/process.h"

#define ANSWER_SIZE_MAX ((size_t)1 << 20)
#define EXIT_SIGNAL 128 /* what a shell adds to the number of a signal */
#define SIGNAL_MAX 64

/* ---- Its programs --------------------------------------------------------------------------- */

const struct rmv_error *rmv_slurm_query_start(const struct rmv_strings *arguments,
                                              const char *const *env, struct rmv_slurm_query *query)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return rmv_error_errno("cannot make a pipe");
    RMV_CLEANUP(rmv_fd_close) int to = ends[1];
    query->fd = ends[0];
    query->answer.size = 0;
    if (fcntl(query->fd, F_SETFL, O_NONBLOCK) < 0)
        return rmv_error_errno("cannot set up a pipe");

    RMV_CLEANUP(rmv_free) const char **argv = rmv_calloc(arguments->count + 1, sizeof(*argv));
    for (size_t i = 0; i < arguments->count; i++)
        argv[i] = arguments->items[i];
    /* In a group of its own: the terminal's interrupt is for us to handle. */
    const struct rmv_process_options options = {
        .argv = argv, .env = env, .stdout_fd = to, .stderr_fd = to, .new_group = true};
    const struct rmv_error *err = rmv_process_start(&options, &query->pid);
    if (!err)
        return NULL;
    rmv_fd_close(&query->fd);
    if (err->code != RMV_ERR_NOT_FOUND)
        return err;
    return rmv_error_hint(err, "install Slurm's programs, or run the stages here with "
                               "--executor local");
}

const struct rmv_error *rmv_slurm_query_step(struct rmv_slurm_query *query, bool *ended, bool *ok)
{
    char bytes[4096];
    int status = 0;

    *ended = false;
    for (;;) {
        const ssize_t size = read(query->fd, bytes, sizeof(bytes));
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return NULL;
        if (size <= 0)
            break;
        if (query->answer.size < ANSWER_SIZE_MAX)
            rmv_buf_append(&query->answer, bytes, (size_t)size);
    }
    rmv_fd_close(&query->fd);
    const pid_t pid = query->pid;
    query->pid = 0;
    *ended = true;
    const struct rmv_error *err = rmv_process_wait(pid, &status);
    *ok = status == 0;
    return err;
}

void rmv_slurm_query_close(struct rmv_slurm_query *query)
{
    int status;
    rmv_fd_close(&query->fd);
    if (query->pid > 0) {
        kill(-query->pid, SIGKILL);
        const struct rmv_error *err = rmv_process_wait(query->pid, &status);
        (void)err; /* it is gone either way */
    }
    query->pid = 0;
    rmv_buf_free(&query->answer);
}

/* ---- What they say -------------------------------------------------------------------------- */

/* The word behind " KEY=". */
static bool find_field(const char *answer, const char *key, char *value, size_t size)
{
    RMV_CLEANUP(rmv_str_free) char *searched = rmv_str_format(" %s=", key);
    const char *at = strstr(answer, searched);
    if (!at)
        return false;
    at += strlen(searched);
    const size_t length = strcspn(at, " \n");
    snprintf(value, size, "%.*s", (int)length, at);
    return true;
}

/* States as in scontrol(1) and squeue(1), "JOB STATE CODES". */
bool rmv_slurm_parse_state(const char *answer, struct rmv_slurm_state *state)
{
    static const char *const ends[] = {"BOOT_FAIL", "CANCELLED",     "COMPLETED", "DEADLINE",
                                       "FAILED",    "NODE_FAIL",     "PREEMPTED", "REVOKED",
                                       "TIMEOUT",   "OUT_OF_MEMORY", NULL};
    static const char *const waits[] = {"PENDING",  "CONFIGURING",  "RESV_DEL_HOLD",
                                        "REQUEUED", "REQUEUE_FED",  "REQUEUE_HOLD",
                                        "RESIZING", "SPECIAL_EXIT", NULL};
    char code[32];

    *state = (struct rmv_slurm_state){.exit_code = 0};
    if (!find_field(answer, "JobState", state->name, sizeof(state->name)) ||
        !find_field(answer, "ExitCode", code, sizeof(code)) ||
        sscanf(code, "%d:%d", &state->exit_code, &state->exit_signal) != 2)
        return false;
    if (!find_field(answer, "Reason", state->reason, sizeof(state->reason)))
        *state->reason = '\0';
    state->has_ended = rmv_words_have(ends, state->name);
    state->has_started = !rmv_words_have(waits, state->name);
    return true;
}

int rmv_slurm_status_of(int code)
{
    const bool is_signal = code > EXIT_SIGNAL && code <= EXIT_SIGNAL + SIGNAL_MAX;
    return is_signal ? code - EXIT_SIGNAL : code << 8;
}

uint64_t rmv_slurm_parse_id(const char *answer)
{
    /* A line of its own: warnings may stand before it. */
    for (const char *line = answer; line && *line;) {
        uint64_t id;
        int size = 0;
        if (sscanf(line, "%" SCNu64 "%n", &id, &size) == 1 && strchr(";\n", line[size]))
            return id;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return 0;
}

bool rmv_slurm_is_unreachable(const char *answer)
{
    static const char *const signs[] = {"Unable to contact slurm controller",
                                        "Unable to contact",
                                        "Connection refused",
                                        "Connection timed out",
                                        "Socket timed out",
                                        "temporarily unable to accept job",
                                        "Zero Bytes were transmitted",
                                        "Transport endpoint is not connected",
                                        "Protocol authentication error",
                                        "Munge encode failed",
                                        "Resource temporarily unavailable"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (strstr(answer, signs[i]))
            return true;
    return false;
}

bool rmv_slurm_is_unknown(const char *answer)
{
    return strstr(answer, "Invalid job id") != NULL;
}

/* ---- What they are told --------------------------------------------------------------------- */

static void add_option(struct rmv_strings *arguments, const char *option, const char *value)
{
    if (value)
        rmv_strings_take(arguments, rmv_str_format("--%s=%s", option, value));
}

/* The names of files are patterns to Slurm: %j, %x and so on. */
static void add_file(struct rmv_strings *arguments, const char *option, const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf escaped = {0};
    for (; *path; path++)
        rmv_buf_append(&escaped, *path == '%' ? "%%" : path, *path == '%' ? 2 : 1);
    add_option(arguments, option, rmv_buf_string(&escaped));
}

static void add_limits(const struct rmv_stage_executor *executor, struct rmv_strings *arguments)
{
    if (executor->cpus)
        rmv_strings_take(arguments, rmv_str_format("--cpus-per-task=%u", executor->cpus));
    if (executor->job_memory_bytes)
        rmv_strings_take(arguments, rmv_str_format("--mem=%" PRIu64 "K",
                                                   (executor->job_memory_bytes + 1023) / 1024));
    if (executor->time_ms) {
        const int64_t seconds = (executor->time_ms + 999) / 1000;
        rmv_strings_take(arguments, rmv_str_format("--time=%" PRId64 "-%02d:%02d:%02d",
                                                   seconds / 86400, (int)(seconds / 3600 % 24),
                                                   (int)(seconds / 60 % 60), (int)(seconds % 60)));
    }
}

void rmv_slurm_submit_arguments(const struct rmv_slurm_submission *submission,
                                struct rmv_strings *arguments)
{
    const struct rmv_stage_executor *executor = submission->executor;
    rmv_strings_add(arguments, "sbatch");
    rmv_strings_add(arguments, "--parsable");
    rmv_strings_add(arguments, "--no-requeue"); /* the outputs would not be cleared in between */
    rmv_strings_add(arguments, "--open-mode=append"); /* a second start leaves what was printed */
    add_option(arguments, "job-name", submission->name);
    add_option(arguments, "chdir", submission->folder);
    add_file(arguments, "output", submission->out);
    add_file(arguments, "error", submission->err);
    add_option(arguments, "partition", executor->partition);
    add_option(arguments, "account", executor->account);
    add_option(arguments, "qos", executor->qos);
    add_option(arguments, "gres", executor->gres);
    add_option(arguments, "constraint", executor->constraint);
    add_limits(executor, arguments);
    for (size_t i = 0; i < executor->options.count; i++)
        rmv_strings_add(arguments, executor->options.items[i]);
    rmv_strings_add(arguments, submission->script);
}

static void append_run(const char *line, struct rmv_buf *script)
{
    rmv_buf_append_string(script, "run ");
    rmv_process_quote(line, script);
    rmv_buf_append_string(script, "\n");
}

void rmv_slurm_format_script(const struct rmv_value *cmd, const char *job_path,
                             struct rmv_buf *script)
{
    rmv_buf_append_string(script, "#!/bin/sh\njob=");
    rmv_process_quote(job_path, script);
    rmv_buf_append_string(
        script,
        "\nif ! [ -e \"$job.ticket\" ] || ! rm \"$job.ticket\"; then\n"
        "    if [ -e \"$job.sh\" ]; then\n"
        "        echo \"rmv: Slurm has started this job before: not running it again\" >&2\n"
        "        : >\"$job.again\"\n"
        "    else\n"
        "        rm -f \"$job.out\" \"$job.err\"\n"
        "    fi\n"
        "    exit 1\n"
        "fi\n"
        "end() {\n"
        "    printf '%s\\n' \"$1\" >\"$job.exit.new\" && mv \"$job.exit.new\" \"$job.exit\"\n"
        "    exit \"$1\"\n"
        "}\n"
        "run() {\n"
        "    /bin/sh -c \"$1\" || end $?\n"
        "}\n");
    if (cmd->kind == RMV_VALUE_STRING)
        append_run(cmd->text, script);
    for (size_t i = 0; cmd->kind == RMV_VALUE_LIST && i < cmd->list.count; i++)
        append_run(cmd->list.items[i].text, script);
    rmv_buf_append_string(script, "end 0\n");
}
