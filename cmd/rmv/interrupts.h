/* Signals that ask a command to stop, for those that run other programs. */
#pragma once

#include <signal.h>

/* Set once one has come. */
extern volatile sig_atomic_t cli_interrupted;

/* From now on SIGINT, SIGTERM and SIGHUP set it, unless they were ignored. */
void cli_watch_interrupts(void);
