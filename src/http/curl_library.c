#include "http/curl_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

static const struct rmv_error *not_loaded(void)
{
    const char *problem = dlerror();
    return rmv_error_hint(
        rmv_error(RMV_ERR_UNSUPPORTED, "cannot load libcurl: %s", problem ? problem : LIBRARY),
        "URLs need it: install libcurl4, 7.85 or newer");
}

static const struct rmv_error *load(struct rmv_curl *curl)
{
    const struct {
        const char *name;
        void *place;
    } symbols[] = {
        {"curl_global_init", &curl->global_init},
        {"curl_easy_init", &curl->easy_init},
        {"curl_easy_setopt", &curl->easy_setopt},
        {"curl_easy_getinfo", &curl->easy_getinfo},
        {"curl_easy_strerror", &curl->easy_strerror},
        {"curl_easy_cleanup", &curl->easy_cleanup},
        {"curl_multi_init", &curl->multi_init},
        {"curl_multi_add_handle", &curl->multi_add_handle},
        {"curl_multi_perform", &curl->multi_perform},
        {"curl_multi_poll", &curl->multi_poll},
        {"curl_multi_info_read", &curl->multi_info_read},
        {"curl_multi_remove_handle", &curl->multi_remove_handle},
        {"curl_multi_cleanup", &curl->multi_cleanup},
        {"curl_slist_append", &curl->slist_append},
        {"curl_slist_free_all", &curl->slist_free_all},
        {"curl_getdate", &curl->getdate},
        {"curl_url", &curl->url},
        {"curl_url_set", &curl->url_set},
        {"curl_url_get", &curl->url_get},
        {"curl_url_cleanup", &curl->url_cleanup},
        {"curl_free", &curl->free},
    };
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return not_loaded();
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol)
            return not_loaded();
        memcpy(symbols[i].place, &symbol, sizeof(symbol));
    }
    return curl->global_init(CURL_GLOBAL_DEFAULT) ? not_loaded() : NULL;
}

const struct rmv_error *rmv_curl_load(const struct rmv_curl **curl)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct rmv_curl library;
    static bool is_loaded;

    pthread_mutex_lock(&mutex);
    const struct rmv_error *err = is_loaded ? NULL : load(&library);
    is_loaded = !err;
    pthread_mutex_unlock(&mutex);
    if (err)
        return err;
    *curl = &library;
    return NULL;
}
