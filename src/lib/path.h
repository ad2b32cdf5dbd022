/* path.h: the paths of the API that requests go to. Each has a quota of its own. */
#pragma once

enum api_path { PATH_DELETE, PATH_STOP, PATH_STATUS, API_PATHS };

/* What a request to it does, as events and the account call it. */
static inline const char *path_action(enum api_path path) {
    static const char *const actions[API_PATHS] = {
        [PATH_DELETE] = "delete", [PATH_STOP] = "stop", [PATH_STATUS] = "status"};
    return actions[path];
}

static inline const char *path_text(enum api_path path) {
    static const char *const texts[API_PATHS] = {[PATH_DELETE] = "/open/v1/phone/delete",
                                                 [PATH_STOP] = "/open/v1/phone/stop",
                                                 [PATH_STATUS] = "/open/v1/phone/status"};
    return texts[path];
}
