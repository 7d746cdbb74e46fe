/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovsdb/model/envelope.h"

static enum envelope
kind_of_method(struct str method)
{
    return str_is(method, "update")    ? ENVELOPE_UPDATE
           : str_is(method, "update2") ? ENVELOPE_UPDATE2
           : str_is(method, "update3") ? ENVELOPE_UPDATE3
                                       : ENVELOPE_OTHER;
}

/* Stops in front of what matters as soon as it is known what that is, or comes back to it. */
enum envelope
envelope_open(struct json_scan *scan, int64_t *ret_id)
{
    enum envelope update = ENVELOPE_OTHER;
    const char *params = NULL;
    const char *result = NULL;
    bool has_id = false;
    json_scan_object(scan);
    for (struct str name; json_scan_member(scan, &name);) {
        char first = json_scan_peek(scan);
        const char *value = scan->p;
        struct str method;
        if (first == '"' && str_is(name, "method") && json_scan_string(scan, &method)) {
            update = kind_of_method(method);
        } else if (first >= '0' && first <= '9' && str_is(name, "id")) {
            has_id = json_scan_integer(scan, ret_id);
        } else if (first == '[' && str_is(name, "params")) {
            params = value;
        } else if ((first == '[' || first == '{') && str_is(name, "result")) {
            result = value;
        }
        const char *found = update && params ? params : has_id && result ? result : NULL;
        if (found) {
            scan->p = found;
            return found == params ? update : ENVELOPE_RESULT;
        }
        if (scan->p == value) {
            json_scan_skip(scan);
        }
    }
    return ENVELOPE_OTHER;
}

struct err *
envelope_close(struct json_scan *scan, bool in_array)
{
    while (in_array && json_scan_element(scan)) {
        json_scan_skip(scan);
    }
    for (struct str name; json_scan_member(scan, &name);) {
        json_scan_skip(scan);
    }
    json_scan_end(scan);
    return json_scan_error(scan);
}
