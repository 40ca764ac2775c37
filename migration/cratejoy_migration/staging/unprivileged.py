"""Run a PostgreSQL program as PostgreSQL wants it: not as root, and not for longer than its parent.

    python -I -S unprivileged.py PARENT PROGRAM ARGUMENT...

PARENT is the process id whose death ends the program (a fast shutdown), 0 for none; Linux only.

An ordinary user's program is simply started. For root, the process becomes an existing unprivileged user but
keeps one capability, CAP_DAC_OVERRIDE, over the change and over exec ("ambient"), so that it can reach a
private folder of root. No permission of any file or folder is changed for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import sys
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
REFUSED = 77


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilitySet(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def server_user() -> pwd.struct_passwd | None:
    """Return the user that PostgreSQL runs as in place of root, or None when we are not root.

    Raises:
        KeyError: we are root and the machine has no unprivileged user of the usual names.
    """
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _call(function: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), function)


def _prctl(option: int, *values: int) -> None:
    padded = (*values, 0, 0, 0, 0)[:4]
    _call("prctl", ctypes.c_int(option), *(ctypes.c_ulong(value) for value in padded))


def _keep_only_dac_override() -> None:
    bit = 1 << _CAP_DAC_OVERRIDE
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySet * 2)(_CapabilitySet(bit, bit, bit), _CapabilitySet(0, 0, 0))
    _call("capset", ctypes.byref(header), ctypes.byref(sets))
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE)


def _let_access_see_it() -> None:
    """Make access(2), by which PostgreSQL finds its own programs, count the capability of an ordinary user too."""
    with contextlib.suppress(OSError):  # not allowed: programs outside private folders are still found
        _prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP)


def _become(user: pwd.struct_passwd) -> None:
    _let_access_see_it()
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    _keep_only_dac_override()


def _die_with(parent: int) -> None:
    if sys.platform != "linux":
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:
        sys.exit(REFUSED)


def main(arguments: list[str]) -> NoReturn:
    """Replace this process by the program in `arguments`; exit with REFUSED when root cannot step down."""
    parent, command = int(arguments[0]), arguments[1:]
    try:
        user = server_user()
        if user is not None:
            _become(user)
    except (KeyError, OSError, AttributeError):
        sys.exit(REFUSED)
    if parent:
        # After the change of user: the kernel forgets the request when credentials change.
        _die_with(parent)
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
