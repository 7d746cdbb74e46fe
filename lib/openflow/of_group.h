/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_OPENFLOW_OF_GROUP_H
#define WEFT_OPENFLOW_OF_GROUP_H

/* What: groups and meters: the messages that change them and those that list them. */

#include "lib/base/vec.h"
#include "lib/openflow/of_msg.h"

enum of_group_command { OFPGC_ADD = 0, OFPGC_MODIFY = 1, OFPGC_DELETE = 2, OFPGC_INSERT_BUCKET = 3,
                        OFPGC_REMOVE_BUCKET = 5,
                        OFPGC_ADD_OR_MODIFY = 0x8000 };
enum of_group_type { OFPGT_ALL = 0, OFPGT_SELECT = 1, OFPGT_INDIRECT = 2, OFPGT_FAST_FAILOVER = 3 };
enum { OFPG_MAX = 0xffffff00, OFPG_ALL = 0xfffffffc, OFPG_ANY = 0xffffffff };
enum { OFPG_BUCKET_FIRST = 0xfffffffd, OFPG_BUCKET_LAST = 0xfffffffe, OFPG_BUCKET_ALL = 0xffffffff };

struct of_bucket {
    uint32_t id;
    uint16_t weight;                                         /* select groups */
    uint32_t watch_port, watch_group;                        /* OF_PORT_ANY: none */
    const void *actions;                                     /* borrowed, 'n_actions' bytes */
    size_t n_actions;
};
enum of_select_method { OF_SELECT_DEFAULT, OF_SELECT_HASH, OF_SELECT_DP_HASH };
struct of_group {
    uint32_t group_id;
    enum of_group_type type;
    enum of_select_method select_method;                     /* select groups */
    uint64_t select_param;
    /* hash: the fields, each with a mask, as OXM; borrowed.  Empty: all. */
    const void *select_fields;
    size_t n_select_fields;
    VEC(struct of_bucket) buckets;                           /* owned */
};
void of_group_fini(struct of_group *group);
/* 'command_bucket' is OFPG_BUCKET_ALL but for insert and remove. */
bool of_put_group_mod(struct buf *out, uint32_t xid, enum of_group_command command, uint32_t command_bucket,
                      const struct of_group *group) MUST_USE;
struct err *of_group_mod_decode(const struct of_msg *msg, enum of_group_command *ret_command,
                                uint32_t *ret_command_bucket,
                                struct of_group *ret) MUST_USE;
void of_put_group_desc_request(struct buf *out, uint32_t xid, uint32_t group_id);        /* or OFPG_ALL */
/* Takes the first group off '*body'; walk while body->n.  The caller finishes '*ret'. */
struct err *of_group_pull(struct str *body, struct of_group *ret) MUST_USE;
void of_group_print(const struct of_group *group, struct buf *out);      /* as ovs-ofctl add-group reads it */

enum of_meter_command { OFPMC_ADD, OFPMC_MODIFY, OFPMC_DELETE };
enum { OFPMF_KBPS = 1, OFPMF_PKTPS = 2, OFPMF_BURST = 4, OFPMF_STATS = 8 };
enum { OFPM_ALL = 0xffffffff };
struct of_meter {                                            /* with one band, that drops */
    uint32_t meter_id;
    uint16_t flags;                                          /* OFPMF_* */
    bool has_band;
    uint32_t rate, burst;                                    /* of the band */
};
void of_put_meter_mod(struct buf *out, uint32_t xid, enum of_meter_command command,
                      const struct of_meter *meter);
struct err *of_meter_mod_decode(const struct of_msg *msg, enum of_meter_command *ret_command,
                                struct of_meter *ret) MUST_USE;
void of_put_meter_config_request(struct buf *out, uint32_t xid, uint32_t meter_id);      /* or OFPM_ALL */
/* of bands, the first drop band */
struct err *of_meter_pull(struct str *body, struct of_meter *ret) MUST_USE;
void of_meter_print(const struct of_meter *meter, struct buf *out);

#endif
