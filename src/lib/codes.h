/*
 * codes.h: the service's codes, once.
 *
 * X(number, name, class, kind, retryable, meaning, remedy)
 *   class      what the code leads to when it stands on the envelope (see retry.h)
 *   kind       the err.kind that it gives where it decides a job's end
 *   retryable  whether the same call, later, can succeed for that phone
 * The classifier in retry.c and the Lua table geelark.codes both come from this list.
 * Source: the error-code tables of the service's public reference, early 2026.
 */
#pragma once

/* clang-format off */
#define GEELARK_CODES(X) \
    X(0,     success,            ACCEPT,  NONE,     0, "success", "") \
    X(40000, unknown_error,      LOST,    SERVER,   1, "unknown error", "try again later") \
    X(40001, body_unreadable,    AGAIN,   SERVER,   1, "the request body could not be read", "try again later") \
    X(40002, no_trace_id,        STOP,    AUTH,     0, "traceId missing", "report it: every request carries one") \
    X(40003, signature_refused,  STOP,    AUTH,     0, "signature or token refused", "check the token, or the app id and the API key") \
    X(40004, bad_parameters,     HALVE,   REFUSED,  0, "request parameters refused", "check the id") \
    X(40005, resource_not_found, HALVE,   REFUSED,  0, "resource not found", "check the id") \
    X(40006, partial_success,    PARTIAL, NONE,     0, "some of the batch failed", "see failDetails") \
    X(40007, minute_limit,       MINUTE,  QUOTA,    1, "over the minute's limit", "wait a minute") \
    X(40009, all_failed,         FAILED,  REFUSED,  0, "all of the batch failed", "see failDetails") \
    X(40010, cannot_delete,      HALVE,   REFUSED,  1, "in use, cannot be deleted", "try again later") \
    X(40011, paid_plan_only,     STOP,    REFUSED,  0, "paid plans only", "change the plan") \
    X(40012, api_retired,        STOP,    REFUSED,  0, "this API is retired", "update geelark") \
    X(40013, user_not_found,     STOP,    AUTH,     0, "user not found", "check the credentials") \
    X(40014, hour_limit,         STOP,    LOCKED,   1, "over the hour's limit, locked for two hours", "wait two hours") \
    X(40015, permission_denied,  STOP,    AUTH,     0, "permission denied", "check the account's permissions") \
    X(40016, ip_not_allowed,     STOP,    AUTH,     0, "IP address not on the allow-list", "add this machine's address to the allow-list") \
    X(40017, too_many_requests,  MINUTE,  QUOTA,    1, "too many requests, try later", "wait a minute, lower concurrency") \
    X(41001, balance_too_low,    STOP,    REFUSED,  0, "balance not enough", "top up the account") \
    X(42001, not_found,          HALVE,   REFUSED,  0, "the phone does not exist", "nothing to do: it is gone") \
    X(43004, expired,            HALVE,   REFUSED,  0, "it has expired", "") \
    X(43005, executing,          HALVE,   REFUSED,  1, "it is executing a task", "try again later") \
    X(43006, connected,          HALVE,   REFUSED,  1, "somebody is connected to it remotely", "try again later") \
    X(43009, started,            HALVE,   REFUSED,  1, "it is started", "stop it, then delete, as stop_started does") \
    X(43010, starting,           HALVE,   REFUSED,  1, "it is starting", "wait, stop it, then delete, as stop_started does") \
    X(43011, renewing,           HALVE,   REFUSED,  1, "it is being renewed", "try again later") \
    X(43021, in_use,             HALVE,   REFUSED,  1, "it is in use", "try again later") \
    X(43036, running,            HALVE,   REFUSED,  1, "it is running and can't do this now", "stop it, then delete") \
    X(43038, model_withdrawn,    HALVE,   REFUSED,  0, "its device model has been withdrawn", "") \
    X(43039, unavailable,        HALVE,   REFUSED,  1, "it is unavailable, under maintenance", "try again later") \
    X(46001, plan_expired,       STOP,    REFUSED,  0, "plan expired", "renew the plan") \
    X(47002, too_concurrent,     STOP,    LOCKED,   1, "try again later, or all devices are in use", "try again later, lower concurrency") \
    X(50000, internal_error,     LOST,    SERVER,   1, "internal error", "try again later") \
    X(90001, not_authenticated,  STOP,    AUTH,     0, "not authenticated", "check the credentials") \
    X(90004, access_denied,      STOP,    AUTH,     0, "access denied", "check the account's permissions")
/* clang-format on */

/* The service's codes that the engine itself has to know by name. */
enum {
    CODE_SIGNATURE_REFUSED = 40003,
    CODE_HOUR_LIMIT = 40014,
    CODE_TOO_MANY = 40017,
    CODE_NOT_FOUND = 42001,
    CODE_STARTED = 43009,
    CODE_STARTING = 43010
};
