#include "rmv/recomart/registry.h"

#include "recomart/golden.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define REGISTRY "feature_store.yaml"

#define USER_GROUP                                                                                 \
    "# what we know\n"                                                                             \
    "groups:\n"                                                                                    \
    "- name: user_features\n"                                                                      \
    "  version: v1\n"                                                                              \
    "  table: user_features\n"                                                                     \
    "  keys:\n"                                                                                    \
    "  - {name: user_id, type: VARCHAR}\n"                                                         \
    "  features:  # two of them\n"                                                                 \
    "  - {name: total_interactions, type: INT}\n"                                                  \
    "  - {name: avg_interaction_score, type: FLOAT}\n"

static void define(const char *name, const char *version, struct rmv_value *out)
{
    rmv_value_set_text(rmv_value_add(out, "name"), name);
    rmv_value_set_text(rmv_value_add(out, "version"), version);
    rmv_value_set_text(rmv_value_add(out, "table"), "user_features_v2");
    struct rmv_value *key = rmv_value_append(rmv_value_add(out, "keys"));
    rmv_value_set_text(rmv_value_add(key, "name"), "user_id");
    rmv_value_set_text(rmv_value_add(key, "type"), "VARCHAR");
    struct rmv_value *feature = rmv_value_append(rmv_value_add(out, "features"));
    rmv_value_set_text(rmv_value_add(feature, "name"), "age");
    rmv_value_set_text(rmv_value_add(feature, "type"), "INT");
    rmv_value_set_text(rmv_value_add(feature, "description"), "in years: whole ones");
}

static void a_group_is_found_with_its_keys_first(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {0};
    const struct rmv_registry_group *group = NULL;
    test_write(REGISTRY, USER_GROUP);
    CHECK_OK(rmv_registry_read(REGISTRY, &registry));
    CHECK_OK(rmv_registry_find(&registry, "user_features", "v1", &group));
    assert_int_equal(group->table.keys_count, 1);
    assert_int_equal(group->table.columns_count, 3);
    assert_string_equal(group->table.columns[0].name, "user_id");
    assert_int_equal(group->table.columns[2].type, RMV_FEATURE_DOUBLE);
    CHECK_SAYS(rmv_registry_find(&registry, "user_features", "v2", &group), RMV_ERR_NOT_FOUND,
               "it has: user_features v1");
}

static void a_new_version_is_added_and_the_rest_stays(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value definition = {0};
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_registry_group *group = NULL;
    test_write(REGISTRY, USER_GROUP);
    define("user_features", "v2", &definition);
    CHECK_OK(rmv_registry_add(REGISTRY, &definition));
    CHECK_OK(rmv_fs_read(REGISTRY, 100000, &text));
    assert_memory_equal(text.data, USER_GROUP, sizeof(USER_GROUP) - 1);
    CHECK_OK(rmv_registry_read(REGISTRY, &registry));
    CHECK_OK(rmv_registry_find(&registry, "user_features", "v1", &group));
    CHECK_OK(rmv_registry_find(&registry, "user_features", "v2", &group));
    assert_string_equal(group->table.columns[1].name, "age");
}

static void a_version_is_never_redefined(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value definition = {0};
    test_write(REGISTRY, USER_GROUP);
    define("user_features", "v1", &definition);
    CHECK_SAYS(rmv_registry_add(REGISTRY, &definition), RMV_ERR_CONFLICT, "user_features v1");
    test_write(REGISTRY, USER_GROUP "- name: user_features\n  version: v1\n  table: t\n"
                                    "  keys: [{name: a, type: INT}]\n"
                                    "  features: [{name: b, type: INT}]\n");
    struct rmv_registry registry = {0};
    CHECK_SAYS(rmv_registry_read(REGISTRY, &registry), RMV_ERR_USAGE, "registered twice");
}

