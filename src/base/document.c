#include "rmv/base/document.h"

#include <string.h>
#include <strings.h>

#include "rmv/base/ini.h"
#include "rmv/base/json.h"
#include "rmv/base/path.h"
#include "rmv/base/python.h"
#include "rmv/base/toml.h"
#include "rmv/base/yaml.h"

const struct rmv_error *rmv_document_parse(const char *name, const char *text, size_t size,
                                           struct rmv_value *out)
{
    static const struct {
        const char *ending;
        const struct rmv_error *(*parse)(const char *name, const char *text, size_t size,
                                         struct rmv_value *out);
    } languages[] = {{".json", rmv_json_parse_python},
                     {".toml", rmv_toml_parse},
                     {".py", rmv_python_parse},
                     {".ini", rmv_ini_parse},
                     {".cfg", rmv_ini_parse}};
    const char *ending = strrchr(rmv_path_name(name), '.');

    for (size_t i = 0; ending && i < sizeof(languages) / sizeof(languages[0]); i++)
        if (strcasecmp(ending, languages[i].ending) == 0)
            return languages[i].parse(name, text, size, out);
    return rmv_yaml_parse(name, text, size, out);
}
