#include "rmv/recomart/database.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "recomart/credentials.h"
#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/value.h"
#include "rmv/base/yaml.h"

#define PASSWORD_BYTES_MAX ((size_t)4096)
#define SQLITE_DEFAULT "data/features.local/features.db"

struct database {
    const char *name; /* of the file, for messages */
    struct rmv_value document;
    char *port;
    char *password;
};

static void database_free(struct database *database)
{
    rmv_value_free(&database->document);
    rmv_str_free(&database->port);
    rmv_str_free(&database->password);
}

static const struct rmv_error *read_file(const char *path, struct database *database)
{
    static const char *const known[] = {"backend", "path",     "host",          "port", "database",
                                        "user",    "password", "password_file", NULL};
    database->name = path ? path : RMV_DATABASE_PATH_DEFAULT;
    if (!path && !rmv_fs_exists(database->name))
        return NULL;
    const struct rmv_error *err = rmv_yaml_read(database->name, &database->document);
    if (err || database->document.kind == RMV_VALUE_NULL)
        return err;
    err = rmv_value_expect(database->name, &database->document, RMV_VALUE_MAP, "the document");
    if (err)
        return err;
    err = rmv_value_check_keys(database->name, &database->document, known, "a database setting");
    if (err)
        return err;
    const struct rmv_value *password = rmv_value_find(&database->document, "password");
    if (!password)
        return NULL;
    err = rmv_value_error(database->name, password, "this file is no place for a password");
    return rmv_error_hint(rmv_error(RMV_ERR_DENIED, "%s", err->message),
                          "set PGPASSWORD, or name a file of mode 0600 as password_file");
}

/* `*text` stays as it is where the key is missing. */
static const struct rmv_error *find_text(const struct database *database, const char *key,
                                         const char **text)
{
    const struct rmv_value *value = rmv_value_find(&database->document, key);
    if (!value)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(database->name, value, RMV_VALUE_STRING, key);
    if (!err)
        *text = value->text;
    return err;
}

static const struct rmv_error *find_port(struct database *database)
{
    const struct rmv_value *value = rmv_value_find(&database->document, "port");
    if (!value) {
        rmv_str_set(&database->port, "5432");
        return NULL;
    }
    if (value->kind != RMV_VALUE_INT || value->integer < 1 || value->integer > 65535)
        return rmv_value_error(database->name, value, "port is a number from 1 to 65535");
    database->port = rmv_str_format("%lld", (long long)value->integer);
    return NULL;
}

static const struct rmv_error *read_password_file(const char *path, struct database *database)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return rmv_error_errno("cannot open password file '%s'", path);
    if (status.st_mode & 077)
        return rmv_error_hint(rmv_error(RMV_ERR_DENIED, "others may read '%s'", path),
                              "chmod 600 '%s'", path);
    const struct rmv_error *err = rmv_fd_read(fd, path, PASSWORD_BYTES_MAX, &content);
    if (err)
        return err;
    /* One line; what an editor puts behind it is not part of the password. */
    database->password = rmv_str_copy_n(content.data, content.size);
    database->password[strcspn(database->password, "\r\n")] = '\0';
    return NULL;
}

static const struct rmv_error *find_password(struct database *database)
{
    const char *path = NULL;
    const char *from_environment = getenv("PGPASSWORD");
    if (from_environment) {
        database->password = rmv_str_copy(from_environment);
        return NULL;
    }
    const struct rmv_error *err = find_text(database, "password_file", &path);
    if (err || !path)
        return err;
    return read_password_file(path, database);
}

static const struct rmv_error *find_backend(const struct database *database,
                                            struct rmv_feature_store_options *options)
{
    const char *backend = "sqlite";
    const struct rmv_error *err = find_text(database, "backend", &backend);
    if (err)
        return err;
    if (strcmp(backend, "sqlite") == 0)
        options->backend = RMV_FEATURE_SQLITE;
    else if (strcmp(backend, "postgresql") == 0)
        options->backend = RMV_FEATURE_POSTGRESQL;
    else
        return rmv_value_error(database->name, rmv_value_find(&database->document, "backend"),
                               "backend is sqlite or postgresql, not '%s'", backend);
    return NULL;
}

const struct rmv_error *rmv_database_open(const char *path, struct rmv_feature_store **store)
{
    RMV_CLEANUP(database_free) struct database database = {0};
    struct rmv_feature_store_options options = {
        .path = SQLITE_DEFAULT, .host = "localhost", .database = "recomart", .user = "recomart"};
    const struct rmv_error *err = read_file(path, &database);
    if (!err)
        err = find_backend(&database, &options);
    if (!err)
        err = find_text(&database, "path", &options.path);
    if (!err)
        err = find_text(&database, "host", &options.host);
    if (!err)
        err = find_text(&database, "database", &options.database);
    if (!err)
        err = find_text(&database, "user", &options.user);
    if (!err)
        err = find_port(&database);
    if (!err && options.backend == RMV_FEATURE_POSTGRESQL)
        err = find_password(&database);
    if (!err && database.password)
        err = rmv_credentials_check_host("the PostgreSQL password", options.host, "PGHOST");
    if (err)
        return err;
    options.port = database.port;
    options.password = database.password;
    return rmv_feature_store_open(&options, store);
}
