"""Sets up `.venv`: pinned packages, ROS 2 from wheels, reobj_msgs built by the real generators.

Called by the Makefile before anything else. Needs only Python's standard library, a C++
compiler and make. Each step leaves a stamp with the hash of what it was made from, so
that a second run does nothing and an interrupted one goes on.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "reobj-stamps"
MESSAGES = ROOT / "reobj_msgs"
INPUTS = [ROOT / name for name in ("requirements.txt", "constraints.txt", "setup.py", "setup.cfg")]
# trackeval asks for the desktop build of OpenCV, which breaks the headless one and needs libGL.
WITHOUT_DEPENDENCIES = "trackeval==1.3.0"


def main() -> int:
    problems = list(missing())
    if problems:
        print("reobj cannot be set up on this machine:", *problems, sep="\n  - ", file=sys.stderr)
        return 1
    try:
        step("packages", digest(INPUTS), install_packages)
        step("reobj_msgs", digest(sorted(MESSAGES.rglob("*.*"))), build_messages)
    except subprocess.CalledProcessError as error:
        print(f"reobj: set-up failed ({error}). Mend what it says above and run it again.", file=sys.stderr)
        return 1
    return 0


def missing() -> Iterable[str]:
    """One sentence for each thing that the machine lacks, with the cure."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        found = platform.python_version()
        yield f"Python 3.10, 3.11 or 3.12 is needed, this is {found}: make PYTHON=python3.12 demo"
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        yield f"Linux on x86-64 or aarch64 is needed, this is {sys.platform} on {platform.machine()}"
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        yield "Python's venv module is missing: sudo apt install python3-venv"
    if not any(shutil.which(name) for name in (os.environ.get("CXX") or "c++", "g++", "clang++")):
        yield "a C++ compiler is missing: sudo apt install g++"
    if not shutil.which("make"):
        yield "make is missing: sudo apt install make"


def digest(files: Iterable[Path]) -> str:
    """Hash of the files' names and contents, of the interpreter and of this script."""
    total = hashlib.sha256(sys.version.encode())
    for path in [*files, Path(__file__)]:
        if path.is_file():
            total.update(path.relative_to(ROOT).as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def step(name: str, wanted: str, work: object) -> None:
    """Calls ``work`` unless the stamp says that it was done from the same input."""
    stamp = STAMPS / name
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    assert callable(work)
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def install_packages() -> None:
    """The pinned packages and this project in editable form, in .venv."""
    print("reobj: installing packages into .venv (about 6 GB with torch; once)", flush=True)
    python = VENV / "bin/python"
    if not belongs_to_this_python(python):
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # As an environment variable the constraints also hold where pip builds a package.
    pinned = os.environ | {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    run(*pip, "-r", "requirements.txt", env=pinned)
    run(*pip, "--no-deps", WITHOUT_DEPENDENCIES)


def belongs_to_this_python(python: Path) -> bool:
    """Whether .venv exists, works and is of the interpreter that runs this."""
    if not python.exists():
        return False
    asked = subprocess.run([python, "-c", "import sys; print(sys.version)"], capture_output=True, text=True)
    return asked.returncode == 0 and asked.stdout.strip() == sys.version


def build_messages() -> None:
    """Generates, compiles and installs reobj_msgs into .venv with the rosidl generators."""
    print("reobj: building reobj_msgs", flush=True)
    build = VENV / "build/reobj_msgs"
    shutil.rmtree(build, ignore_errors=True)
    environment = os.environ | {
        "AMENT_PREFIX_PATH": str(VENV),
        "CMAKE_PREFIX_PATH": str(VENV),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    configure = [
        f"-DCMAKE_INSTALL_PREFIX={VENV}",
        f"-DPython3_EXECUTABLE={VENV / 'bin/python'}",
        f"-DCMAKE_PROJECT_INCLUDE={ROOT / 'tools/wheel_underlay.cmake'}",
        "-DCMAKE_BUILD_TYPE=Release",
        "-DBUILD_TESTING=OFF",
    ]
    cmake = str(VENV / "bin/cmake")
    log = VENV / "build/reobj_msgs.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("w") as output:
            run(cmake, "-S", str(MESSAGES), "-B", str(build), *configure, env=environment, stdout=output)
            run(cmake, "--build", str(build), "-j", str(os.cpu_count()), env=environment, stdout=output)
            run(cmake, "--install", str(build), env=environment, stdout=output)
    except subprocess.CalledProcessError:
        print(log.read_text()[-4000:], file=sys.stderr)
        raise


def run(*command: str, env: dict[str, str] | None = None, stdout: object = None) -> None:
    """Runs a command in the project's root; raises CalledProcessError when it fails."""
    error = subprocess.STDOUT if stdout else None
    subprocess.run(command, cwd=ROOT, env=env, stdout=stdout, stderr=error, check=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
