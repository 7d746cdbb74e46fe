#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts a private Open vSwitch without a datapath in the kernel, and runs tests/interop/openflow_switch and
# tests/interop/flow_sync_switch against it.
# Exits 77 where Open vSwitch is not installed.
PATH=$PATH:/usr/sbin:/sbin
schema=/usr/share/openvswitch/vswitch.ovsschema
if ! command -v ovs-vswitchd >/dev/null || ! command -v ovsdb-server >/dev/null || [ ! -f $schema ]; then
    echo "skipped: Open vSwitch is not installed"
    exit 77
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/weft-openflow.XXXXXX") || exit 99
stop() {
    for daemon in ovs-vswitchd ovsdb-server; do
        [ ! -f "$dir/$daemon.pid" ] || kill "$(cat "$dir/$daemon.pid")"
    done
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 99' INT TERM
export OVS_RUNDIR="$dir" OVS_DBDIR="$dir" OVS_LOGDIR="$dir" OVS_SYSCONFDIR="$dir" OVS_SYSLOG_METHOD=null
quiet="-vconsole:off -vsyslog:off --no-chdir --detach"
ovsdb-tool create "$dir/conf.db" $schema &&
ovsdb-server "$dir/conf.db" --remote=punix:"$dir/db.sock" --unixctl="$dir/db.ctl" --pidfile="$dir/ovsdb-server.pid" \
    --log-file="$dir/db.log" $quiet &&
ovs-vsctl --db=unix:"$dir/db.sock" --no-wait init &&
ovs-vswitchd unix:"$dir/db.sock" --disable-system --enable-dummy=override --unixctl="$dir/vs.ctl" \
    --pidfile="$dir/ovs-vswitchd.pid" --log-file="$dir/vs.log" $quiet &&
ovs-vsctl --db=unix:"$dir/db.sock" --timeout=20 \
    -- add-br br0 -- set bridge br0 datapath_type=dummy fail-mode=secure protocols=OpenFlow15 \
    -- add-port br0 p1 -- set interface p1 type=dummy ofport_request=1 \
    -- add-port br0 p2 -- set interface p2 type=dummy ofport_request=2 \
    -- add-br br1 -- set bridge br1 datapath_type=dummy fail-mode=secure protocols=OpenFlow15 || exit 99
on() {
    "$2" unix:"$dir/$1.mgmt" || {
        result=$?
        tail -20 "$dir/vs.log"
        exit $result
    }
}
on br0 tests/interop/openflow_switch
on br1 tests/interop/flow_sync_switch
