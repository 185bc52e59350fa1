/* measure [-m] [-t MIB] RESULTS COMMAND...   runs COMMAND and appends one line about it to RESULTS:
 *
 *     WALL CPU ANONYMOUS RESIDENT OWN
 *
 * Seconds by the clock; user and system seconds of it and of what it waited for; its peak anonymous
 * memory; the peak resident set of the largest of its processes, mapped files included; both in
 * KiB; user and system seconds of its own threads, without other processes. The kernel keeps no
 * peak of anonymous memory, so -m looks once a millisecond, which disturbs the times; without it
 * the peak is 0. A guest's memory that was free for some seconds may have gone back to its host,
 * and to get it again takes many times as long as to clear it; so -t first writes to MIB of memory
 * and frees it, and whatever is measured next finds the same. Ends with COMMAND's status, and
 * writes no line if that is not 0. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/process.h"

#define STATUS_BYTES 8192
#define LOOK_EVERY_NS 1000000
#define KILLED 128 /* added to the signal, as shells do */

static const char usage_text[] = "usage: measure [-m] [-t MIB] RESULTS COMMAND...";

struct options {
    bool with_memory;
    size_t touched_bytes;
};

struct figures {
    double wall_s, cpu_s, own_s;
    long anonymous_kib, resident_kib;
};

static double seconds_of_timespec(const struct timespec *time)
{
    return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return seconds_of_timespec(&now);
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* KiB of anonymous memory that the process has now; 0 once it has ended. */
static long anonymous_kib(const char *status_path)
{
    static const char label[] = "RssAnon:";
    char status[STATUS_BYTES];
    FILE *file = fopen(status_path, "re");
    if (!file)
        return 0;
    const size_t size = fread(status, 1, sizeof(status) - 1, file);
    fclose(file);
    status[size] = '\0';
    const char *found = strstr(status, label);
    return found ? strtol(found + sizeof(label) - 1, NULL, 10) : 0;
}

/* Watches the process until it has ended, without collecting it. */
static long watch(pid_t pid)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("/proc/%d/status", (int)pid);
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    siginfo_t ended = {0};
    long peak = 0;

    while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == 0) {
        const long now = anonymous_kib(path);
        if (now > peak)
            peak = now;
        nanosleep(&pause, NULL);
    }
    return peak;
}

/* Waits until the process has ended, and reads the clock of its own CPU time, which is there until
 * it is collected: wait4(2) adds what its children took. */
static const struct rmv_error *wait_for_own(pid_t pid, double *seconds)
{
    siginfo_t ended;
    struct timespec time;
    clockid_t clock;

    while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return rmv_error_errno("cannot wait for a process");
    errno = clock_getcpuclockid(pid, &clock);
    if (errno || clock_gettime(clock, &time) < 0)
        return rmv_error_errno("cannot read the CPU time of a process");
    *seconds = seconds_of_timespec(&time);
    return NULL;
}

static const struct rmv_error *run(const char *const *argv, bool with_memory,
                                   struct figures *figures, int *status)
{
    const struct rmv_process_options options = {.argv = argv};
    struct rusage usage;
    pid_t pid;

    const double started = seconds_now();
    const struct rmv_error *err = rmv_process_start(&options, &pid);
    if (err)
        return err;
    figures->anonymous_kib = with_memory ? watch(pid) : 0;
    err = wait_for_own(pid, &figures->own_s);
    if (err)
        return err;
    figures->wall_s = seconds_now() - started;
    while (wait4(pid, status, 0, &usage) < 0)
        if (errno != EINTR)
            return rmv_error_errno("cannot wait for '%s'", argv[0]);
    figures->cpu_s = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    figures->resident_kib = usage.ru_maxrss;
    return NULL;
}

static const struct rmv_error *append(const char *path, const struct figures *figures)
{
    FILE *file = fopen(path, "ae");
    if (!file)
        return rmv_error_errno("cannot open '%s'", path);
    fprintf(file, "%.6f %.6f %ld %ld %.6f\n", figures->wall_s, figures->cpu_s,
            figures->anonymous_kib, figures->resident_kib, figures->own_s);
    return fclose(file) ? rmv_error_errno("cannot write '%s'", path) : NULL;
}

/* No more than is free: what is in the page cache is to stay there. */
static void write_to_memory(size_t size)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        return;
    const size_t free_bytes = info.freeram * info.mem_unit / 8 * 7;
    size = size < free_bytes ? size : free_bytes;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return;
    for (size_t i = 0; i < size; i += (size_t)sysconf(_SC_PAGESIZE))
        bytes[i] = 1;
}

/* In another process: the peak of this one is inherited by what it runs. */
static const struct rmv_error *touch(size_t size)
{
    if (size == 0)
        return NULL;
    const pid_t pid = fork();
    if (pid < 0)
        return rmv_error_errno("cannot start a process");
    if (pid == 0) {
        write_to_memory(size);
        _exit(0);
    }
    while (waitpid(pid, NULL, 0) < 0)
        if (errno != EINTR)
            return rmv_error_errno("cannot wait for a process");
    return NULL;
}

static const struct rmv_error *measure(const struct options *options, char **rest, int *status)
{
    struct figures figures = {0};
    const struct rmv_error *err = touch(options->touched_bytes);
    if (!err)
        err = run((const char *const *)(rest + 1), options->with_memory, &figures, status);
    if (err || *status != 0)
        return err;
    return append(rest[0], &figures);
}

/* What is left of the arguments, or NULL. */
static char **parse(int argc, char **argv, struct options *options)
{
    int option;
    while ((option = getopt(argc, argv, "+mt:")) != -1) {
        if (option == 'm')
            options->with_memory = true;
        else if (option == 't')
            options->touched_bytes = strtoul(optarg, NULL, 10) << 20;
        else
            return NULL;
    }
    return argc - optind < 2 ? NULL : argv + optind;
}

int main(int argc, char **argv)
{
    int status = 0;
    struct options options = {0};
    char **rest = parse(argc, argv, &options);
    const struct rmv_error *err =
        rest ? measure(&options, rest, &status) : rmv_error(RMV_ERR_USAGE, "%s", usage_text);
    if (err) {
        fprintf(stderr, "measure: %s\n", err->message);
        return (int)err->code;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED + WTERMSIG(status);
}
