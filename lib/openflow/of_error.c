/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What: error messages and the names of errors (OpenFlow 1.5, section 7.5.4). */

#include "lib/openflow/of_msg.h"

enum { OFPET_EXPERIMENTER = 0xffff };

static const char *const hello_failed[] = {"INCOMPATIBLE", "EPERM"};
static const char *const bad_request[] = {
    "BAD_VERSION", "BAD_TYPE", "BAD_MULTIPART", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "EPERM", "BAD_LEN",
    "BUFFER_EMPTY",
    "BUFFER_UNKNOWN", "BAD_TABLE_ID", "IS_SLAVE", "BAD_PORT", "BAD_PACKET", "MULTIPART_BUFFER_OVERFLOW",
    "MULTIPART_REQUEST_TIMEOUT", "MULTIPART_REPLY_TIMEOUT", "MULTIPART_BAD_SCHED", "PIPELINE_FIELDS_ONLY",
    "UNKNOWN",
};
static const char *const bad_action[] = {
    "BAD_TYPE", "BAD_LEN", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_OUT_PORT", "BAD_ARGUMENT", "EPERM",
    "TOO_MANY",
    "BAD_QUEUE", "BAD_OUT_GROUP", "MATCH_INCONSISTENT", "UNSUPPORTED_ORDER", "BAD_TAG", "BAD_SET_TYPE",
    "BAD_SET_LEN",
    "BAD_SET_ARGUMENT", "BAD_SET_MASK", "BAD_METER",
};
static const char *const bad_instruction[] = {
    "UNKNOWN_INST", "UNSUP_INST", "BAD_TABLE_ID", "UNSUP_METADATA", "UNSUP_METADATA_MASK", "BAD_EXPERIMENTER",
    "BAD_EXP_TYPE", "BAD_LEN", "EPERM", "DUP_INST",
};
static const char *const bad_match[] = {
    "BAD_TYPE", "BAD_LEN", "BAD_TAG", "BAD_DL_ADDR_MASK", "BAD_NW_ADDR_MASK", "BAD_WILDCARDS", "BAD_FIELD",
    "BAD_VALUE",
    "BAD_MASK", "BAD_PREREQ", "DUP_FIELD", "EPERM",
};
static const char *const flow_mod_failed[] = {
    "UNKNOWN", "TABLE_FULL", "BAD_TABLE_ID", "OVERLAP", "EPERM", "BAD_TIMEOUT", "BAD_COMMAND", "BAD_FLAGS",
    "CANT_SYNC",
    "BAD_PRIORITY", "IS_SYNC",
};
static const char *const group_mod_failed[] = {
    "GROUP_EXISTS", "INVALID_GROUP", "WEIGHT_UNSUPPORTED", "OUT_OF_GROUPS", "OUT_OF_BUCKETS",
    "CHAINING_UNSUPPORTED",
    "WATCH_UNSUPPORTED", "LOOP", "UNKNOWN_GROUP", "CHAINED_GROUP", "BAD_TYPE", "BAD_COMMAND", "BAD_BUCKET",
    "BAD_WATCH",
    "EPERM", "UNKNOWN_BUCKET", "BUCKET_EXISTS",
};
static const char *const role_request_failed[] = {"STALE", "UNSUP", "BAD_ROLE", "ID_UNSUP", "ID_IN_USE"};
static const char *const meter_mod_failed[] = {
    "UNKNOWN", "METER_EXISTS", "INVALID_METER", "UNKNOWN_METER", "BAD_COMMAND", "BAD_FLAGS", "BAD_RATE",
    "BAD_BURST",
    "BAD_BAND", "BAD_BAND_VALUE", "OUT_OF_METERS", "OUT_OF_BANDS",
};
static const char *const bad_property[] = {
    "BAD_TYPE", "BAD_LEN", "BAD_VALUE", "TOO_MANY", "DUP_TYPE", "BAD_EXPERIMENTER", "BAD_EXP_TYPE",
    "BAD_EXP_VALUE", "EPERM",
};
static const char *const bundle_failed[] = {
    "UNKNOWN", "EPERM", "BAD_ID", "BUNDLE_EXIST", "BUNDLE_CLOSED", "OUT_OF_BUNDLES", "BAD_TYPE", "BAD_FLAGS",
    "MSG_BAD_LEN",
    "MSG_BAD_XID", "MSG_UNSUP", "MSG_CONFLICT", "MSG_TOO_MANY", "MSG_FAILED", "TIMEOUT", "BUNDLE_IN_PROGRESS",
    "SCHED_NOT_SUPPORTED", "SCHED_FUTURE", "SCHED_PAST",
};

static const struct error_type {
    const char *prefix;
    const char *const *codes;
    size_t n_codes;
} error_types[] = {
    [0] = {"OFPHFC_", hello_failed, ARRAY_SIZE(hello_failed)},
    [1] = {"OFPBRC_", bad_request, ARRAY_SIZE(bad_request)},
    [2] = {"OFPBAC_", bad_action, ARRAY_SIZE(bad_action)},
    [3] = {"OFPBIC_", bad_instruction, ARRAY_SIZE(bad_instruction)},
    [4] = {"OFPBMC_", bad_match, ARRAY_SIZE(bad_match)},
    [5] = {"OFPFMFC_", flow_mod_failed, ARRAY_SIZE(flow_mod_failed)},
    [6] = {"OFPGMFC_", group_mod_failed, ARRAY_SIZE(group_mod_failed)},
    [11] = {"OFPRRFC_", role_request_failed, ARRAY_SIZE(role_request_failed)},
    [12] = {"OFPMMFC_", meter_mod_failed, ARRAY_SIZE(meter_mod_failed)},
    [14] = {"OFPBPC_", bad_property, ARRAY_SIZE(bad_property)},
    [OFPET_BUNDLE_FAILED] = {"OFPBFC_", bundle_failed, ARRAY_SIZE(bundle_failed)},
};

struct err *
of_error_decode(const struct of_msg *msg, struct of_error *ret)
{
    if (msg->kind != OF_ERROR) {
        return err_new("%s is not an error", of_kind_name(msg->kind));
    }
    struct str body = msg->body;
    struct of_error error = {.type = get_be16(body.s), .code = get_be16(body.s + 2)};
    size_t header = 4;
    if (error.type == OFPET_EXPERIMENTER) {
        if (body.n < 8) {
            return err_new("experimenter error is cut short");
        }
        error.experimenter = get_be32(body.s + 4);
        header = 8;
    }
    error.data = str_n(body.s + header, body.n - header);
    *ret = error;
    return NULL;
}

void
of_error_print(const struct of_error *error, struct buf *out)
{
    const struct error_type *type = error->type < ARRAY_SIZE(error_types) ? &error_types[error->type] : NULL;
    if (type && error->code < type->n_codes) {
        buf_printf(out, "%s%s", type->prefix, type->codes[error->code]);
    } else if (error->type == OFPET_EXPERIMENTER) {
        buf_printf(out, "experimenter 0x%08x error %u", error->experimenter, error->code);
    } else {
        buf_printf(out, "error type %u code %u", error->type, error->code);
    }
}

void
of_put_error(struct buf *out, uint32_t xid, uint16_t type, uint16_t code, const void *data, size_t n)
{
    size_t start = of_msg_begin(out, OFPT_ERROR, xid);
    uint8_t header[4];
    put_be16(header, type);
    put_be16(header + 2, code);
    buf_put(out, header, sizeof header);
    buf_put(out, data, MIN(n, 1024));
    (void) of_msg_end(out, start);
}
