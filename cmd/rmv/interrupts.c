#include "rmv/interrupts.h"

#include <stddef.h>

volatile sig_atomic_t cli_interrupted;

static void interrupt(int number)
{
    (void)number;
    cli_interrupted = 1;
}

void cli_watch_interrupts(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = interrupt};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction old;
        /* What nohup or a shell told us to ignore stays ignored. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}
