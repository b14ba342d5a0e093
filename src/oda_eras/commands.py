"""How a command of the project ends where it cannot go on: in one line, with cause and place."""

import errno
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from oda_eras.paths import BUILD, project_root

LOG = f"{BUILD}/error.log"
PACKAGE = Path(__file__).parent
# what a machine runs out of or refuses; libraries fail over it in words of their own
MACHINE = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "no space is left for this user on the disk",
    errno.EROFS: "the file system can only be read",
    errno.EACCES: "it may not be written or read by this user",
    errno.EPERM: "it may not be changed by this user",
    errno.EMFILE: "too few files may be open at once (ulimit -n)",
    errno.ENFILE: "too few files may be open at once on this machine",
    errno.EFBIG: "a file may not be that large (ulimit -f)",
    errno.ENOMEM: "there is not enough memory",
    errno.EISDIR: "it is a folder, a file should be there",
    errno.ENOTDIR: "a file stands where a folder should be",
    errno.EXDEV: "it is on another file system than the checkout",
}


def cause(error: BaseException) -> str:
    """Say what went wrong, in one line: a machine's fault before a library's words for it."""
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in chain:
        chain.append(at)
        at = at.__cause__ or at.__context__
    for fault in chain:
        number, name = getattr(fault, "errno", None), getattr(fault, "filename", None)
        if number in MACHINE:  # of an OSError, or of a library that numbers its own alike
            return (f"{name}: " if name else "") + MACHINE[number]
        if isinstance(fault, MemoryError):
            return MACHINE[errno.ENOMEM]
    message = str(error).strip()
    return message if is_own(error) else f"{type(error).__name__}: {message}"


def is_own(error: BaseException) -> bool:
    """Whether an error is one of the project's, whose message says all that is needed."""
    return type(error).__module__.split(".")[0] in ("oda_eras", "__main__")


@contextmanager
def one_line():
    """End a command's errors in one line on stderr; a traceback goes to .build/error.log.

    Errors of the project's own say what to do and leave no log.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.exit("interrupted")
    except Exception as error:
        if is_own(error):
            sys.exit(cause(error))
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if PACKAGE in Path(frame.filename).parents]
        place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
        sys.exit(f"{cause(error)}{place}{_logged(error)}")


def _logged(error: Exception) -> str:
    """Write the traceback to the log; returns where it is, nothing where it can't be written."""
    log = project_root() / LOG
    try:
        log.parent.mkdir(exist_ok=True)
        with log.open("w", encoding="utf-8") as handle:
            handle.write(time.strftime("%Y-%m-%d %H:%M:%S\n"))
            traceback.print_exception(error, file=handle)
    except OSError:
        return ""
    return f"\n  the traceback is in {LOG}"
