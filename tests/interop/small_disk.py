# SPDX-License-Identifier: Apache-2.0
"""A small disk that fills up: a tmpfs in a mount namespace of the test's own, where that is allowed."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def enter_namespace():
    """Continues in a mount namespace of its own, as root or as what looks like root there."""
    if os.environ.get("WEFT_OWN_MOUNTS"):
        return
    for words in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        if shutil.which("unshare") and subprocess.run([*words, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            os.environ["WEFT_OWN_MOUNTS"] = "1"
            os.execvp(words[0], [*words, sys.executable, *sys.argv])


class SmallDisk:
    """A folder, 'path', of 'size' bytes; of any size if not 'is_small', because this process may not mount."""

    def __init__(self, size):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="weft-disk-"))
        self.is_small = bool(os.environ.get("WEFT_OWN_MOUNTS")) and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", self.path], stderr=subprocess.DEVNULL).returncode == 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.is_small:
            subprocess.run(["umount", self.path], check=True)
        shutil.rmtree(self.path)

    def fill(self, free=0):
        """Leaves 'free' bytes."""
        ballast = self.path / "ballast"
        with open(ballast, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
        if free:
            os.truncate(ballast, ballast.stat().st_size - free)

    def make_room(self):
        (self.path / "ballast").unlink()
