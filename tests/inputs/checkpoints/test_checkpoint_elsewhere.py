"""A checkpoint that lies elsewhere: the same model as here, and only what is needed of it is fetched."""

from pathlib import Path

import numpy as np
import pytest

import ggufscope as gs
from support.checkpoints.families import gemma3, llama
from support.checkpoints.writing import write_checkpoint
from support.range_server import range_server


@pytest.mark.parametrize("family", [llama, gemma3])
def test_a_remote_checkpoint_is_the_local_one(family, tmp_path: Path) -> None:
    tiny = family()
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config, dtype="BF16", n_files=2)
    with range_server(tmp_path) as server, gs.open(directory) as local:
        with gs.open(f"{server.url}/m/model.safetensors.index.json") as remote:
            assert set(remote.tensors) == set(local.tensors)
            assert dict(remote.metadata) == dict(local.metadata)
            for name, tensor in remote.tensors.items():
                assert tensor.dequantize().tobytes() == local.tensors[name].dequantize().tobytes(), name
            assert remote.identity == local.identity
        name = f"{server.url}/m/model-00001-of-00002.safetensors"
        here, there = (gs.profile(each, threads=2).to_columns() for each in (directory, name))
        np.testing.assert_array_equal(here["rms"], there["rms"])
        (record,) = gs.diff(name, directory).models
        assert record.summary.error_squares == 0


def test_opening_fetches_headers_alone(tmp_path: Path) -> None:
    tiny = llama()
    wide = tiny.tensors | {"model.layers.0.mlp.odd.weight": np.zeros((2048, 2048), np.float32)}
    write_checkpoint(tmp_path / "m", wide, tiny.config)
    with range_server(tmp_path) as server, gs.open(f"{server.url}/m/model.safetensors") as model:
        assert model.n_parameters > 1 << 22
        assert server.sent < 6 << 20, "of 17 MB"
