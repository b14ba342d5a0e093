"""Build .venv from requirements.lock: `python3 src/oda_eras/environment.py`.

Runs before anything is installed, so it uses the standard library only, and its syntax is old
enough that a Python too old for the project can still read it and say so.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
BUILD = os.path.join(ROOT, ".build")
LOG = os.path.join(BUILD, "environment.log")


def stop(message):
    sys.exit("make: " + message)


def too_old(version):
    """Say in one line what is missing, or return None."""
    if tuple(version[:2]) < OLDEST:
        found = ".".join(str(part) for part in version[:2])
        return "Python " + found + " found, 3.11 or newer needed: try make PYTHON3=python3.12"
    return None


def reason(output):
    """Turn what an installer printed into one line a person can act on."""
    text = output.lower()
    if "hash" in text and "mismatch" in text:
        return "a downloaded package is not the one that requirements.lock pins"
    unreachable = ("dns error", "connect", "timed out", "retrying", "could not find a version")
    if any(word in text for word in unreachable):
        return "the package index did not answer; check the network, then run make again"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def run(step, command):
    with open(LOG, "ab") as log:
        log.write((" ".join(command) + "\n").encode())
        result = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        log.write(result.stdout)
    if result.returncode:
        why = reason(result.stdout.decode(errors="replace"))
        stop("could not " + step + ": " + why + " (details in .build/environment.log)")


def pinned(package):
    """Cut one package with its hashes out of the lock."""
    lines = []
    with open(os.path.join(ROOT, "requirements.lock")) as lock:
        for line in lock:
            if line.startswith(package + "==") or (lines and line.startswith(" ")):
                lines.append(line)
            elif lines:
                break
    return "".join(lines)


def is_current(marker):
    if not os.path.exists(marker):
        return False
    sources = ["requirements.lock", "pyproject.toml", "src/oda_eras/environment.py"]
    newest = max(os.path.getmtime(os.path.join(ROOT, name)) for name in sources)
    return os.path.getmtime(marker) >= newest


def main():
    problem = too_old(sys.version_info)
    if problem:
        stop(problem)
    import fcntl

    if not os.path.isdir(BUILD):
        os.mkdir(BUILD)
    marker = os.path.join(VENV, ".complete")
    with open(os.path.join(BUILD, "environment.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes in a fresh clone build it once
        if is_current(marker):
            return
        print("Setting up .venv: about 300 MB from the package index, once", flush=True)
        open(LOG, "w").close()
        run("create .venv", [sys.executable, "-m", "venv", "--clear", VENV])
        python = os.path.join(VENV, "bin", "python")
        only_uv = os.path.join(BUILD, "uv.txt")
        with open(only_uv, "w") as handle:
            handle.write(pinned("uv"))
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "install"]
        run("install uv", [*pip, "--no-deps", "--require-hashes", "-r", only_uv])
        # compiled now: where PYTHONDONTWRITEBYTECODE is set, every kernel would compile again
        uv = [os.path.join(VENV, "bin", "uv"), "pip", "install", "--python", python]
        lock_file = ["--require-hashes", "-r", "requirements.lock"]
        run("install the packages", [*uv, "--compile-bytecode", *lock_file])
        run("install oda_eras", [*uv, "--no-deps", "--no-build-isolation", "--editable", "."])
        open(marker, "w").close()


if __name__ == "__main__":
    main()
