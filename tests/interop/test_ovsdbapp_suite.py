#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The functional tests that python3-ovsdbapp brings along, with our programs under the names that it starts.

They make a database server for each of Open_vSwitch, Northbound and Southbound, northd, the controller and a real
ovs-vswitchd without a datapath, and drive them through the API that Neutron uses."""
import re
import subprocess
import sys

import harness
from host import Host

harness.debian_python()
try:
    import fixtures  # noqa: F401
    import oslotest  # noqa: F401
    import ovsdbapp.tests.functional
    import testscenarios  # noqa: F401
    import testtools  # noqa: F401
except ImportError as error:
    harness.skip("the functional tests of ovsdbapp need %s" % error.name)

N_AT_LEAST = 300                                      # of version 2.1; fewer: they were not found


def main():
    (tests,) = ovsdbapp.tests.functional.__path__
    with Host() as host:
        temporary = host.folder / "tmp"
        temporary.mkdir()
        environment = dict(host.environment, TMPDIR=str(temporary))
        suite = subprocess.run([sys.executable, "-m", "testtools.run", "discover", "-s", tests, "-t", tests.split("ovsdbapp/")[0]],
                               env=environment, cwd=temporary, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=900)
        print(suite.stdout[-20000:])
        assert suite.returncode == 0, "ovsdbapp's tests fail"
        assert int(re.search(r"^Ran (\d+) tests", suite.stdout, re.M).group(1)) >= N_AT_LEAST
    return 0


if __name__ == "__main__":
    sys.exit(main())
