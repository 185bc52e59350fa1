#include "record/resource.h"

#include <string.h>

#include "record/member.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

void rmv_reading_free(struct rmv_reading *reading)
{
    rmv_map_free(&reading->seen);
}

struct resource {
    char *name;
    const char *kind, *algorithm, *digest; /* they live in the document */
    const struct rmv_value *annotations;
};

static void free_resource(struct resource *resource)
{
    rmv_str_free(&resource->name);
}

static const struct rmv_error *parse_resource(const struct rmv_value *value,
                                              struct resource *resource)
{
    static const char *const members[] = {"name", "digest", "annotations", NULL};
    static const char *const algorithms[] = {"sha256", "rmvTree1", "gitCommit", NULL};
    static const char *const annotations[] = {
        "kind",       "nameEncoding", "object", "size",  "nfiles",
        "executable", "stored",       "branch", "dirty", NULL};
    const struct rmv_value none = {0}, *digest = &none;

    if (value->kind != RMV_VALUE_MAP)
        return rmv_error(RMV_ERR_CORRUPT, "must be a map, not %s",
                         rmv_value_kind_name(value->kind));
    const struct rmv_error *err = rmv_member_check(value, members);
    if (!err)
        err = rmv_member_find_map(value, "annotations", annotations, &resource->annotations);
    if (!err)
        err = rmv_member_copy_name(value, "name", resource->annotations, "nameEncoding",
                                   &resource->name);
    if (!err)
        err = rmv_member_find_text(resource->annotations, "kind", &resource->kind);
    if (!err)
        err = rmv_member_find_map(value, "digest", algorithms, &digest);
    if (err)
        return err;
    if (digest->map.count != 1)
        return rmv_member_error("digest", "must have exactly one member");
    resource->algorithm = digest->map.members[0].key;
    return rmv_member_find_text(digest, resource->algorithm, &resource->digest);
}

static const struct rmv_error *check_algorithm(const struct resource *resource,
                                               const char *algorithm)
{
    return strcmp(resource->algorithm, algorithm) == 0
               ? NULL
               : rmv_error(RMV_ERR_CORRUPT, "'digest' must be a %s for kind '%s', not %s",
                           algorithm, resource->kind, resource->algorithm);
}

static const struct rmv_error *add_artifact(const struct resource *resource, struct rmv_map *seen,
                                            struct rmv_record_artifacts *artifacts)
{
    struct rmv_record_artifact artifact = {.is_tree = strcmp(resource->kind, "tree") == 0};
    const struct rmv_value *annotations = resource->annotations;
    const char *object = "";
    bool is_stored = true;

    const struct rmv_error *err = rmv_path_check(resource->name);
    if (!err)
        err = check_algorithm(resource, artifact.is_tree ? "rmvTree1" : "sha256");
    if (!err)
        err = rmv_member_parse_id(resource->algorithm, resource->digest, &artifact.id);
    if (!err && artifact.is_tree)
        err = rmv_member_find_text(annotations, "object", &object);
    if (!err && artifact.is_tree && strcmp(object, resource->digest) != 0)
        err = rmv_member_error("object", "is not the digest");
    if (!err)
        err = rmv_member_copy_count(annotations, "size", &artifact.size);
    if (!err)
        err = rmv_member_copy_count(annotations, "nfiles", &artifact.nfiles);
    if (!err)
        err = rmv_member_copy_flag(annotations, "executable", false, &artifact.is_executable);
    if (!err)
        err = rmv_member_copy_flag(annotations, "stored", true, &is_stored);
    if (err)
        return err;
    if (rmv_map_set(seen, resource->name, seen))
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is there twice", resource->name);

    artifact.no_cache = !is_stored;
    artifact.path = rmv_str_copy(resource->name);
    *rmv_record_artifacts_add(artifacts) = artifact;
    return NULL;
}

static const struct rmv_error *set_definition(const struct resource *resource,
                                              struct rmv_object_id *definition)
{
    if (!rmv_object_id_is_zero(definition))
        return rmv_error(RMV_ERR_CORRUPT, "a second definition");
    const struct rmv_error *err = check_algorithm(resource, "sha256");
    if (err)
        return err;
    return rmv_member_parse_id(resource->algorithm, resource->digest, definition);
}

static const struct rmv_error *set_commit(const struct resource *resource,
                                          struct rmv_record *record)
{
    const size_t size = strlen(resource->digest);

    if (record->git_commit)
        return rmv_error(RMV_ERR_CORRUPT, "a second commit");
    const struct rmv_error *err = check_algorithm(resource, "gitCommit");
    if (err)
        return err;
    if ((size != 40 && size != 64) || strspn(resource->digest, "0123456789abcdef") != size)
        return rmv_member_error("gitCommit", "must be 40 or 64 lower-case hexadecimal digits");
    rmv_str_set(&record->git_commit, resource->digest);
    err = rmv_member_copy_text(resource->annotations, "branch", &record->git_branch);
    if (err)
        return err;
    return rmv_member_copy_flag(resource->annotations, "dirty", false, &record->git_dirty);
}

static const struct rmv_error *read_resource(struct rmv_reading *reading,
                                             const struct rmv_value *value)
{
    RMV_CLEANUP(free_resource) struct resource resource = {.kind = ""};

    const struct rmv_error *err = parse_resource(value, &resource);
    if (err)
        return err;
    if (strcmp(resource.kind, "tree") == 0 || strcmp(resource.kind, "blob") == 0)
        return add_artifact(&resource, &reading->seen, reading->artifacts);
    if (strcmp(resource.kind, "definition") == 0)
        return set_definition(&resource, reading->definition);
    if (strcmp(resource.kind, "commit") == 0 && reading->may_have_commit)
        return set_commit(&resource, reading->record);
    return rmv_error(RMV_ERR_CORRUPT, "kind '%s' does not belong here", resource.kind);
}

const struct rmv_error *rmv_reading_run(struct rmv_reading *reading, const struct rmv_value *map,
                                        const char *key)
{
    const struct rmv_value none = {0}, *list = &none;

    const struct rmv_error *err = rmv_member_find(map, key, RMV_VALUE_LIST, &list);
    for (size_t i = 0; !err && i < list->list.count; i++) {
        err = read_resource(reading, &list->list.items[i]);
        if (err)
            return rmv_error_context(err, "'%s' %zu", key, i + 1);
    }
    return err;
}
