"""A stranger's path, without a compiler and without git: a wheel, the demo, its report in a browser without a network.

tools/make_wheel.sh makes the wheel, from the source package alone. It is installed in an environment of its own, where
programs run with no variables but HOME and PATH, which has that environment and a few programs of every system.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from support import browser

ROOT = Path(__file__).parents[2]
WHEEL = str(Path(os.environ["GGUFSCOPE_WHEEL"]).resolve()) if "GGUFSCOPE_WHEEL" in os.environ else None
EVERYWHERE = ("cat", "ls", "mkdir", "rm", "sh", "uname")
NOT_HERE = ("c++", "cc", "clang", "g++", "gcc", "git", "cmake", "ninja", "make", "ld")
FOR_TESTS = ("pytest>=8.2", "pytest-timeout>=2.4", "hypothesis>=6.150", "ml-dtypes>=0.5")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # one of them runs many others
    pytest.mark.skipif(
        WHEEL is None, reason="GGUFSCOPE_WHEEL is not set to a wheel: tools/make_wheel.sh DIR makes one"
    ),
]


class Home(NamedTuple):
    """Where the stranger works: an empty directory, an environment, a PATH of little more than that."""

    directory: Path
    environment: dict[str, str]

    def run(self, *words: object, seconds: int = 300) -> str:
        """What a program says; it has to end well."""
        command = [shutil.which(str(words[0]), path=self.environment["PATH"]) or words[0], *words[1:]]
        ended = subprocess.run(
            [str(word) for word in command], cwd=self.directory, env=self.environment, capture_output=True, text=True,
            check=False, timeout=seconds,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
        return ended.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Somebody's machine after `pip install WHEEL[report]`."""
    assert WHEEL is not None
    directory = tmp_path_factory.mktemp("home")
    programs = directory / "programs"
    programs.mkdir()
    for name in EVERYWHERE:
        (programs / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name} on this machine"))
    subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
    home = Home(directory, {"HOME": str(directory), "PATH": f"{directory / 'venv/bin'}:{programs}"})
    assert [name for name in NOT_HERE if shutil.which(name, path=home.environment["PATH"])] == []
    pip = {
        name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    wheels_only = ("--only-binary", ":all:", "--quiet", "--disable-pip-version-check")
    Home(directory, home.environment | pip).run(
        "python", "-m", "pip", "install", *wheels_only, f"{WHEEL}[report]", *FOR_TESTS
    )
    return home


@pytest.fixture(scope="module")
def report(home: Home) -> Path:
    """The page that the demo ends with."""
    said = home.run("ggufscope", "demo", "-o", "results")
    assert said.startswith("stories260K: a small trained model")
    assert "report: results/report.html" in said
    return home.directory / "results" / "report.html"


def test_the_wheel_has_the_package_its_licenses_and_no_library_of_another() -> None:
    assert WHEEL is not None
    with zipfile.ZipFile(WHEEL) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]
    package = {f"ggufscope/{path.relative_to(ROOT / 'python/ggufscope')}" for path in _package_files()}
    assert package == {name for name in names if name.startswith("ggufscope/") and not name.endswith(".so")}
    assert len([name for name in names if name.endswith(".so")]) == 1  # nothing was bundled
    assert len([name for name in names if ".dist-info/licenses/" in name]) == 2
    if sys.platform == "linux":
        assert re.search(r"-manylinux_2_\d+_(x86_64|aarch64)\.whl$", WHEEL)


def _package_files() -> list[Path]:
    """Files of the package in this checkout, without what compilers left: the core, and caches of Python and numba."""
    files = [path for path in (ROOT / "python/ggufscope").rglob("*") if path.is_file()]
    return [path for path in files if path.suffix != ".so" and "__pycache__" not in path.parts]


def test_what_is_installed_is_the_wheel(home: Home) -> None:
    asked = "import ggufscope, ggufscope._core as core; print(ggufscope.__file__, core.__file__, sep='\\n')"
    files = home.run("python", "-c", asked).split()
    assert [file for file in files if not file.startswith(str(home.directory / "venv"))] == []
    assert home.run("ggufscope", "--version").startswith("ggufscope ")


def test_the_report_opens_in_a_browser_without_a_network(report: Path) -> None:
    with browser.browser() as opened, browser.Visit(opened, report) as visit:
        assert visit.page.title().endswith("ggufscope report")
        assert "stories260K.gguf" in visit.page.locator("body").inner_text()
        assert visit.page.locator("h2").count() > 3
        assert visit.page.locator("svg").count() > 3  # charts are drawn
        assert visit.page.locator("table").count() > 3
        assert (visit.complaints, visit.outside()) == ([], [])


def test_what_is_missing_is_told_by_the_pip_of_this_environment(home: Home) -> None:
    asked = "from ggufscope.extras import install_hint; print(install_hint('parquet'))"
    assert home.run("python", "-c", asked) == f"{home.directory}/venv/bin/python -m pip install 'pyarrow>=20'\n"


def test_its_own_tests_pass(home: Home) -> None:
    shutil.copytree(ROOT / "tests", home.directory / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", home.directory)  # settings of pytest
    said = home.run("python", "-m", "pytest", "-q", "@tests/installing/wheel_tests.txt", seconds=1200)
    assert re.search(r"^\d{3,} passed", said.splitlines()[-1])
