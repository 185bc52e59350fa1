#include "rmv/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

static bool is_one_terminal(void)
{
    struct stat out, err;
    return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && fstat(STDOUT_FILENO, &out) == 0 &&
           fstat(STDERR_FILENO, &err) == 0 && out.st_rdev == err.st_rdev;
}

static void print_message(void *context, const char *line)
{
    rmv_live_print(context, line, strlen(line));
}

struct rmv_live *cli_live_open(const char *thing)
{
    struct rmv_live *live = NULL;
    const char *terminal = getenv("TERM");
    if (cli_quiet || !terminal || !*terminal || strcmp(terminal, "dumb") == 0 || !is_one_terminal())
        return NULL;
    fflush(stdout);
    rmv_live_open(STDOUT_FILENO, thing, &live);
    if (live)
        cli_log_divert(print_message, live);
    return live;
}

void cli_live_close(struct rmv_live **live)
{
    if (*live)
        cli_log_divert(NULL, NULL);
    rmv_live_close(live);
}

void cli_live_print(struct rmv_live *live, FILE *out, const char *bytes, size_t size)
{
    if (live) {
        rmv_live_print(live, bytes, size);
    } else if (size > 0) {
        fwrite(bytes, 1, size, out);
        fflush(out);
    }
}
