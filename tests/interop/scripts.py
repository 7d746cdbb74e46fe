# SPDX-License-Identifier: Apache-2.0
"""Scripts of command lines (*.cmds) that run with Debian's programs and with ours; what differs is a failure."""
import argparse
import difflib
import os
import pathlib
import re
import shutil
import tempfile

import harness

LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[^|]*\|\d+\|[^\n]*\n", re.M)


def environment(folder, **more):
    """That of a command line: nothing of the machine's databases, run directory 'folder'."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OVS_", "OVN_"))}
    return dict(env, OVS_RUNDIR=str(folder), OVS_SYSLOG_METHOD="null", LC_ALL="C.UTF-8", **more)


def take_settings(words, env):
    """'words' without NAME=VALUE in front, and 'env' with them."""
    env = dict(env)
    words = list(words)
    while words and re.match(r"^[A-Z_]+=", words[0]):
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    return words, env


def without_chance(text):
    """Without log lines, and without which of two rows is the first."""
    return re.sub(r"(First|Second) row, with UUID.*?(transaction|commit)\.", r"\1 row", LOG_LINE.sub("", text))


def difference(peer, ours):
    """The lines that only one has, of exit status, output and errors, or of one text."""
    def lines(result):
        if not isinstance(result, tuple) or len(result) < 3:
            return [str(result)]
        return ["exit status %s" % result[0], *result[1].splitlines(), *("stderr: " + s for s in result[2].splitlines())]
    return "\n".join("    " + s for s in difflib.ndiff(lines(peer), lines(ours)) if s[0] in "-+")


def compare(path, sides, run_line, verbose):
    """Runs the lines of a script on both sides; returns how many they are and what differs.

    'run_line' returns what is to be compared.  A line that begins with "@" sets the scene, and is not counted."""
    failures, n = [], 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        n += line[0] != "@"
        try:
            peer, ours = (run_line(line, side) for side in sides)
        except (AssertionError, OSError) as error:
            failures.append("%s:%d: %s\n    %s" % (path.name, number, line, error))
            continue
        if verbose:
            print("%s\n  %s" % (line, ours))
        if peer != ours:
            failures.append("%s:%d: %s\n%s" % (path.name, number, line, difference(peer, ours)))
    return n, failures


def link_programs(folder, programs):
    """Ours and the peer's under the peer's names, as in libexec/weft/compat: for each side the paths by the short names."""
    sides = []
    for i, kind in enumerate(("peer", "ours")):
        (folder / kind).mkdir()
        for name, ours in programs.values():
            (folder / kind / name).symlink_to((shutil.which(name), harness.BUILD / ours)[i])
        sides.append({key: str(folder / kind / name) for key, (name, _) in programs.items()})
    return sides


def main(folder, programs, run_script):
    """Runs the scripts of 'folder', or those that are named, each in an empty folder.

    'programs' are pairs by short name: the peer's name, and ours below the build.  'run_script' gets a script, the programs of
    both sides, its folder and whether to be verbose, and returns what compare() does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("scripts", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    for name, _ in programs.values():
        if not shutil.which(name):
            harness.skip("%s is not installed" % name)
    total, failures = 0, []
    with tempfile.TemporaryDirectory(prefix="weft-scripts-") as tmp:
        tools = link_programs(pathlib.Path(tmp), programs)
        for i, script in enumerate(args.scripts or sorted(folder.glob("*.cmds"))):
            place = pathlib.Path(tmp) / str(i)
            place.mkdir()
            n, failed = run_script(script, tools, place, args.verbose)
            total += n
            failures += failed
    print("\n".join(failures))
    print("%d command lines, %d differences" % (total, len(failures)))
    return 1 if failures else 0
