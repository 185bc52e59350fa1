/* Where a secret may go. The files that name hosts are committed, so they may come from somebody
 * else's clone; a secret comes from the user. Only the user can bring the two together. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"

/* May the secret go to `host`? To this machine (localhost, 127.0.0.0/8, ::1, the path of a socket)
 * always, elsewhere if the environment `variable` names the same host. `secret` is for the message.
 * Errors: DENIED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_credentials_check_host(const char *secret, const char *host,
                                                   const char *variable);

/* Is it this machine? */
bool rmv_credentials_is_local(const char *host);
