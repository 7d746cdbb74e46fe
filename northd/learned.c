/* SPDX-License-Identifier: Apache-2.0 */
/* What chassis learned, rows of MAC_Binding and FDB, is kept while the port it was learned on is there.  The rows are
 * theirs: of northd's they have nothing but the end of their lives. */
#include <config.h>

#include "northd/ports.h"
#include "northd/tunnel_keys.h"

static const struct row *
sb_row(struct derive *d, uint32_t table, uint64_t key)
{
    return replica_row_by_id(northd_of(d)->sb, table, (uint32_t) key);
}

static void
keep_row(struct derive *d, uint32_t table, const struct row *row)
{
    desired_emit(desired_begin(&northd_of(d)->desired, table, writer_key_uuid(&row->uuid)), d, S_SB_ROW);
}

/* A MAC_Binding names its router by reference and the router's port by name.  The reference is a strong one: the row has to go in
 * the transaction in which the Datapath_Binding goes, so the Northbound rows are asked, not the Southbound ones. */
void
derive_mac_binding(struct derive *d, uint64_t key)
{
    const struct row *row = sb_row(d, SB_TABLE_MAC_BINDING, key);
    const struct sb_mac_binding *mac = sb_mac_binding(row);
    const struct sb_datapath_binding *dp = sb_mac_binding_datapath(d, mac);
    const struct row *lrp = nb_find_string(d, IX_LRP_BY_NAME, sb_mac_binding_logical_port(d, mac));
    const struct lrp_conf *conf = lrp ? lrp_conf(d, lrp->id) : NULL;
    struct uuid uuid;

    if (!dp || !conf || conf->lr == NO_ROW || !datapath_binding_nb_uuid(d, dp, &uuid)) {
        return;
    }
    if (uuid_eq(&uuid, &lr_row(d, conf->lr)->row.uuid) && port_key(d, port_of_lrp(lrp->id))) {
        keep_row(d, SB_TABLE_MAC_BINDING, row);
    }
}

/* An FDB row names its switch and the port by tunnel keys. */
void
derive_fdb(struct derive *d, uint64_t key)
{
    const struct row *row = sb_row(d, SB_TABLE_FDB, key);
    const struct sb_fdb *fdb = sb_fdb(row);
    uint64_t datapath = datapath_with_key(d, sb_fdb_dp_key(d, fdb));

    if (datapath && has_port_with_key(d, datapath, sb_fdb_port_key(d, fdb))) {
        keep_row(d, SB_TABLE_FDB, row);
    }
}
