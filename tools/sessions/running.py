"""Runs the commands of documents, in a directory for each, and those that are the same in several only once."""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from .documents import words

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODELS = Path(os.environ.get("GGUFSCOPE_MODELS") or CACHE / "ggufscope" / "models")
FETCHED = ("SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf")  # by tools/real_models.sh
SHARED = ("ggufscope ", "tools/", "python tools/")  # commands that depend on nothing but the files that they name


class CommandError(Exception):
    """A command of a session ended with another exit code than 0."""


@dataclass
class Outcome:
    """What a command printed, and the files that it left."""

    printed: str
    files: tuple[str, ...]


@dataclass
class Runs:
    """Outcomes of commands by what they depend on.

    Attributes:
        directory: holds the files of outcomes, below the digest of each.
        repeated: commands that stand in several places.
        outcomes: by a digest of a command and of where the files come from that it names.
        seconds: of every command that was run.
    """

    directory: Path
    repeated: frozenset[str]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Workshop:
    """The directory in which the commands of a document run.

    It has the models that were fetched before, the repository's tools, and the command of this checkout.
    """

    def __init__(self, directory: Path, runs: Runs) -> None:
        self.directory = directory
        self.runs = runs
        self.origins: dict[str, str] = {}  # file of a command → digest of what made it
        bin_directory = directory / "bin"
        bin_directory.mkdir(parents=True)
        for name, module in (("ggufscope", " -m ggufscope"), ("python", "")):
            script = bin_directory / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        (directory / "tools").symlink_to(ROOT / "tools")
        (directory / "models").mkdir()
        for name in FETCHED:
            if (MODELS / name).exists():
                (directory / "models" / name).symlink_to(MODELS / name)

    def run(self, command: str) -> list[str]:
        """The lines that a command prints on standard output.

        Raises:
            CommandError: The command fails; what it printed on standard error has been passed on.
        """
        key = self._key(command)
        outcome = self.runs.outcomes.get(key)
        if outcome is None:
            outcome = self._made(command)
            if command in self.runs.repeated and command.startswith(SHARED):
                self.runs.outcomes[key] = self._kept(outcome, key)
        else:
            print(f"= {command}", file=sys.stderr, flush=True)
            shutil.copytree(self.runs.directory / key, self.directory, dirs_exist_ok=True)
        self.origins.update(dict.fromkeys(outcome.files, key))
        return outcome.printed.rstrip().splitlines()

    def _made(self, command: str) -> Outcome:
        print(f"$ {command}", file=sys.stderr, flush=True)
        before, started = self._files(), time.monotonic()
        done = subprocess.run(  # noqa: S603
            [shutil.which("bash") or "bash", "-c", command],
            cwd=self.directory,
            env=self._environment(),
            stdout=subprocess.PIPE,
            check=False,
        )
        self.runs.seconds[command] = time.monotonic() - started
        if done.returncode:
            raise CommandError(f"exit code {done.returncode} of: {command}")
        files = [path for path, state in self._files().items() if before.get(path) != state]
        return Outcome(done.stdout.decode("utf-8"), tuple(files))

    def _kept(self, outcome: Outcome, key: str) -> Outcome:
        """The outcome, its files copied for the documents to come."""
        kept = self.runs.directory / key
        kept.mkdir(parents=True)
        for path in outcome.files:
            (kept / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.directory / path, kept / path)
        return outcome

    def _environment(self) -> dict[str, str]:
        """Eighty columns, this checkout; and BLAS as every x86-64 machine of today can run it.

        With kernels for AVX-512 some last digits are others: of all numbers of the documents one or two.
        """
        python = os.pathsep.join(filter(None, [str(ROOT / "python"), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"COLUMNS": "80", "PYTHONPATH": python, "PYTHON": sys.executable}
        environment |= {"OPENBLAS_CORETYPE": "Haswell"} if platform.machine() in {"x86_64", "AMD64"} else {}
        environment["PATH"] = f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return environment

    def _files(self) -> dict[str, tuple[int, int]]:
        """Files that commands made, with time and size."""
        found = {}
        for directory, _, names in os.walk(self.directory):
            for name in names:
                path = Path(directory, name)
                relative = path.relative_to(self.directory)
                if relative.parts[0] != "bin" and not path.is_symlink():
                    status = path.stat()
                    found[relative.as_posix()] = (status.st_mtime_ns, status.st_size)
        return found

    def _key(self, command: str) -> str:
        """A digest of the command and of where the files come from that it names."""
        digest = hashlib.sha256(command.encode())
        named = [part for word in words(command) for part in {word, word.rpartition("=")[2]} if part]
        for word in sorted(named):
            for name in sorted(glob.glob(word, root_dir=self.directory)):
                below = name.rstrip("/") + "/"
                origins = {path: key for path, key in self.origins.items() if path == name or path.startswith(below)}
                digest.update(repr(sorted(origins.items())).encode())
        return digest.hexdigest()
