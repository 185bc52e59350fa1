/* How somebody asks for work to end: a variable that a signal handler or another thread sets, and
 * whoever works looks at now and then. */
#pragma once

#include <signal.h>

enum rmv_interrupt {
    RMV_INTERRUPT_NONE = 0,
    RMV_INTERRUPT_STOP = 1, /* end, and let what runs end by itself for a few seconds */
    RMV_INTERRUPT_KILL = 2, /* end now: what runs is asked once, and killed at the next look */
};

/* What it says; NULL says NONE. */
enum rmv_interrupt rmv_interrupt_of(const volatile sig_atomic_t *interrupted);

/* For threads; a signal handler assigns. */
void rmv_interrupt_set(volatile sig_atomic_t *interrupted, enum rmv_interrupt how);
