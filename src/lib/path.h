/* path.h: the paths of the API that requests go to. Each has a quota of its own. */
#pragma once

enum api_path { PATH_DELETE, API_PATHS };

static inline const char *path_text(enum api_path path) {
    static const char *const texts[API_PATHS] = {[PATH_DELETE] = "/open/v1/phone/delete"};
    return texts[path];
}
