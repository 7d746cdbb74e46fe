/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_MSG_H
#define WEFT_OPENFLOW_OF_MSG_H

/* What: OpenFlow 1.5 messages: the header, which message one is, and those about the connection itself
 * (hello, error, echo, features, barrier, role, asynchronous configuration) with Open vSwitch's
 * extensions.
 *
 * Why: flows, groups and packets have headers of their own (of_flow.h, of_group.h, of_packet.h, ...); all
 * build on this.
 *
 * Shape: of_put_X() appends a whole message to a buf.  Those whose content has no bound return false, and
 * append nothing, when it does not fit in a message (65535 bytes).  of_X_decode() reads a message whose
 * kind is X.
 * Bad input: decoders never read outside the message; errors say what is wrong in words for a log. */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/packet/byteorder.h"

enum { OF_VERSION = 0x06, OF_MSG_MAX = 65535, OF_HEADER_SIZE = 8 };
enum { OF_NICIRA = 0x00002320, OF_ONF = 0x4f4e4600 };

/* Message types on the wire. */
enum {
    OFPT_HELLO = 0, OFPT_ERROR = 1, OFPT_ECHO_REQUEST = 2, OFPT_ECHO_REPLY = 3, OFPT_EXPERIMENTER = 4,
    OFPT_FEATURES_REQUEST = 5, OFPT_FEATURES_REPLY = 6, OFPT_SET_CONFIG = 9, OFPT_PACKET_IN = 10,
    OFPT_FLOW_REMOVED = 11, OFPT_PORT_STATUS = 12, OFPT_PACKET_OUT = 13, OFPT_FLOW_MOD = 14,
    OFPT_GROUP_MOD = 15,
    OFPT_MULTIPART_REQUEST = 18, OFPT_MULTIPART_REPLY = 19, OFPT_BARRIER_REQUEST = 20,
    OFPT_BARRIER_REPLY = 21,
    OFPT_ROLE_REQUEST = 24, OFPT_ROLE_REPLY = 25, OFPT_SET_ASYNC = 28, OFPT_METER_MOD = 29,
    OFPT_ROLE_STATUS = 30, OFPT_TABLE_STATUS = 31, OFPT_REQUEST_FORWARD = 32,
    OFPT_BUNDLE_CONTROL = 33, OFPT_BUNDLE_ADD_MESSAGE = 34,
};
/* Multipart types on the wire. */
enum { OFPMP_FLOW_DESC = 1, OFPMP_GROUP_DESC = 7, OFPMP_METER_CONFIG = 10, OFPMP_PORT_DESC = 13 };

/* What a message is, the extensions and multipart types told apart. */
enum of_kind {
    OF_UNKNOWN,
    OF_HELLO, OF_ERROR, OF_ECHO_REQUEST, OF_ECHO_REPLY, OF_FEATURES_REQUEST, OF_FEATURES_REPLY, OF_SET_CONFIG,
    OF_PACKET_IN, OF_FLOW_REMOVED, OF_PORT_STATUS, OF_PACKET_OUT, OF_FLOW_MOD, OF_GROUP_MOD, OF_METER_MOD,
    OF_BARRIER_REQUEST, OF_BARRIER_REPLY, OF_ROLE_REQUEST, OF_ROLE_REPLY, OF_SET_ASYNC,
    OF_BUNDLE_CONTROL, OF_BUNDLE_ADD,
    OF_FLOW_DESC_REQUEST, OF_FLOW_DESC_REPLY, OF_GROUP_DESC_REQUEST, OF_GROUP_DESC_REPLY,
    OF_METER_CONFIG_REQUEST, OF_METER_CONFIG_REPLY, OF_PORT_DESC_REQUEST, OF_PORT_DESC_REPLY,
    OF_NX_SET_PACKET_IN_FORMAT, OF_NX_SET_CONTROLLER_ID, OF_NX_TLV_TABLE_MOD, OF_NX_TLV_TABLE_REQUEST,
    OF_NX_TLV_TABLE_REPLY, OF_NX_RESUME, OF_NX_CT_FLUSH_ZONE, OF_NX_PACKET_IN2,
};
const char *of_kind_name(enum of_kind kind);                 /* such as "flow_mod" */

/* A message as received.  Borrows the bytes. */
struct of_msg {
    uint8_t version;
    uint8_t type;
    uint32_t xid;
    enum of_kind kind;
    bool more;                                             /* multipart: another part with this xid follows */
    struct str whole;                                        /* header included */
    struct str body;                                         /* behind the (experimenter, multipart) header */
};
/* The length of the first message in the 'n' bytes at 'p': 0 if that cannot be told yet.  An impossible
 * header gives an error. */
struct err *of_frame(const void *p, size_t n, size_t *ret_length) MUST_USE;
/* Reads the header of the one whole message in the 'n' bytes at 'p'. */
struct err *of_msg_parse(const void *p, size_t n, struct of_msg *ret) MUST_USE;

/* One line, or several for lists, such as ovs-ofctl's ofp-print writes.  Any bytes may come. */
void of_msg_print(const void *p, size_t n, struct buf *out);

/* For the encoders: a header whose length of_msg_end() fills in.  of_msg_end() returns false, and removes
 * what was written since 'start', if that is too long or the buf overflowed. */
size_t of_msg_begin(struct buf *out, uint8_t type, uint32_t xid);
size_t of_nx_msg_begin(struct buf *out, uint32_t subtype, uint32_t xid);
size_t of_multipart_begin(struct buf *out, bool is_reply, uint16_t type, bool more, uint32_t xid);
bool of_msg_end(struct buf *out, size_t start);

