# SPDX-License-Identifier: Apache-2.0
"""A host in a folder, where our programs go by the names that OVN's users type."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import harness

PROGRAMS = {
    "ovsdb-server": "ovsdb/server/weft-ovsdb-server", "ovsdb-tool": "ovsdb/tool/weft-ovsdb-tool",
    "ovsdb-client": "ovsdb/clientprog/weft-ovsdb-client", "ovn-northd": "northd/weft-northd",
    "ovn-controller": "controller/weft-controller", "ovn-nbctl": "nbctl/weft-nbctl", "ovn-sbctl": "sbctl/weft-sbctl",
    "ovn-appctl": "utilities/weft-appctl",
}


class Host:
    """Folders as the scripts want them, below a temporary one."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weft-scripts-"))
        (self.folder / "bin").mkdir()
        for name, program in PROGRAMS.items():
            (self.folder / "bin" / name).symlink_to(harness.BUILD / program)
        self.environment = dict(os.environ, PATH="%s:%s:/usr/sbin:/sbin" % (self.folder / "bin", os.environ["PATH"]))
        for prefix in ("OVN", "OVS"):
            for name, folder in (("RUNDIR", "run"), ("LOGDIR", "log"), ("DBDIR", "db"), ("SYSCONFDIR", "etc")):
                path = self.folder / prefix.lower() / folder
                path.mkdir(parents=True)
                self.environment["%s_%s" % (prefix, name)] = str(path)

    def execute(self, *arguments):
        """The exit status of a command, and what it prints."""
        output = self.folder / "output"               # not a pipe: a daemon may keep that open
        with open(output, "w") as f:
            code = subprocess.run(arguments, env=self.environment, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                  timeout=120).returncode
        return code, output.read_text()

    def run(self, *arguments, status=0):
        """What a command prints; its exit status must be 'status'."""
        code, text = self.execute(*arguments)
        assert code == status, "%s exited with %d:\n%s" % (" ".join(map(str, arguments)), code, text)
        return text

    def processes(self):
        return harness.processes_of(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            for log in sorted(self.folder.rglob("*.log")):
                print("==", log.name, log.read_text()[-3000:], sep="\n")
        harness.kill_processes_of(self.folder)
        shutil.rmtree(self.folder)
