#include "rmv/base/interrupt.h"

#include <stddef.h>

enum rmv_interrupt rmv_interrupt_of(const volatile sig_atomic_t *interrupted)
{
    if (!interrupted)
        return RMV_INTERRUPT_NONE;
    const int how = __atomic_load_n(interrupted, __ATOMIC_RELAXED);
    return how == RMV_INTERRUPT_KILL ? RMV_INTERRUPT_KILL
           : how                     ? RMV_INTERRUPT_STOP
                                     : RMV_INTERRUPT_NONE;
}

void rmv_interrupt_set(volatile sig_atomic_t *interrupted, enum rmv_interrupt how)
{
    __atomic_store_n(interrupted, (sig_atomic_t)how, __ATOMIC_RELAXED);
}
