#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lib/logical understands whatever Debian's ovn-northd writes: networks/rich.cmds has a network with every feature that it
compiles; the program 'language' parses, prints and compiles each logical flow that comes of it."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import harness

COMMANDS = harness.SOURCE / "tests/interop/networks/rich.cmds"
PEER = {name: shutil.which(name, path="/usr/bin:/usr/sbin") for name in ("ovn-northd", "ovn-nbctl", "ovn-sbctl")}
LEAST = 500                                        # distinct flows; 23.03 writes more


def run(program, *words, **variables):
    done = subprocess.run([PEER[program], "--timeout=60", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, env={**os.environ, **variables})
    if done.returncode:
        raise AssertionError("%s %s: %s" % (program, " ".join(words), done.stderr))
    return done.stdout


def rows(server, table, *columns):
    """Rows of the Southbound database, as lists of plain values."""
    text = run("ovn-sbctl", "--format=json", "--columns=" + ",".join(columns), "list", table, OVN_SB_DB=server.remote)
    found = json.loads(text)
    order = [found["headings"].index(c) for c in columns]
    return [[row[i] for i in order] for row in found["data"]]


def configure(server):
    for i in ("1", "2"):
        run("ovn-sbctl", "chassis-add", "hv" + i, "geneve", "192.0.2." + i, OVN_SB_DB=server.remote)
    for line in COMMANDS.read_text().splitlines():
        if line and not line.startswith("#"):
            run("ovn-nbctl", *shlex.split(line), OVN_NB_DB=server.remote)
    run("ovn-nbctl", "--wait=sb", "sync", OVN_NB_DB=server.remote)


def written_flows(server):
    """Lines for 'language': options and distinct flows, with template variables as hv1 has them."""
    variables = dict(rows(server, "Chassis_Template_Var", "variables")[0][0][1])

    def expand(text):
        return re.sub(r"\^([A-Za-z0-9_.]+)", lambda m: variables[m[1]], text)
    lines = {"option\t%s\t%s\t%d\t%s" % (family, *row) for family, table in (("4", "DHCP_Options"), ("6", "DHCPv6_Options"))
             for row in rows(server, table, "name", "code", "type")}
    flows = {"flow\t%s\t%d\t%s\t%s" % (pipeline, table, expand(match), expand(actions))
             for pipeline, table, match, actions in rows(server, "Logical_Flow", "pipeline", "table_id", "match", "actions")}
    return sorted(lines) + sorted(flows), len(flows)


# ovn-northd 23.03 itself writes an action that is none, for a load balancer that drops and forces SNAT.
NOT_OURS = re.compile(r"^actions: .*flags\.(force|skip)_snat_for_lb = 1; drop;")


def main():
    if not all(PEER.values()):
        harness.skip("ovn-central is not installed")
    schemas = [harness.SOURCE / "schemas" / name for name in ("ovn-nb.ovsschema", "ovn-sb.ovsschema")]
    with harness.Server(schemas) as server:
        northd = subprocess.Popen([PEER["ovn-northd"], "--ovnnb-db=" + server.remote, "--ovnsb-db=" + server.remote,
                                   "--unixctl=%s" % (server.folder / "northd.ctl"), "-vconsole:off",
                                   "--log-file=%s" % (server.folder / "northd.log")])
        try:
            configure(server)
            lines, n_flows = written_flows(server)
        finally:
            northd.terminate()
            northd.wait(30)
    done = subprocess.run([pathlib.Path(harness.BUILD) / "tests/interop/language"], input="\n".join(lines) + "\n",
                          stdout=subprocess.PIPE, text=True, check=False)
    failures = [line for line in done.stdout.splitlines()[:-1] if not NOT_OURS.match(line)]
    print("\n".join(failures))
    print("%d distinct flows" % n_flows)
    assert done.returncode in (0, 1) and not failures, "lib/logical does not understand ovn-northd"
    assert n_flows >= LEAST, n_flows


if __name__ == "__main__":
    sys.exit(main())