static void a_file_that_does_not_end_with_its_groups_is_left_alone(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_value_free) struct rmv_value definition = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    test_write(REGISTRY, USER_GROUP "views: []\n");
    define("user_features", "v2", &definition);
    CHECK_SAYS(rmv_registry_add(REGISTRY, &definition), RMV_ERR_USAGE, "put 'groups:' last");
    CHECK_OK(rmv_fs_read(REGISTRY, 100000, &text));
    assert_string_equal(rmv_buf_string(&text), USER_GROUP "views: []\n");
}

static void mistakes_are_named_by_line(void **state)
{
    (void)state;
    struct rmv_registry registry = {0};
    static const char *const mistakes[][2] = {
        {"groups: 5\n", ":1:"},
        {"groups:\n- {name: a}\n", "'version' is missing"},
        {"groups:\n- {name: a, version: v1, table: a, keys: [], features: []}\n", "1 to 64"},
        {"groups:\n- {name: a, version: v1, table: a, keys: [{name: k, type: TEXT}]}\n",
         "VARCHAR, INT or FLOAT, not 'TEXT'"},
        {"groups:\n- {name: a, version: v1, tabel: a}\n", "tabel"},
        {"group: []\n", "group"},
    };
    for (size_t i = 0; i < 6; i++) {
        test_write(REGISTRY, mistakes[i][0]);
        CHECK_SAYS(rmv_registry_read(REGISTRY, &registry), RMV_ERR_USAGE, mistakes[i][1]);
    }
    CHECK_FAILS(rmv_registry_read("missing.yaml", &registry), RMV_ERR_NOT_FOUND);
}

#define TWO_GROUPS                                                                                 \
    "groups:\n"                                                                                    \
    "- {name: users, version: v1, table: u, keys: [{name: user_id, type: VARCHAR}],\n"             \
    "   features: [{name: n, type: INT}]}\n"                                                       \
    "- {name: items, version: v1, table: i, keys: [{name: product_id, type: INT}],\n"              \
    "   features: [{name: n, type: INT}]}\n"

/* What the customer's API would do: create_feature_view(users, items, join_key = user_id). */
static void a_view_of_users_and_items_by_user_is_impossible(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {0};
    struct rmv_registry_view view;
    test_write(REGISTRY,
               "views:\n- {name: both, version: v1, keys: [user_id], groups: [users, items]}\n"
               "- {name: one, version: v1, keys: [user_id], groups: [users]}\n" TWO_GROUPS);
    CHECK_OK(rmv_registry_read(REGISTRY, &registry));
    CHECK_SAYS(rmv_registry_find_view(&registry, "both", "v1", &view), RMV_ERR_USAGE,
               "'items' has the key 'product_id'");
    CHECK_SAYS(rmv_registry_find_view(&registry, "none", "v1", &view), RMV_ERR_NOT_FOUND, "'none'");
    CHECK_OK(rmv_registry_find_view(&registry, "one", "v1", &view));
    assert_int_equal(view.count, 1);
    assert_string_equal(view.groups[0]->table.name, "u");
}

static void what_is_built_must_be_registered_as_it_is(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {0};
    golden_write_prepared("prepared.csv");
    CHECK_OK(rmv_feature_files_build("prepared.csv", false, "features"));
    CHECK_OK(rmv_feature_files_open("features", &files));
    test_write(REGISTRY, USER_GROUP);
    CHECK_OK(rmv_registry_read(REGISTRY, &registry));
    CHECK_SAYS(rmv_registry_check(&registry, &files), RMV_ERR_CONFLICT, "item_features");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_is_found_with_its_keys_first),
        TEST(a_new_version_is_added_and_the_rest_stays),
        TEST(a_version_is_never_redefined),
        TEST(a_file_that_does_not_end_with_its_groups_is_left_alone),
        TEST(mistakes_are_named_by_line),
        TEST(a_view_of_users_and_items_by_user_is_impossible),
        TEST(what_is_built_must_be_registered_as_it_is),
    };
    return RUN_TESTS(tests);
}
