#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weft-ctl against pretended daemons: shell scripts that write their pidfile and wait.
set -u
folder=$(mktemp -d /tmp/test_weft_ctl.XXXXXX)
clean_up() {
    local pidfile
    for pidfile in "$folder"/run/*.pid; do
        [ ! -e "$pidfile" ] || kill "$(cat "$pidfile")" 2>/dev/null
    done
    rm -rf "$folder"
}
trap clean_up EXIT
n_failed=0
export OVN_BINDIR=$folder/bin OVN_SBINDIR=$folder/bin OVN_PKGDATADIR=$folder/share
export OVN_RUNDIR=$folder/run OVN_LOGDIR=$folder/log OVN_DBDIR=$folder/db OVN_SYSCONFDIR=$folder/etc
export OVS_RUNDIR=$folder/ovs
mkdir -p "$folder"/{bin,share,etc/ovn}
ctl=$PWD/utilities/weft-ctl
bash=$(command -v bash)

# A daemon writes its name and arguments into log/NAME.args; "exit" is a TERM here.
cat >"$folder/bin/weft-northd" <<EOF
#!$bash
for arg; do
    case \$arg in --pidfile=*) pidfile=\${arg#*=} ;; --log-file=*) log=\${arg#*=} ;; esac
done
printf '%s\n' "\$@" >"\$log.args"
[ ! -e "$folder/refuse" ] || exit 3
(trap 'rm -f "\$pidfile"; exit' TERM; while :; do sleep 0.02; done) >/dev/null 2>&1 &
echo \$! >"\$pidfile"
EOF
cat >"$folder/bin/weft-appctl" <<EOF
#!$bash
[ "\$5" = exit ] || exit 0
echo "\${*:5}" >>"$folder/exits"
case \$4 in
    *db.ctl) kill \$(cat "\${4%.ctl}.pid") ;;
    *) exit 1 ;;
esac
EOF
cat >"$folder/bin/weft-ovsdb-tool" <<EOF
#!$bash
[ "\$1" != create ] || cp "\$3" "\$2"
EOF
printf '#!%s\n' "$bash" >"$folder/bin/weft-nbctl"
chmod +x "$folder"/bin/*
cp "$folder/bin/weft-nbctl" "$folder/bin/weft-sbctl"
cp "$folder/bin/weft-northd" "$folder/bin/weft-controller"
cp "$folder/bin/weft-northd" "$folder/bin/weft-ovsdb-server"
touch "$folder/share/ovn-nb.ovsschema" "$folder/share/ovn-sb.ovsschema"

# expect STATUS OUTPUT ARGS...: runs weft-ctl; pids become N, the folder becomes F.
expect() {
    local want_status=$1 want=$2 output status
    shift 2
    output=$("$ctl" "$@" 2>&1)
    status=$?
    output=$(sed -E "s|$folder|F|g; s/\(?\b[0-9]{2,}\b\)?/N/g" <<<"$output")
    if [ $status != "$want_status" ] || [ "$output" != "$want" ]; then
        printf 'weft-ctl %s: status %s, wanted %s; output:\n%s\nwanted:\n%s\n\n' "$*" $status "$want_status" "$output" "$want"
        n_failed=$((n_failed + 1))
    fi
}

# has_args LOG WORD...: the daemon that logs to LOG was given each WORD.
has_args() {
    local word log=$folder/log/$1.args
    shift
    for word; do
        if ! grep -qxF -e "${word//F\//$folder/}" "$log"; then
            echo "$log: no $word in: $(tr '\n' ' ' <"$log")"
            n_failed=$((n_failed + 1))
        fi
    done
}

expect 1 'weft-ctl: missing command name (use --help for help)'
expect 1 'weft-ctl: unknown command "jump" (use --help for help)' jump
expect 1 'weft-ctl: unknown option "--jump=3" (use --help for help)' --jump=3 start_northd
expect 1 'ovn-northd is not running' status_northd
expect 0 'F/db/ovnnb_db.db does not exist ... (warning).
Creating empty database F/db/ovnnb_db.db.
Starting ovsdb-nb.
F/db/ovnsb_db.db does not exist ... (warning).
Creating empty database F/db/ovnsb_db.db.
Starting ovsdb-sb.
Starting ovn-northd.' --db-nb-create-insecure-remote=yes --ovn-northd-log=-vfile:dbg --no-monitor --ovn-sb-db-ssl-key=sb-key.pem start_northd
has_args ovsdb-server-nb.log --detach --remote=punix:F/run/ovnnb_db.sock --remote=ptcp:6641:0.0.0.0 -vconsole:off \
    --private-key=db:OVN_Northbound,SSL,private_key --certificate=db:OVN_Northbound,SSL,certificate \
    --ca-cert=db:OVN_Northbound,SSL,ca_cert --ssl-protocols=db:OVN_Northbound,SSL,ssl_protocols \
    --ssl-ciphers=db:OVN_Northbound,SSL,ssl_ciphers --remote=db:OVN_Northbound,NB_Global,connections --unixctl=F/run/ovnnb_db.ctl F/db/ovnnb_db.db
has_args ovsdb-server-sb.log --private-key=sb-key.pem --certificate=db:OVN_Southbound,SSL,certificate
has_args ovn-northd.log --detach --ovnnb-db=unix:F/run/ovnnb_db.sock --ovnsb-db=unix:F/run/ovnsb_db.sock -vfile:dbg
expect 0 'ovsdb-nb is already running.
ovsdb-sb is already running.
ovn-northd is already running.' start_northd
expect 0 'ovn-northd is running with pid N' status_northd
expect 0 'running/active' status_ovnnb
expect 0 'OVN Northbound DB is running.
OVN Southbound DB is running.' status_ovsdb
expect 0 'Killing ovn-northd N with SIGTERM.
Exiting ovnnb_db N.
Exiting ovnsb_db N.' stop_northd
expect 0 'not-running' status_ovnsb
expect 0 'Starting ovn-controller.' start_controller
has_args ovn-controller.log unix:F/ovs/db.sock --monitor
expect 0 'Killing ovn-controller N with SIGTERM.
Starting ovn-controller.' restart_controller
grep -qx 'exit --restart' "$folder/exits" || { echo 'restart_controller did not say --restart'; n_failed=$((n_failed + 1)); }
expect 0 'Killing ovn-controller N with SIGTERM.' stop_controller
echo --ovnnb-db=tcp:192.0.2.1:6641 >"$folder/etc/ovn/ovn-northd-db-params.conf"
expect 0 'Starting ovn-northd.' start_northd
has_args ovn-northd.log --ovnnb-db=tcp:192.0.2.1:6641 --monitor
expect 0 'Killing ovn-northd N with SIGTERM.' stop_northd
touch "$folder/refuse"
expect 3 'Starting ovn-northd ... failed!' start_northd

[ $n_failed = 0 ] && echo "weft-ctl: all well" || exit 1
