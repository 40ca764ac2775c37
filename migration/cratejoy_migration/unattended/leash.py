"""Run a program that is asked to end (SIGTERM) when the program that started it dies, however it dies.

    python -I -S leash.py PARENT PROGRAM ARGUMENT...

PARENT is the process id whose death ends the program. Linux only; elsewhere the program is simply started, and what
outlives a killed run is met by the next one as a program that is still running.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> NoReturn:
    """Replace this process by the program in `arguments`."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGTERM), *[ctypes.c_ulong(0)] * 3)
        if os.getppid() != parent:
            sys.exit(128 + signal.SIGTERM)
    os.execv(command[0], command)  # noqa: S606  # a program of this project, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
