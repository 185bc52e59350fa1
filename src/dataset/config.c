#include "rmv/dataset/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/sharing.h"
#include "rmv/base/fs.h"
#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/links.h"
#include "rmv/vcs/config_file.h"

#define LOCK_WAIT_MS 10000

enum value_type { TYPE_BOOL, TYPE_INT, TYPE_TEXT, TYPE_PATH, TYPE_LINKS, TYPE_SHARED };

struct known_key {
    const char *name;
    int64_t least, most;    /* of an int */
    const char *choices[2]; /* the texts that are allowed, or none */
    enum value_type type;
    bool counts_committed; /* harmless, so it may come with a clone */
};

static const struct known_key known_keys[] = {
    {.name = "cache.dir", .type = TYPE_TEXT},
    {.name = "cache.type", .type = TYPE_LINKS, .counts_committed = true},
    {.name = "core.compression",
     .type = TYPE_INT,
     .least = 1,
     .most = 19,
     .counts_committed = true},
    {.name = "core.fsync", .type = TYPE_BOOL},
    {.name = "core.shared", .type = TYPE_SHARED},
    {.name = "core.threads", .type = TYPE_INT, .least = 0, .most = 1024, .counts_committed = true},
    {.name = "parsing.bool",
     .type = TYPE_TEXT,
     .choices = {"store_true", "boolean_optional"},
     .counts_committed = true},
    {.name = "parsing.list",
     .type = TYPE_TEXT,
     .choices = {"nargs", "append"},
     .counts_committed = true},
    {.name = "plots.auto-open", .type = TYPE_BOOL},
    {.name = "plots.html-template", .type = TYPE_PATH, .counts_committed = true},
    {.name = "plots.out-dir", .type = TYPE_PATH, .counts_committed = true},
};
static const size_t known_keys_count = sizeof(known_keys) / sizeof(known_keys[0]);

struct setting {
    const struct known_key *key;
    char *value;
    enum rmv_config_level level;
};

struct rmv_config {
    char *folder;             /* `.rmstore`, or NULL */
    struct setting *settings; /* later ones win */
    size_t count, capacity;
    struct rmv_strings warnings;
};

/* Case does not count, and '_' is '-', which DVC has in its names and files like ours cannot. */
static int folded(char character)
{
    const unsigned char plain = character == '_' ? '-' : (unsigned char)character;
    return tolower(plain);
}

static bool is_same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (folded(*a) != folded(*b))
            return false;
    return *a == *b;
}

static const struct known_key *find_key(const char *name)
{
    for (size_t i = 0; i < known_keys_count; i++)
        if (is_same_name(known_keys[i].name, name))
            return &known_keys[i];
    return NULL;
}

/* A path in the file that comes with a clone must not lead out of the workspace. */
static const struct rmv_error *check_inside(const struct known_key *key, const char *value)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_normalize(value);
    if (!rmv_path_check(path))
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                    "'%s' must be a path inside the workspace here, not '%s'",
                                    key->name, value),
                          "the file comes with a clone; --local and --user take any path");
}

static const struct rmv_error *check_value(const struct known_key *key, enum rmv_config_level level,
                                           const char *value)
{
    bool flag;
    int64_t number;

    if (key->type == TYPE_BOOL && !rmv_config_file_parse_bool(value, &flag))
        return rmv_error(RMV_ERR_USAGE, "'%s' must be true or false, not '%s'", key->name, value);
    if (key->type == TYPE_INT &&
        (!rmv_config_file_parse_int(value, &number) || number < key->least || number > key->most))
        return rmv_error(RMV_ERR_USAGE, "'%s' must be a whole number from %lld to %lld, not '%s'",
                         key->name, (long long)key->least, (long long)key->most, value);
    if (key->choices[0] && strcmp(value, key->choices[0]) != 0 &&
        strcmp(value, key->choices[1]) != 0)
        return rmv_error(RMV_ERR_USAGE, "'%s' is '%s' or '%s', not '%s'", key->name,
                         key->choices[0], key->choices[1], value);
    if (key->type == TYPE_LINKS) {
        struct rmv_link_types types;
        const struct rmv_error *err = rmv_link_types_parse(value, &types);
        return err ? rmv_error_context(err, "%s", key->name) : NULL;
    }
    if (key->type == TYPE_SHARED) {
        mode_t bits;
        const struct rmv_error *err = rmv_sharing_parse(value, &bits);
        return err ? rmv_error_context(err, "%s", key->name) : NULL;
    }
    if ((key->type == TYPE_TEXT || key->type == TYPE_PATH) && *value == '\0')
        return rmv_error(RMV_ERR_USAGE, "'%s' is empty", key->name);
    return key->type == TYPE_PATH && level == RMV_CONFIG_COMMITTED ? check_inside(key, value)
                                                                   : NULL;
}

