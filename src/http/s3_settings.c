#include "http/s3_settings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define DEFAULT_PROFILE "default"

static void wipe(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    rmv_str_free(secret);
}

void rmv_s3_settings_free(struct rmv_s3_settings *settings)
{
    rmv_str_free(&settings->access_key);
    wipe(&settings->secret_key);
    wipe(&settings->session_token);
    rmv_str_free(&settings->region);
    rmv_str_free(&settings->endpoint);
}

/* ---- The files ------------------------------------------------------------------------------ */

static char *trimmed(const char *start, const char *end)
{
    while (start < end && strchr(" \t\r", *start))
        start++;
    while (end > start && strchr(" \t\r", end[-1]))
        end--;
    return rmv_str_copy_n(start, (size_t)(end - start));
}

/* What is said first counts: of the credentials rather than of the configuration. */
static void set_missing(char **place, const char *value)
{
    if (!*place && *value)
        *place = rmv_str_copy(value);
}

static void take_setting(struct rmv_s3_settings *settings, const char *name, const char *value)
{
    if (strcmp(name, "aws_access_key_id") == 0)
        set_missing(&settings->access_key, value);
    else if (strcmp(name, "aws_secret_access_key") == 0)
        set_missing(&settings->secret_key, value);
    else if (strcmp(name, "aws_session_token") == 0)
        set_missing(&settings->session_token, value);
    else if (strcmp(name, "region") == 0)
        set_missing(&settings->region, value);
    else if (strcmp(name, "endpoint_url") == 0)
        set_missing(&settings->endpoint, value);
}

/* `[NAME]`, or of the configuration `[profile NAME]`. */
static bool is_section(const char *line, const char *end, const char *profile)
{
    const char *close = memchr(line, ']', (size_t)(end - line));
    if (*line != '[' || !close)
        return false;
    RMV_CLEANUP(rmv_str_free) char *name = trimmed(line + 1, close);
    if (strncmp(name, "profile ", 8) == 0) {
        RMV_CLEANUP(rmv_str_free) char *bare = trimmed(name + 8, name + strlen(name));
        return strcmp(bare, profile) == 0;
    }
    return strcmp(name, profile) == 0;
}

/* Lines that are indented belong to a service of the profile. */
static void take_line(struct rmv_s3_settings *settings, const char *line, const char *end)
{
    const char *equals = memchr(line, '=', (size_t)(end - line));
    if (!equals || strchr(" \t#;", *line))
        return;
    RMV_CLEANUP(rmv_str_free) char *name = trimmed(line, equals);
    RMV_CLEANUP(wipe) char *value = trimmed(equals + 1, end);
    take_setting(settings, name, value);
}

static const struct rmv_error *read_file(const char *path, const char *profile,
                                         struct rmv_s3_settings *settings, bool *has_profile)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    bool is_ours = false;

    const struct rmv_error *err = rmv_fs_read(path, FILE_BYTES_MAX, &text);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    const char *rest = rmv_buf_string(&text);
    while (*rest) {
        const char *end = rest + strcspn(rest, "\n");
        if (*rest == '[') {
            is_ours = is_section(rest, end, profile);
            *has_profile = *has_profile || is_ours;
        } else if (is_ours) {
            take_line(settings, rest, end);
        }
        rest = end + (*end == '\n');
    }
    explicit_bzero(text.data, text.size);
    return NULL;
}

static char *file_path(const char *variable, const char *name)
{
    const char *path = getenv(variable);
    const char *home = getenv("HOME");
    if (path && *path)
        return rmv_str_copy(path);
    return home && *home ? rmv_str_format("%s/.aws/%s", home, name) : NULL;
}

static const struct rmv_error *read_files(struct rmv_s3_settings *settings)
{
    RMV_CLEANUP(rmv_str_free)
    char *credentials = file_path("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    RMV_CLEANUP(rmv_str_free) char *config = file_path("AWS_CONFIG_FILE", "config");
    const char *named = getenv("AWS_PROFILE");
    const char *profile = named && *named ? named : DEFAULT_PROFILE;
    bool has_profile = false;

    const struct rmv_error *err =
        credentials ? read_file(credentials, profile, settings, &has_profile) : NULL;
    if (!err && config)
        err = read_file(config, profile, settings, &has_profile);
    if (!err && !has_profile && strcmp(profile, DEFAULT_PROFILE) != 0)
        err =
            rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                     "AWS_PROFILE names the profile '%s', which "
                                     "neither '%s' nor '%s' has",
                                     profile, credentials ? credentials : "", config ? config : ""),
                           "`aws configure --profile %s` makes it", profile);
    return err;
}

/* ---- The environment ------------------------------------------------------------------------ */

static void take_variable(const char *name, char **place)
{
    const char *value = getenv(name);
    if (value)
        set_missing(place, value);
}

static const struct rmv_error *check(const struct rmv_s3_settings *settings)
{
    const char *endpoint = settings->endpoint;
    if (!settings->access_key || !settings->secret_key)
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "there are no credentials for S3"),
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; `aws configure "
            "export-credentials --format env` prints those of other ways to log in");
    if (endpoint && strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0)
        return rmv_error(RMV_ERR_USAGE, "the endpoint of S3 is no URL on http:// or https://");
    if (strspn(settings->region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789-_") != strlen(settings->region))
        return rmv_error(RMV_ERR_USAGE, "the region of S3, '%s', is none", settings->region);
    return NULL;
}

const struct rmv_error *rmv_s3_settings_find(struct rmv_s3_settings *settings)
{
    RMV_CLEANUP(rmv_s3_settings_free) struct rmv_s3_settings found = {0};

    take_variable("AWS_ACCESS_KEY_ID", &found.access_key);
    if (found.access_key) {
        take_variable("AWS_SECRET_ACCESS_KEY", &found.secret_key);
        take_variable("AWS_SESSION_TOKEN", &found.session_token);
    }
    take_variable("AWS_REGION", &found.region);
    take_variable("AWS_DEFAULT_REGION", &found.region);
    take_variable("AWS_ENDPOINT_URL_S3", &found.endpoint);
    take_variable("AWS_ENDPOINT_URL", &found.endpoint);
    RMV_CLEANUP(rmv_s3_settings_free) struct rmv_s3_settings from_files = {0};
    const struct rmv_error *err = read_files(&from_files);
    if (err)
        return err;
    /* A key of one place does not fit the secret of another. */
    if (!found.access_key) {
        found.access_key = from_files.access_key;
        found.secret_key = from_files.secret_key;
        found.session_token = from_files.session_token;
        from_files.access_key = from_files.secret_key = from_files.session_token = NULL;
    }
    set_missing(&found.region, from_files.region ? from_files.region : "us-east-1");
    set_missing(&found.endpoint, from_files.endpoint ? from_files.endpoint : "");
    err = check(&found);
    if (err)
        return err;
    rmv_s3_settings_free(settings);
    *settings = found;
    found = (struct rmv_s3_settings){0};
    return NULL;
}
