"""Changes that only a manifest of the model as it was can tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from ggufscope.arrays.arguments import type_name
from ggufscope.checks.findings import Place
from support.gguf_writer import Tensor
from support.planted.damage import Expected, at_tensor, error, plants, warning

if TYPE_CHECKING:
    from support.planted.healthy import Healthy

QUERY = "blk.2.attn_q.weight"


def manifest_of(model: Healthy) -> str:
    """The text of a manifest, written without ggufscope's."""
    content = model.file.build()
    listed = {
        str(tensor.name): {
            "type": type_name(tensor.kind),
            "shape": list(tensor.shape),
            "xxh3_128": xxhash.xxh3_128(tensor.data).hexdigest(),
        }
        for tensor in model.file.tensors
    }
    file = {"name": model.name, "size": len(content), "sha256": sha256(content).hexdigest()}
    return json.dumps({"schema": "ggufscope.manifest/1", "files": [file], "tensors": listed})


@plants("Q4_K", "F16")
def a_bit_that_only_a_manifest_can_tell(model: Healthy) -> Sequence[Expected]:
    model.against = manifest_of(model)
    blocks = model.blocks(QUERY)
    blocks[40, -1] ^= 1
    model.put(QUERY, blocks)
    return error("manifest", at_tensor(model, QUERY, count=len(model.tensor(QUERY).data)))


@plants()
def a_tensor_that_the_manifest_does_not_have(model: Healthy) -> Sequence[Expected]:
    model.against = manifest_of(model)
    model.file.tensors.append(Tensor("rope_freqs.weight", (4,), 0, np.ones(4, np.float32).tobytes()))
    return error("manifest", at_tensor(model, "rope_freqs.weight"))


@plants()
def a_tensor_that_only_the_manifest_has(model: Healthy) -> Sequence[Expected]:
    model.file.tensors.append(Tensor("rope_freqs.weight", (4,), 0, np.ones(4, np.float32).tobytes()))
    model.against = manifest_of(model)
    model.file.tensors.pop()
    return error("manifest", Place(tensor="rope_freqs.weight"))


@plants()
def a_tensor_of_another_type_than_in_the_manifest(model: Healthy) -> Sequence[Expected]:
    model.against = manifest_of(model)
    name = "output_norm.weight"
    model.put(name, model.floats(name).astype(np.float16))
    model.tensor(name).kind = 1
    return error("manifest", at_tensor(model, name, count=len(model.tensor(name).data)))


@plants()
def metadata_that_are_not_those_of_the_manifest(model: Healthy) -> Sequence[Expected]:
    model.against = manifest_of(model)
    model.key("general.name").value = "a wealthy model"
    return warning("manifest", Place(file=model.name))