/* ---- Reading -------------------------------------------------------------------------------- */

struct level_reader {
    struct rmv_config *config;
    enum rmv_config_level level;
    const char *path;
};

static const struct rmv_error *read_setting(void *context, const char *name, const char *value)
{
    const struct level_reader *reader = context;
    struct rmv_config *config = reader->config;

    const struct known_key *key = find_key(name);
    if (!key) {
        rmv_strings_take(&config->warnings,
                         rmv_str_format("%s: there is no setting '%s'", reader->path, name));
        return NULL;
    }
    if (reader->level == RMV_CONFIG_COMMITTED && !key->counts_committed) {
        rmv_strings_take(&config->warnings,
                         rmv_str_format("%s: '%s' does not count here, since the file comes with a "
                                        "clone; `rmv config --local %s` sets it",
                                        reader->path, key->name, key->name));
        return NULL;
    }
    const struct rmv_error *err = check_value(key, reader->level, value);
    if (err)
        return rmv_error(RMV_ERR_CORRUPT, "%s: %s", reader->path, err->message);
    config->settings =
        rmv_grow(config->settings, config->count, &config->capacity, sizeof(config->settings[0]));
    config->settings[config->count++] =
        (struct setting){.key = key, .value = rmv_str_copy(value), .level = reader->level};
    return NULL;
}

/* Links are followed only where the user made them: not in the file that comes with a clone. */
static const struct rmv_error *read_level(struct rmv_config *config, enum rmv_config_level level,
                                          const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct level_reader reader = {.config = config, .level = level, .path = path};
    struct stat status;

    const int links = level == RMV_CONFIG_USER || level == RMV_CONFIG_SYSTEM ? 0 : O_NOFOLLOW;
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | links);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (fd < 0 && errno == ELOOP)
        return rmv_error(RMV_ERR_DENIED, "'%s' is a symbolic link; it must be a file", path);
    if (fd < 0 || fstat(fd, &status) < 0)
        return rmv_error_errno("cannot open '%s'", path);
    if (!S_ISREG(status.st_mode))
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is not a file", path);
    const struct rmv_error *err = rmv_fd_read(fd, path, RMV_CONFIG_FILE_BYTES_MAX, &text);
    if (err)
        return err;
    return rmv_config_file_parse(path, text.data, text.size, read_setting, &reader);
}

/* Where a level's file is; NULL if it has none. The caller frees it. */
static char *path_of(const struct rmv_config *config, enum rmv_config_level level)
{
    const char *home = getenv("HOME");
    const char *settings = getenv("XDG_CONFIG_HOME");

    if (level == RMV_CONFIG_SYSTEM)
        return rmv_str_copy("/etc/rmv/config");
    if (level == RMV_CONFIG_USER && settings && *settings == '/')
        return rmv_str_format("%s/rmv/config", settings);
    if (level == RMV_CONFIG_USER && home && *home == '/')
        return rmv_str_format("%s/.config/rmv/config", home);
    if (level == RMV_CONFIG_COMMITTED && config->folder)
        return rmv_path_join(config->folder, "config");
    if (level == RMV_CONFIG_LOCAL && config->folder)
        return rmv_path_join(config->folder, "config.local");
    return NULL;
}

static const struct rmv_error *read_all(struct rmv_config *config)
{
    const struct rmv_error *err = NULL;
    for (enum rmv_config_level level = RMV_CONFIG_SYSTEM; !err && level <= RMV_CONFIG_LOCAL;
         level++) {
        RMV_CLEANUP(rmv_str_free) char *path = path_of(config, level);
        if (path)
            err = read_level(config, level, path);
    }
    return err;
}

static void forget_all(struct rmv_config *config)
{
    for (size_t i = 0; i < config->count; i++)
        rmv_str_free(&config->settings[i].value);
    config->count = 0;
    rmv_strings_free(&config->warnings);
}

