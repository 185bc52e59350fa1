/* Exploratory plots of the prepared interactions, and a page that has them all. */
#pragma once

#include "recomart/interactions.h"

/* Writes the plots as PNG and eda.html into `folder`. Errors: NOT_FOUND (no font), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_eda_write(const char *folder,
                                      const struct rmv_interactions *interactions,
                                      const struct rmv_prepare_options *options);
