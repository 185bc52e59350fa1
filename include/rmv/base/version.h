/* The version of this library, "0.1.0", and of those it runs with. Static text. */
#pragma once

const char *rmv_version(void);

const char *rmv_version_libyaml(void);
const char *rmv_version_cjson(void);
