#include "recomart/credentials.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOOPBACK_NET 127

bool rmv_credentials_is_local(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == LOOPBACK_NET;
    if (host[0] == '/')
        return strchr(host, ',') == NULL; /* libpq takes lists of hosts */
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "[::1]") == 0;
}

const struct rmv_error *rmv_credentials_check_host(const char *secret, const char *host,
                                                   const char *variable)
{
    const char *meant = getenv(variable);
    if (rmv_credentials_is_local(host) || (meant && strcasecmp(meant, host) == 0))
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_DENIED, "%s is not for '%s'%s%s", secret, host,
                                    meant ? ", but for " : "", meant ? meant : ""),
                          "a committed file names that host; if you trust it: export %s='%s'",
                          variable, host);
}
