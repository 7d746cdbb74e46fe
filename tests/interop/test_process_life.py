#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the programs live as processes: what they leave in files, which modes and owners those have, exit statuses, signals,
closed descriptors, log files that are rotated, syslog, control commands.

Each line below is one for bash, in a folder of its own that has T.db, conf.db (alike), s.ovsschema, and run, log, db, etc for
what the environment names.  It runs with Debian's ovsdb-server, ovsdb-tool and ovs-appctl and with ours, under the same names;
exit status, output and errors (without log lines) must be equal, where nothing is said against it.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import harness
import scripts

SCHEMA = {"name": "T", "version": "1.0.0", "tables": {"N": {"isRoot": True, "columns": {"name": {"type": "string"}}}}}
PROGRAMS = {"server": ("ovsdb-server", "ovsdb/server/weft-ovsdb-server"), "tool": ("ovsdb-tool", "ovsdb/tool/weft-ovsdb-tool"),
            "appctl": ("ovs-appctl", "utilities/weft-appctl")}
PRELUDE = r"""
run() { ovsdb-server --remote=punix:db.sock --run=true -vconsole:off "$@"; }
daemon() { ovsdb-server --remote=punix:db.sock --no-chdir --detach --pidfile -vconsole:off "$@"; }
ask() { ovs-appctl -t ovsdb-server "$@"; }
until_() { for i in $(seq 500); do "$@" 2>/dev/null && return; sleep 0.02; done; echo "timed out: $*"; }
gone() { ! kill -0 $1; }
is_in() { [ "$(readlink /proc/$2/cwd)" = $1 ]; }
modes() { stat -c '%A %U:%G %n' $(find run log db T.db .T.db.* | grep -v '\.ctl$' | sort); }
"""
LINES = """
# Files that cannot be opened.
run nowhere
: >empty; run empty
run db
run /dev/null
run T.db conf.db
run T.db ./T.db 2>/dev/null; echo $?
run relay:T
sed 's/"T"/"_T"/' s.ovsschema >u; ovsdb-tool create u.db u; run u.db
# A link, also where nothing is yet: as for a conf.db that lies elsewhere.
ln -s elsewhere.db link.db; ovsdb-tool create link.db s.ovsschema; readlink link.db; ovsdb-tool db-name elsewhere.db; ls -A | grep lock
mkdir far; ln -s far/one.db link.db; ln -s two.db far/one.db; ovsdb-tool create link.db s.ovsschema; find far | sort; run link.db
ln -s loop.db loop.db; ovsdb-tool create loop.db s.ovsschema 2>/dev/null || echo no
# Descriptors that are closed: what is printed goes into no file.
ovsdb-tool db-name T.db >&-; ovsdb-tool db-name T.db
ovsdb-tool transact T.db '["T",{"op":"insert","table":"N","row":{}}]' >&-; ovsdb-tool db-name T.db; cat .T.db.~lock~
ovsdb-tool transact T.db '["T",{"op":"insert","table":"N","row":{}}]' <&- >&- 2>&-; ovsdb-tool db-name T.db
daemon T.db <&- >&- 2>&-; echo $?; ask version | wc -l; ask exit; until_ gone $(cat run/ovsdb-server.pid)
# Modes and owners of what is made.
umask 077; daemon T.db --log-file; modes
umask 022; daemon T.db --log-file; modes
umask 002; daemon T.db --log-file; modes | grep log/
umask 022; ovsdb-tool create new.db s.ovsschema; umask 077; ovsdb-tool create newer.db s.ovsschema; stat -c '%A' new.db newer.db
# Another user: the log file is the user's, who can open it again; what the user may not make is not made.
chown -R nobody:nogroup . ; daemon T.db --log-file --user=nobody:nogroup; modes; ask vlog/reopen; ask exit; until_ test ! -e run/ovsdb-server.pid
chown nobody T.db . run; daemon T.db --user=nobody; modes; ask exit; until_ test ! -e run/ovsdb-server.pid
daemon T.db --user=nobody 2>/dev/null; echo $?; ls run
daemon T.db --user=no-such-user 2>/dev/null; echo $?; ls run
# Pidfiles.
echo 999999 >run/ovsdb-server.pid; daemon T.db; grep -c 999999 run/ovsdb-server.pid; ask exit; until_ test ! -e run/ovsdb-server.pid
daemon T.db; daemon conf.db --unixctl=other; daemon conf.db --unixctl=other --overwrite-pidfile; echo $?
mkdir run/ovsdb-server.pid; daemon T.db 2>/dev/null; echo $?
# Log files.
run T.db --log-file=nowhere/log 2>/dev/null; echo $?
run T.db --log-file=run 2>/dev/null; echo $?
daemon T.db --log-file; mv log/ovsdb-server.log log/old; ask vlog/reopen; ask vlog/set file:dbg; ask exit; until_ grep -q exit log/ovsdb-server.log; ls log
OVS_LOGDIR=$DIR/nowhere run T.db --log-file 2>/dev/null; echo $?
# The process that watches over a daemon does not hold the log file, which may be rotated.
daemon T.db --monitor --log-file; ls -l /proc/$(ps -o ppid= $(cat run/ovsdb-server.pid) | tr -d ' ')/fd | grep -c 'log/'
daemon T.db --monitor --log-file; p=$(cat run/ovsdb-server.pid); mv log/ovsdb-server.log log/old; ask vlog/reopen; kill -ABRT $p; until_ grep -q 'died, killed (Aborted)' log/ovsdb-server.log; grep -c died log/old
# Signals: who starts us may want some to be ignored.
daemon T.db; p=$(cat run/ovsdb-server.pid); kill -TERM $p; until_ gone $p; ls run
daemon T.db; p=$(cat run/ovsdb-server.pid); kill -INT $p; until_ gone $p; ls run
daemon T.db; p=$(cat run/ovsdb-server.pid); kill -PIPE $p; ask version | wc -l
(trap '' INT; daemon T.db); p=$(cat run/ovsdb-server.pid); kill -INT $p; ask version | wc -l
(trap '' HUP; daemon T.db); p=$(cat run/ovsdb-server.pid); kill -HUP $p; ask version | wc -l
# Where a daemon is.
ovsdb-server --remote=punix:db.sock --detach --pidfile -vconsole:off T.db; until_ is_in / $(cat run/ovsdb-server.pid); readlink /proc/$(cat run/ovsdb-server.pid)/cwd; ask ovsdb-server/compact; echo $?
daemon T.db; readlink /proc/$(cat run/ovsdb-server.pid)/cwd
daemon T.db; p=$(cat run/ovsdb-server.pid); ps -o sid=,pgid=,tty= $p | awk -v p=$p '{print $1 == p, $2 == p, $3}'
daemon T.db --unixctl=none; ls run | grep -c ctl
daemon T.db --unixctl=here; ls run
cd /proc; env -i OVS_RUNDIR=$DIR/run OVS_SYSLOG_METHOD=null $(command -v ovsdb-server) --remote=punix:x --run=true -vconsole:off $DIR/T.db; echo $?
# The default database, and folders of the environment.
mv conf.db db; run; echo $?
run; echo $?
unset OVS_DBDIR; mkdir etc/openvswitch; mv conf.db etc/openvswitch; run; echo $?; ovsdb-tool db-name; ls -A etc/openvswitch
export OVS_DBDIR=; run 2>/dev/null; echo $?; ovsdb-tool db-name
OVS_RUNDIR=$DIR/etc daemon T.db --log-file; find etc run log -name 'ovsdb-server.[pl]*'
# A command that the server lives for.
for c in 'exit 5' 'kill -9 $$' 'exit 0'; do ovsdb-server --no-db -vconsole:off --run="$c"; echo $?; done
# What ovs-appctl says of whom it cannot reach, and how long it waits.
for t in nope ./run '' $DIR/nope T.db; do ovs-appctl -t "$t" version; echo $?; done
for p in 1 x ''; do echo $p >run/ovsdb-server.pid; ask version; echo $?; done
daemon T.db; p=$(cat run/ovsdb-server.pid); kill -STOP $p; ask -T 1 version 2>/dev/null; echo $?
daemon T.db; for t in 0 '' 5; do OVS_CTL_TIMEOUT=$t ask version | wc -l; done
for o in '' -t '-T 0' '-T x' --nope --nope=x --versio=x '-t ovsdb-server'; do ovs-appctl $o; echo $?; done
# Options of the server, in many spellings.
for o in --remo=punix:x '--re punix:x' --no-db --no-d '--log --no-db' '--pid=p --no-db' -vFILE:dbg -vANY:off -vnope -v,file -vfile:nope; do run $o; echo $?; done
for o in '-- T.db' '--no-db --' '-- --no-db' 'T.db --no-db' -x - '--remote' --unixctl '--nope=3' '--detach=3' '--max-x' '--user'; do run $o; echo $?; done
# Syslog.
run T.db --syslog-method=nope; echo $?
run T.db --syslog-method=; echo $?
OVS_SYSLOG_METHOD=nope run T.db; echo $?
OVS_SYSLOG_METHOD=nope ovsdb-tool db-name T.db
OVS_SYSLOG_METHOD=nope ovsdb-server --version | wc -l
OVS_SYSLOG_METHOD= run T.db; echo $?
run T.db --syslog-method=unix:/nowhere; echo $?
daemon T.db; ask vlog/list-pattern
unset OVS_SYSLOG_METHOD; daemon T.db -vsyslog:off; ask vlog/list-pattern
OVS_SYSLOG_METHOD=unix:/nowhere daemon T.db; ask vlog/list-pattern
OVS_SYSLOG_METHOD=unix:/nowhere daemon T.db --syslog-method=null; ask vlog/list-pattern
OVS_SYSLOG_METHOD=udp:127.0.0.1:9 daemon T.db; ask vlog/list-pattern
# Control commands, of which other tests know the rest.
daemon T.db; for s in FACILITY FACILITY: FACILITY:nope facility:local3 'PATTERN:file:' PATTERN PATTERN:nope:x , jsonrpc,file,dbg; do ask vlog/set "$s"; done; ask vlog/list-pattern
daemon T.db; ask ovsdb-server/tlog-set T:N ON; ask ovsdb-server/tlog-set T: on; ask ovsdb-server/tlog-set T:N:M on; ask ovsdb-server/tlog-set : on; ask ovsdb-server/tlog-list
daemon T.db; ask ovsdb-server/add-db conf.db; ask ovsdb-server/add-db relay:T; ask ovsdb-server/add-db T.db; ask ovsdb-server/add-db nowhere
"""


