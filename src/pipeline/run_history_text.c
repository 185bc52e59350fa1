#include "pipeline/run_history_text.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/sha256.h"

#define MAGIC "rmv-history "
#define CHECK_SIZE ((size_t)8)
#define LINE_SIZE_MAX ((size_t)64 * 1024)
#define FAILURE_SIZE_MAX ((size_t)500)
#define ARGUMENTS_SIZE_MAX ((size_t)2000)

static const char *const state_names[] = {"running", "success", "failed", "interrupted", "killed"};
static const char *const count_names[] = {"ran",    "restored", "up_to_date", "frozen",
                                          "failed", "blocked",  "declined"};

const char *rmv_run_state_name(enum rmv_run_state state)
{
    return state_names[state];
}

const char *rmv_run_count_name(enum rmv_run_count count)
{
    return count_names[count];
}

static void checksum_of(const char *body, size_t size, char check[CHECK_SIZE + 1])
{
    uint8_t digest[RMV_SHA256_SIZE];
    char hex[RMV_SHA256_HEX_SIZE];
    rmv_sha256(body, size, digest);
    rmv_sha256_to_hex(digest, hex);
    memcpy(check, hex, CHECK_SIZE);
    check[CHECK_SIZE] = '\0';
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void set_int(struct rmv_value *map, const char *key, int64_t number)
{
    rmv_value_set_int(rmv_value_add(map, key), number);
}

static void set_text(struct rmv_value *map, const char *key, const char *text)
{
    rmv_value_set_text(rmv_value_add(map, key), text);
}

/* The first line of a message, which may be as long as the end of a log. */
static void add_failure(const struct rmv_run_entry *entry, struct rmv_value *map)
{
    if (!entry->failure)
        return;
    size_t size = strcspn(entry->failure, "\n");
    if (size > FAILURE_SIZE_MAX) {
        size = FAILURE_SIZE_MAX;
        while (size > 0 && ((unsigned char)entry->failure[size] & 0xc0) == 0x80)
            size--;
    }
    RMV_CLEANUP(rmv_str_free) char *line = rmv_str_copy_n(entry->failure, size);
    set_text(map, "failure", line);
}

static void add_arguments(const struct rmv_run_entry *entry, struct rmv_value *map)
{
    struct rmv_value *list = rmv_value_add(map, "arguments");
    size_t size = 0;
    rmv_value_set_list(list);
    for (size_t i = 0; i < entry->arguments.count; i++) {
        size += strlen(entry->arguments.items[i]);
        if (size > ARGUMENTS_SIZE_MAX) {
            rmv_value_set_text(rmv_value_append(list), "...");
            break;
        }
        rmv_value_set_text(rmv_value_append(list), entry->arguments.items[i]);
    }
}

void rmv_run_history_format(const struct rmv_run_entry *entry, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    char check[CHECK_SIZE + 1];
    const size_t start = text->size;

    rmv_value_set_map(&map);
    set_text(&map, "id", entry->id);
    set_text(&map, "state", state_names[entry->state]);
    set_int(&map, "start", entry->start_ms);
    if (entry->end_ms)
        set_int(&map, "end", entry->end_ms);
    for (size_t i = 0; i < RMV_RUN_COUNTS; i++)
        if (entry->counts[i])
            set_int(&map, count_names[i], (int64_t)entry->counts[i]);
    add_failure(entry, &map);
    add_arguments(entry, &map);
    rmv_json_format(&map, false, text);
    checksum_of(text->data + start, text->size - start, check);
    rmv_buf_append_format(text, " %s\n", check);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* An absent number is 0. */
static bool find_number(const struct rmv_value *map, const char *key, int64_t *number)
{
    const struct rmv_value *value = rmv_value_find(map, key);
    *number = value && value->kind == RMV_VALUE_INT ? value->integer : 0;
    return !value || (value->kind == RMV_VALUE_INT && value->integer >= 0);
}

static bool find_id(const struct rmv_value *map, struct rmv_run_entry *entry)
{
    const char *id = rmv_value_find_text(map, "id");
    if (!id || strlen(id) != RMV_RUN_ID_SIZE - 1 ||
        strspn(id, "0123456789abcdef") != RMV_RUN_ID_SIZE - 1)
        return false;
    memcpy(entry->id, id, RMV_RUN_ID_SIZE);
    return true;
}

static bool find_state(const struct rmv_value *map, struct rmv_run_entry *entry)
{
    const char *name = rmv_value_find_text(map, "state");
    for (size_t i = 0; name && i <= RMV_RUN_KILLED; i++)
        if (strcmp(state_names[i], name) == 0) {
            entry->state = (enum rmv_run_state)i;
            return true;
        }
    return false;
}

static bool read_map(const struct rmv_value *map, struct rmv_run_entry *entry)
{
    const struct rmv_value *arguments = rmv_value_find(map, "arguments");
    if (map->kind != RMV_VALUE_MAP || !find_id(map, entry) || !find_state(map, entry) ||
        !find_number(map, "start", &entry->start_ms) || !find_number(map, "end", &entry->end_ms))
        return false;
    for (size_t i = 0; i < RMV_RUN_COUNTS; i++) {
        int64_t count;
        if (!find_number(map, count_names[i], &count))
            return false;
        entry->counts[i] = (size_t)count;
    }
    entry->failure = rmv_str_copy(rmv_value_find_text(map, "failure"));
    if (!arguments || arguments->kind != RMV_VALUE_LIST)
        return false;
    for (size_t i = 0; i < arguments->list.count; i++)
        if (arguments->list.items[i].kind == RMV_VALUE_STRING)
            rmv_strings_add(&entry->arguments, arguments->list.items[i].text);
    return true;
}

bool rmv_run_history_parse(const char *line, size_t size, struct rmv_run_entry *entry)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    char check[CHECK_SIZE + 1];

    if (size < CHECK_SIZE + 2 || size > LINE_SIZE_MAX || line[size - CHECK_SIZE - 1] != ' ')
        return false;
    const size_t body = size - CHECK_SIZE - 1;
    checksum_of(line, body, check);
    return memcmp(check, line + body + 1, CHECK_SIZE) == 0 &&
           !rmv_json_parse("history", line, body, &map) && read_map(&map, entry);
}

/* A head that is damaged is none of a newer version: the lines have their checksums. */
const struct rmv_error *rmv_run_history_check_head(const char *text, size_t size, const char *path)
{
    const size_t magic = strlen(MAGIC);
    if (size <= magic || memcmp(text, MAGIC, magic) != 0 ||
        (size >= strlen(RMV_RUN_HISTORY_HEAD) &&
         memcmp(text, RMV_RUN_HISTORY_HEAD, strlen(RMV_RUN_HISTORY_HEAD)) == 0))
        return NULL;
    if (text[magic] < '0' || text[magic] > '9')
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED, "a newer version of rmv wrote '%s'", path),
                          "it has nothing but what `rmv runs` lists, and can be deleted");
}
