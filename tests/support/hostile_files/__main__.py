"""Writes the hostile files into a directory."""

import sys
from pathlib import Path

from support.hostile_files.registry import write_all

if __name__ == "__main__":
    print(f"{len(write_all(Path(sys.argv[1])))} files")
