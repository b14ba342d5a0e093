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
# What is taken over from a person's settings of pip, by pip's name, as uv calls it: where packages
# come from. All else, such as a folder to install into, is for other environments.
INDEX = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
# Paths of what is seldom or never run as bytecode, a third of all: tests, installers, what is C.
NOT_RUN = r"/(tests|_tests|pip|setuptools|mypy|mypyc)/"


def stop(message):
    sys.exit("make: " + message)


def too_old(version):
    """Say in one line what is missing, or return None."""
    if tuple(version[:2]) < OLDEST:
        found = ".".join(str(part) for part in version[:2])
        return "Python " + found + " found, 3.11 or newer needed: try make PYTHON3=python3.12"
    return None


def incomplete():
    """Say in one line which part of this Python is missing, or return None."""
    venv = "python" + ".".join(str(part) for part in sys.version_info[:2]) + "-venv"
    needs = {
        "ssl": "was built without ssl, so no package can be fetched",
        "ensurepip": "cannot make environments: on Debian or Ubuntu, apt install " + venv,
    }
    for module in ("venv", "ensurepip", "ssl"):
        try:
            __import__(module)
        except ImportError:
            lacks = needs.get(module, needs["ensurepip"])
            return sys.executable + " " + lacks + "; or try another, make PYTHON3=python3.12"
    return None


def index_settings(listed):
    """Where pip is told to find packages, by pip's names, from what `pip config list` prints."""
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        # global or for install; what the environment says comes last and counts
        option = name.rpartition(".")[2].replace("_", "-")
        if name.split(".")[0] in ("global", "install", ":env:") and option in INDEX:
            found[option] = value.strip().strip("'\"").replace("\\n", " ").strip()
    return found


def surroundings(variables, settings):
    """Environment variables for pip and uv: both look for packages where pip is told to.

    uv's own variables count before those of pip, for what is said of both.
    """
    clean = {name: value for name, value in variables.items() if not name.startswith("PIP_")}
    for name in ("UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PREFIX", "UV_CONSTRAINT", "UV_OVERRIDE"):
        clean.pop(name, None)
    clean["PIP_CONFIG_FILE"] = os.devnull
    if "extra-index-url" in settings or "find-links" in settings:
        # as pip does: the pinned version from whichever place has it; its hash is compared anyway
        clean.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    for option, value in settings.items():
        clean["PIP_" + option.upper().replace("-", "_")] = value
        clean.setdefault(INDEX[option], value)
    return clean


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


def run(step, command, env=None):
    with open(LOG, "ab") as log:
        log.write((" ".join(command) + "\n").encode())
        result = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env
        )
        log.write(result.stdout)
    if result.returncode:
        why = reason(result.stdout.decode(errors="replace"))
        stop("could not " + step + ": " + why + " (details in .build/environment.log)")
    return result.stdout.decode(errors="replace")


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
    with open(marker) as handle:
        if (
            handle.read() != ROOT
        ):  # a copy, or moved: its scripts name the folder they were made for
            return False
    sources = ["requirements.lock", "pyproject.toml", "src/oda_eras/environment.py"]
    newest = max(os.path.getmtime(os.path.join(ROOT, name)) for name in sources)
    return os.path.getmtime(marker) >= newest


def create(folder):
    """Make an empty environment in place of the one that is there."""
    if os.path.islink(folder):  # what it leads to, such as another checkout's, is not this one's
        os.unlink(folder)
    run("create .venv", [sys.executable, "-m", "venv", "--clear", folder])


def main():
    problem = too_old(sys.version_info) or incomplete()
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
        create(VENV)
        python = os.path.join(VENV, "bin", "python")
        listed = run("read pip's settings", [python, "-m", "pip", "config", "list"])
        env = surroundings(os.environ, index_settings(listed))
        only_uv = os.path.join(BUILD, "uv.txt")
        with open(only_uv, "w") as handle:
            handle.write(pinned("uv"))
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "install"]
        run("install uv", [*pip, "--no-deps", "--require-hashes", "-r", only_uv], env)
        uv = [os.path.join(VENV, "bin", "uv"), "pip", "install", "--python", python]
        lock_file = ["--require-hashes", "-r", "requirements.lock"]
        run("install the packages", [*uv, *lock_file], env)
        here = ["--no-deps", "--no-build-isolation", "--editable", "."]
        run("install oda_eras", [*uv, *here], env)
        # compiled now: where PYTHONDONTWRITEBYTECODE is set, every kernel would compile again;
        # what this Python can't compile, as an example for another, stops nothing
        compileall = [python, "-m", "compileall", "-q", "-j", "0", "-x", NOT_RUN]
        with open(LOG, "ab") as log:
            subprocess.call([*compileall, os.path.join(VENV, "lib")], stdout=log, stderr=log)
        with open(marker, "w") as handle:
            handle.write(ROOT)


if __name__ == "__main__":
    main()
