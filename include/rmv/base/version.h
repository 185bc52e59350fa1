/* The version of this library, "0.1.0". */
#pragma once

const char *rmv_version(void);