const struct rmv_error *rmv_config_open(const char *folder, struct rmv_config **config)
{
    RMV_CLEANUP(rmv_config_close) struct rmv_config *opened = rmv_calloc(1, sizeof(*opened));

    opened->folder = rmv_str_copy(folder);
    const struct rmv_error *err = read_all(opened);
    if (err)
        return err;
    *config = opened;
    opened = NULL;
    return NULL;
}

void rmv_config_close(struct rmv_config **config)
{
    if (!*config)
        return;
    forget_all(*config);
    free((*config)->settings);
    rmv_str_free(&(*config)->folder);
    free(*config);
    *config = NULL;
}

const struct rmv_strings *rmv_config_warnings(const struct rmv_config *config)
{
    return &config->warnings;
}

const char *rmv_config_get_at(const struct rmv_config *config, enum rmv_config_level level,
                              const char *key)
{
    for (size_t i = config->count; i > 0; i--) {
        const struct setting *setting = &config->settings[i - 1];
        if (is_same_name(setting->key->name, key) &&
            (level == RMV_CONFIG_ANY || level == setting->level))
            return setting->value;
    }
    return NULL;
}

const char *rmv_config_get(const struct rmv_config *config, const char *key)
{
    return rmv_config_get_at(config, RMV_CONFIG_ANY, key);
}

bool rmv_config_get_bool(const struct rmv_config *config, const char *key, bool otherwise)
{
    const char *value = rmv_config_get(config, key);
    bool flag;
    return value && rmv_config_file_parse_bool(value, &flag) ? flag : otherwise;
}

int64_t rmv_config_get_int(const struct rmv_config *config, const char *key, int64_t otherwise)
{
    const char *value = rmv_config_get(config, key);
    int64_t number;
    return value && rmv_config_file_parse_int(value, &number) ? number : otherwise;
}

void rmv_config_list(const struct rmv_config *config, enum rmv_config_level level,
                     struct rmv_strings *settings)
{
    for (size_t i = 0; i < known_keys_count; i++) {
        const char *value = rmv_config_get_at(config, level, known_keys[i].name);
        if (value)
            rmv_strings_take(settings, rmv_str_format("%s=%s", known_keys[i].name, value));
    }
}

/* ---- Changing ------------------------------------------------------------------------------- */

static const struct rmv_error *unknown_key(const char *name)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *list = rmv_str_copy("");

    for (size_t i = 0; i < known_keys_count; i++) {
        rmv_strings_add(&names, known_keys[i].name);
        char *longer = rmv_str_format("%s%s%s", list, i > 0 ? ", " : "", known_keys[i].name);
        rmv_str_free(&list);
        list = longer;
    }
    const char *nearest = rmv_strings_nearest(&names, name);
    const struct rmv_error *err =
        nearest ? rmv_error(RMV_ERR_USAGE, "there is no setting '%s'; did you mean '%s'?", name,
                            nearest)
                : rmv_error(RMV_ERR_USAGE, "there is no setting '%s'", name);
    return rmv_error_hint(err, "settings are %s", list);
}

const struct rmv_error *rmv_config_check_key(const char *name)
{
    return find_key(name) ? NULL : unknown_key(name);
}

const struct rmv_error *rmv_config_set(struct rmv_config *config, enum rmv_config_level level,
                                       const char *name, const char *value)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_str_free) char *path = path_of(config, level);

    const struct known_key *key = find_key(name);
    if (!key)
        return unknown_key(name);
    if (!path)
        return rmv_error(RMV_ERR_USAGE, "there is no place for settings of that level here");
    if (value && level == RMV_CONFIG_COMMITTED && !key->counts_committed)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' does not count in the committed config", key->name),
            "set it with --local or --user");
    const struct rmv_error *err = value ? check_value(key, level, value) : NULL;
    if (err)
        return err;

    /* Two who change the same file one after the other must both succeed. */
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    RMV_CLEANUP(rmv_str_free) char *lock_path = rmv_path_join(folder, "lock");
    err = rmv_fs_mkdir_p(folder);
    if (!err)
        err = rmv_lock_take(lock_path, true, LOCK_WAIT_MS, &lock);
    if (!err)
        err = rmv_config_file_set(path, level == RMV_CONFIG_LOCAL, key->name, value);
    if (err)
        return err;
    forget_all(config);
    return read_all(config);
}