/* Hello (OpenFlow 1.5, section 7.5.1).  'versions' is a bitmap of versions, bit 6 for 1.5. */
void of_put_hello(struct buf *out, uint32_t xid, uint32_t versions);
/* The versions the peer speaks: its bitmap, or else all up to that in its header. */
struct err *of_hello_decode(const struct of_msg *msg, uint32_t *ret_versions) MUST_USE;

void of_put_echo_request(struct buf *out, uint32_t xid);
/* The answer to 'request' (an echo request), with its body. */
void of_put_echo_reply(struct buf *out, const struct of_msg *request);
void of_put_barrier_request(struct buf *out, uint32_t xid);
void of_put_barrier_reply(struct buf *out, uint32_t xid);
void of_put_features_request(struct buf *out, uint32_t xid);
struct of_features {
    uint64_t datapath_id;
    uint32_t n_buffers;
    uint8_t n_tables;
    uint8_t auxiliary_id;
    uint32_t capabilities;
};
struct err *of_features_decode(const struct of_msg *msg, struct of_features *ret) MUST_USE;
/* 'miss_send_len' is what packets that miss all tables send to the controller; flags 0. */
void of_put_set_config(struct buf *out, uint32_t xid, uint16_t miss_send_len);

/* Errors (section 7.5.4). */
enum { OFPET_BUNDLE_FAILED = 17 };                           /* the 'type' of what concerns a whole bundle */
struct of_error {
    uint16_t type, code;
    uint32_t experimenter;                                   /* 'type' 0xffff, else 0 */
    struct str data;                             /* the first bytes of the message that was wrong; borrowed */
};
struct err *of_error_decode(const struct of_msg *msg, struct of_error *ret) MUST_USE;
void of_error_print(const struct of_error *error, struct buf *out);  /* "OFPBMC_BAD_PREREQ", or its numbers */
/* Quotes at most 1024 bytes of 'data', the message that was wrong. */
void of_put_error(struct buf *out, uint32_t xid, uint16_t type, uint16_t code, const void *data, size_t n);

enum of_role { OF_ROLE_NOCHANGE = 0, OF_ROLE_EQUAL = 1, OF_ROLE_PRIMARY = 2, OF_ROLE_SECONDARY = 3 };
struct of_role_msg {
    enum of_role role;
    uint64_t generation_id;
};
void of_put_role_request(struct buf *out, uint32_t xid, const struct of_role_msg *role);
struct err *of_role_decode(const struct of_msg *msg, struct of_role_msg *ret) MUST_USE;

/* Which asynchronous messages a primary or equal controller wants, as bitmaps of reasons. */
struct of_async {
    uint32_t packet_in, port_status, flow_removed;
};
void of_put_set_async(struct buf *out, uint32_t xid, const struct of_async *async);

/* Extensions. */
enum { NXPIF_NXT_PACKET_IN2 = 2 };
void of_put_set_packet_in_format(struct buf *out, uint32_t xid, uint32_t format);
void of_put_set_controller_id(struct buf *out, uint32_t xid, uint16_t id);
void of_put_ct_flush_zone(struct buf *out, uint32_t xid, uint16_t zone);
enum { NXTTMC_ADD = 0, NXTTMC_DELETE = 1, NXTTMC_CLEAR = 2 };
struct of_tlv_map {                                          /* tun_metadata 'index' is this Geneve option */
    uint16_t option_class;
    uint8_t option_type;
    uint8_t option_length;                                   /* of the value, a multiple of 4 */
    uint16_t index;
};
void of_put_tlv_table_mod(struct buf *out, uint32_t xid, uint16_t command, const struct of_tlv_map *maps,
                          size_t n);
void of_put_tlv_table_request(struct buf *out, uint32_t xid);
enum { OF_TLV_MAPS_MAX = 64 };
struct of_tlv_table {
    uint32_t max_option_space;
    uint16_t max_fields;
    size_t n_maps;
    struct of_tlv_map maps[OF_TLV_MAPS_MAX];
};
struct err *of_tlv_table_decode(const struct of_msg *msg, struct of_tlv_table *ret) MUST_USE;

/* Bundles (section 7.3.9): open, add, commit.  A message that Open vSwitch refuses when it is added is
 * only missing from the bundle: a commit that follows applies the rest, atomic or not.  Whoever wants all
 * or nothing sends a barrier after the last add and discards the bundle if an error came before its reply. */
enum { OFPBCT_OPEN_REQUEST = 0, OFPBCT_OPEN_REPLY = 1, OFPBCT_CLOSE_REQUEST = 2, OFPBCT_CLOSE_REPLY = 3,
       OFPBCT_COMMIT_REQUEST = 4, OFPBCT_COMMIT_REPLY = 5, OFPBCT_DISCARD_REQUEST = 6,
       OFPBCT_DISCARD_REPLY = 7 };
enum { OFPBF_ATOMIC = 1, OFPBF_ORDERED = 2 };
struct of_bundle {
    uint32_t id;
    uint16_t type;                                           /* OFPBCT_* */
    uint16_t flags;                                          /* OFPBF_* */
};
void of_put_bundle_control(struct buf *out, uint32_t xid, const struct of_bundle *bundle);
struct err *of_bundle_decode(const struct of_msg *msg, struct of_bundle *ret) MUST_USE;
/* Around a message with the same xid: begin, of_put_X(), end.  of_bundle_add_end() is like of_msg_end(),
 * and also removes everything since 'start' if of_put_X() put nothing because it did not fit. */
size_t of_bundle_add_begin(struct buf *out, uint32_t xid, uint32_t bundle_id, uint16_t flags);
bool of_bundle_add_end(struct buf *out, size_t start);
/* The message inside 'msg'; borrowed. */
struct err *of_bundle_add_decode(const struct of_msg *msg, uint32_t *ret_bundle_id,
                                 struct of_msg *ret_inner) MUST_USE;

#endif
