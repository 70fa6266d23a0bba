"""Start a program that dies with its parent: `python -m recto_workers.tether SIGNAL PARENT PROGRAM ...`.

Linux sends the signal when the parent ends for any reason, also `kill -9`. The mark survives `exec`, so this
small program sets it and becomes the other one. (`preexec_fn` is unsafe in a process with threads.)
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

from recto.python import module_command

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def command(death_signal: signal.Signals, program: Sequence[str]) -> list[str]:
    """The command line that starts `program` tied to the calling process."""
    return module_command("recto_workers.tether", str(int(death_signal)), str(os.getpid()), *program)


def main(arguments: Sequence[str]) -> None:
    """Tie this process to its parent and become the program."""
    death_signal, parent, *program = arguments
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):  # it died before the mark was set
        sys.exit(os.EX_TEMPFAIL)
    os.execvp(program[0], program)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
