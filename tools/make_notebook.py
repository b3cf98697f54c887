"""Runs docs/notebook.ipynb and keeps what its cells show: `python tools/make_notebook.py`.

Needs nbclient and ipykernel. Outputs are kept as the tests compare them (tests/docs/test_notebook.py): without the bars
of work that is over.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook.ipynb"


def executed(notebook: NotebookNode) -> NotebookNode:
    """The notebook, run in an empty directory, with the outputs of this run."""
    with tempfile.TemporaryDirectory() as directory:
        client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": directory}})
        client.execute()
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_bar(output)]
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    )
    return notebook


def _is_bar(output: Any) -> bool:
    return output.output_type == "display_data" and output.data.get("text/plain") == ""


def main() -> None:
    """Run it, and write it anew."""
    notebook = executed(nbformat.read(NOTEBOOK, as_version=4))
    nbformat.write(notebook, NOTEBOOK)
    sys.stdout.write(f"{NOTEBOOK.name}: {len(notebook.cells)} cells\n")


if __name__ == "__main__":
    main()
