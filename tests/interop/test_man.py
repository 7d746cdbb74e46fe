#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every option and command that a program offers is in its man page, and every option there is the program's."""
import re
import subprocess
import sys

import harness

PROGRAMS = {
    "weft-ovsdb-server.1": "ovsdb/server/weft-ovsdb-server",
    "weft-ovsdb-client.1": "ovsdb/clientprog/weft-ovsdb-client",
    "weft-ovsdb-tool.1": "ovsdb/tool/weft-ovsdb-tool",
}
OPTION = r"(?<![\w-])--[a-z][a-z0-9-]+"


def page_text(name):
    text = (harness.SOURCE / "docs/man" / name).read_text()
    text = "".join(line for line in text.splitlines(True) if not line.startswith('.\\"'))
    return re.sub(r"\\f[A-Z]", " ", text.replace("\\-", "-"))


def control_commands():
    """What the server lists of its own."""
    with harness.Server([], options=["--no-dbs"]) as server:
        client = harness.Client(server.ctl)
        listed = client.call("list-commands")
        client.close()
    return set(re.findall(r"^  (ovsdb-server/\S+)", listed, re.M))


def main():
    missing = []
    for page, program in PROGRAMS.items():
        usage = subprocess.run([harness.BUILD / program, "--help"], capture_output=True, text=True, check=True).stdout
        text = page_text(page)
        offered = set(re.findall(OPTION, usage))
        described = set(re.findall(OPTION, text))
        missing += ["%s: %s is not described" % (page, o) for o in sorted(offered - described)]
        missing += ["%s: %s is not offered" % (page, o) for o in sorted(described - offered)]
        if "commands are" in usage or "COMMAND [ARG" in usage:
            commands = set(re.findall(r"^  (?:\[-m\]\.\.\. )?([a-z][a-z-]+)(?= )", usage, re.M))
            missing += ["%s: %s is not described" % (page, c) for c in sorted(commands)
                        if not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(c), text)]
    text = page_text("weft-ovsdb-server.1")
    missing += ["weft-ovsdb-server.1: %s is not described" % c for c in sorted(control_commands()) if c not in text]
    print("\n".join(missing) or "nothing is missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
