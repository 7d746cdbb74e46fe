#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weft-appctl against a daemon that idles: results, errors, exit codes.
set -u
folder=$(mktemp -d /tmp/test_weft_appctl.XXXXXX)
export OVN_RUNDIR=$folder
unset OVS_CTL_TIMEOUT
appctl=utilities/weft-appctl
daemon=tests/unit/utilities/idle_daemon
n_failed=0
clean_up() {
    [ ! -e "$folder/idle_daemon.pid" ] || kill "$(cat "$folder/idle_daemon.pid")"
    rm -rf "$folder"
}
trap clean_up EXIT

# expect STATUS OUTPUT ARGS...: runs weft-appctl; the folder becomes F.
expect() {
    local want_status=$1 want=$2 output status
    shift 2
    output=$($appctl "$@" 2>&1)
    status=$?
    output=${output//$folder/F}
    if [ $status != "$want_status" ] || [ "$output" != "$want" ]; then
        printf 'weft-appctl %s: status %s, wanted %s; output:\n%s\nwanted:\n%s\n\n' "$*" $status "$want_status" "$output" "$want"
        n_failed=$((n_failed + 1))
    fi
}

expect 1 'weft-appctl: at least one non-option argument is required (use --help for help)'
expect 1 "weft-appctl: unrecognized option '--jump'" --jump version
expect 1 'weft-appctl: value 0 on -T or --timeout is invalid' -T 0 version
expect 1 'weft-appctl: cannot read pidfile "F/ovn-controller.pid" (No such file or directory)' version
expect 1 'weft-appctl: cannot connect to "F/nothing.ctl" (No such file or directory)' -t "$folder/nothing.ctl" version
OVS_CTL_TIMEOUT=x expect 1 'weft-appctl: value x on -T or --timeout is invalid' version

$daemon --detach --pidfile -vconsole:off || exit 1
pid=$(cat "$folder/idle_daemon.pid")
version=$($appctl --version)
expect 0 "idle_daemon (Weft) ${version##* }" --target idle_daemon version
expect 0 "idle_daemon (Weft) ${version##* }" -T 10 --tar="$folder/idle_daemon.$pid.ctl" version
expect 2 '"jump" is not a valid command (use "list-commands" to see a list of valid commands)
weft-appctl: idle_daemon: server returned an error' -t idle_daemon jump --high
expect 2 'no destination, level, or module "x"
weft-appctl: idle_daemon: server returned an error' -t idle_daemon vlog/set vlog:dbg x

# A server that does not answer: SIGALRM ends the waiting, which the shell tells as 128 + 14.
kill -STOP "$pid"
(exec $appctl -T 1 -t idle_daemon version) 2>/dev/null
status=$?
kill -CONT "$pid"
[ $status = 142 ] || { echo "status $status after a timeout"; n_failed=$((n_failed + 1)); }

expect 0 '' -t idle_daemon exit
for ((i = 0; i < 1000; i++)); do
    [ -e "$folder/idle_daemon.pid" ] || break
    sleep 0.01
done
[ -z "$(ls "$folder")" ] || { echo "left behind: $(ls "$folder")"; n_failed=$((n_failed + 1)); }

[ $n_failed = 0 ] && echo "weft-appctl: all well" || exit 1
