"""Fleets of models that lie elsewhere."""

from pathlib import Path

from support.command_line import RunCommand
from support.range_server import range_server
from support.shelves import tiny_model


def test_secrets_of_urls_are_in_no_file_and_no_line(tmp_path: Path, run_command: RunCommand) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf/tiny.gguf").write_bytes(tiny_model(1))
    out = tmp_path / "out"
    with range_server(tmp_path / "shelf") as server:
        base = server.url.replace("//", "//me:SECRET1@")
        names = [f"{base}/{file}?sig=SECRET2::SECRET3#SECRET4" for file in ("tiny.gguf", "missing.gguf")]
        printed = [run_command("fleet", *names, "-o", out, *options) for options in ((), ("--json",), ("--retry",))]
        printed.append(run_command("report", out))
    assert [code for code, _, _ in printed] == [3, 3, 3, 0]
    assert "SECRET" not in "".join(text for _, *texts in printed for text in texts)
    kept = sorted(path for path in out.rglob("*"))
    assert {path.name[:-13] for path in out.glob("model=*")} == {"model=tiny", "model=missing"}
    assert not [path for path in kept if "SECRET" in str(path) or (path.is_file() and b"SECRET" in path.read_bytes())]
