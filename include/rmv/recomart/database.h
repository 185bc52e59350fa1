/* Which database holds the feature tables: data/config/database.yaml.
 *
 *     backend: sqlite                          # or postgresql
 *     path: data/features.local/features.db    # sqlite
 *     host: localhost                          # postgresql, as the following
 *     port: 5432
 *     database: recomart
 *     user: recomart
 *     password_file: /etc/recomart/password    # readable by its owner alone
 *
 * The file is committed, so a password in it is refused: it comes from the environment's PGPASSWORD
 * or from password_file. It goes to a host that is not this machine only if the environment's
 * PGHOST names the same one: whoever wrote the file may not be whom the password is for. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/features/store.h"

#define RMV_DATABASE_PATH_DEFAULT "data/config/database.yaml"

/* Opens the database that the file at `path` names; NULL for the default path, which may be
 * missing: SQLite then. The caller closes the store. Errors: USAGE (unknown or wrong settings, with
 * file and line), DENIED (a password in the file, others may read password_file, or the password is
 * not for that host), and those of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_database_open(const char *path, struct rmv_feature_store **store);
