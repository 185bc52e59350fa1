#include "rmv/repeat.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/interrupts.h"
#include "rmv/pipeline/timetable.h"
#include "rmv/shared.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
/* The clock may be set, or the machine sleep, meanwhile: it is looked at this often. */
#define WAIT_NS_MAX (30 * NS_PER_SECOND)
#define TIME_TEXT_SIZE 32

struct repeat {
    struct rmv_timetable timetable;
    int64_t first, last; /* where intervals count from; up to when all is done, in seconds */
    bool has_run;
    sigset_t mask; /* what was blocked before */
    FILE *out;
};

static int64_t now_seconds(void)
{
    return rmv_time_now_ns() / NS_PER_SECOND;
}

static int64_t due(const struct repeat *repeat)
{
    return repeat->has_run ? rmv_timetable_next(&repeat->timetable, repeat->first, repeat->last)
                           : rmv_timetable_first(&repeat->timetable, repeat->last);
}

static void format_time(int64_t seconds, char text[TIME_TEXT_SIZE])
{
    const time_t time = (time_t)seconds;
    struct tm local = {0};
    if (!localtime_r(&time, &local) || !strftime(text, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &local))
        snprintf(text, TIME_TEXT_SIZE, "%lld", (long long)seconds);
}

/* Until `next`, or something else happens. */
static void wait_a_while(const struct repeat *repeat, int64_t next)
{
    int64_t wait_ns = next * NS_PER_SECOND - rmv_time_now_ns();
    if (wait_ns > WAIT_NS_MAX)
        wait_ns = WAIT_NS_MAX;
    if (wait_ns <= 0)
        return;
    const struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_SECOND),
                                  .tv_nsec = (long)(wait_ns % NS_PER_SECOND)};
    (void)ppoll(NULL, 0, &wait, &repeat->mask);
}

static const struct rmv_error *wait_until_due(struct repeat *repeat)
{
    char text[TIME_TEXT_SIZE];
    int64_t next = due(repeat), told = 0;

    while (!cli_interrupted && now_seconds() < next) {
        format_time(next, text);
        if (next != told && !cli_quiet)
            fprintf(repeat->out, "The next run is at %s\n", text);
        fflush(repeat->out);
        told = next;
        wait_a_while(repeat, next);
        const int64_t now = now_seconds();
        if (now < repeat->last) /* the clock was put back */
            repeat->first = repeat->last = now;
        next = due(repeat);
    }
    format_time(next, text);
    return cli_interrupted
               ? rmv_error(RMV_ERR_INTERRUPTED, "stopped; the next run would have been at %s", text)
               : NULL;
}

/* In a new process, which must not outlive this one. */
static void prepare_run(const struct repeat *repeat, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        cli_interrupted = 1;
    sigprocmask(SIG_SETMASK, &repeat->mask, NULL);
}

static const struct rmv_error *wait_for_run(const struct repeat *repeat, pid_t pid, int *status)
{
    RMV_CLEANUP(rmv_fd_close) int fd = pidfd_open(pid, 0);
    bool is_told = false;

    if (fd < 0)
        return rmv_error_errno("cannot watch the run");
    for (struct pollfd watched = {.fd = fd, .events = POLLIN};;) {
        if (cli_interrupted && !is_told)
            kill(pid, SIGTERM);
        is_told = cli_interrupted;
        if (ppoll(&watched, 1, NULL, &repeat->mask) > 0)
            break;
    }
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return rmv_error_errno("cannot wait for the run");
    return NULL;
}

static const struct rmv_error *run_once(const struct repeat *repeat, bool *is_run)
{
    const pid_t parent = getpid();
    int status = 0;

    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0)
        return rmv_error_errno("cannot start a run");
    *is_run = pid == 0;
    if (*is_run) {
        prepare_run(repeat, parent);
        return NULL;
    }
    const struct rmv_error *err = wait_for_run(repeat, pid, &status);
    if (!err && cli_interrupted)
        err = rmv_error(RMV_ERR_INTERRUPTED, "stopped during a run");
    if (!err && WIFSIGNALED(status))
        fprintf(stderr, "rmv: the run was killed by signal %d\n", WTERMSIG(status));
    return err;
}

/* Without one, each run would fail. Nothing of it stays open. */
static const struct rmv_error *check_workspace(void)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_str_free) char *root = rmv_workspace_find(".");
    return root ? NULL : cli_open_workspace(&workspace);
}

const struct rmv_error *cli_repeat(const char *every, const char *at, FILE *out)
{
    struct repeat repeat = {.last = now_seconds(), .out = out};
    sigset_t blocked;
    bool is_run = false;

    const struct rmv_error *err = rmv_timetable_parse(every, at, &repeat.timetable);
    if (!err)
        err = check_workspace();
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGHUP);
    if (!err && sigprocmask(SIG_BLOCK, &blocked, &repeat.mask) < 0)
        err = rmv_error_errno("cannot block signals");
    repeat.first = repeat.last;
    while (!err && !is_run) {
        err = wait_until_due(&repeat);
        if (err)
            break;
        repeat.last = now_seconds();
        repeat.has_run = true;
        err = run_once(&repeat, &is_run);
    }
    return err;
}