class Side:
    """A folder, and the programs of one of the two."""

    def __init__(self, tools):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-life-"))
        for name in ("run", "log", "db", "etc"):
            (self.folder / name).mkdir()
        for name in ("T.db", "conf.db"):
            harness.write_database(self.folder / name, SCHEMA)
        (self.folder / "s.ovsschema").write_text(json.dumps(SCHEMA))
        self.folder.chmod(0o755)
        folders = {"OVS_%sDIR" % name.upper(): str(self.folder / name) for name in ("log", "db")}
        self.env = dict(scripts.environment(self.folder, **folders), OVS_RUNDIR=str(self.folder / "run"), DIR=str(self.folder),
                        OVS_SYSCONFDIR=str(self.folder / "etc"),
                        PATH="%s:%s" % (pathlib.Path(tools["server"]).parent, os.environ["PATH"]))

    def run(self, line):
        out, err = (self.folder / "etc" / name for name in ("out", "err"))     # no pipes: daemons may keep them
        with open(out, "w") as o, open(err, "w") as e:
            bash = subprocess.Popen(["bash", "-c", PRELUDE + line], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                    stdout=o, stderr=e)
            try:
                status = bash.wait(60)
            except subprocess.TimeoutExpired:                # end() kills it
                status = "none in a minute"
        return status, self.clean(out.read_text()), self.clean(err.read_text())

    def clean(self, text):
        text = scripts.without_chance(text.replace(str(self.folder), "DIR"))
        return re.sub(r"\bpid \d+", "pid N", re.sub(r"\.\d+\.ctl", ".N.ctl", text))

    def end(self):
        harness.kill_processes_of(self.folder)               # daemons that this line has started
        shutil.rmtree(self.folder)


def run_line(line, tools):
    side = Side(tools)
    try:
        return side.run(line)
    finally:
        side.end()


def main():
    for name, _ in PROGRAMS.values():
        if not shutil.which(name):
            harness.skip("%s is not installed" % name)
    if os.geteuid() != 0:
        harness.skip("changing users wants root")
    signal.signal(signal.SIGINT, signal.default_int_handler)     # who runs this may have them ignored, and bash keeps that
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    lines = [line for line in LINES.splitlines() if line and not line.startswith("#")]
    failures = []
    with tempfile.TemporaryDirectory(prefix="weft-life-bin-") as folder:
        os.chmod(folder, 0o755)
        sides = scripts.link_programs(pathlib.Path(folder), PROGRAMS)
        for line in lines:
            peer, ours = (run_line(line, tools) for tools in sides)
            if peer != ours:
                failures.append("%s\n%s" % (line, scripts.difference(peer, ours)))
            elif "-v" in sys.argv:
                print(line, *map(repr, ours), sep="\n    ")
    print("\n".join(failures))
    print("%d lines, %d differences" % (len(lines), len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
