"""Files that llama.cpp's quantizer makes of recipes."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from ggufscope.arrays.arguments import describe_type
from ggufscope.runtime.engines.llama_cpp.library import load

if TYPE_CHECKING:
    from pathlib import Path

    from ggufscope.models.recipes import Recipe

# Types whose tables ggml makes when it first needs them, which takes seconds.
WITH_TABLES = ("IQ3_XXS", "IQ3_S", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_S", "IQ1_M")


def quantize_by(found: Recipe, source: Path, target: Path) -> None:
    """Run llama.cpp's quantizer with the options of a recipe, as `llama-quantize` would."""
    llama_cpp = load()
    settings = llama_cpp.llama_model_quantize_default_params()
    declared = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{found.label}", 0)
    settings.nthread, settings.ftype, settings.pure = 1, declared, "--pure" in found.words()
    settings.allow_requantize = True  # the sources at hand are quantized; types are chosen likewise
    for name, option in (("output_tensor_type", found.output_type), ("token_embedding_type", found.embedding_type)):
        if option is not None:
            setattr(settings, name, describe_type(option)["id"])
    rules = (llama_cpp.llama_model_tensor_override * (len(found.rules) + 1))()
    for place, rule in enumerate(found.rules):
        assert rule.pattern == rule.pattern.lower()
        rules[place].pattern, rules[place].type = rule.pattern.encode(), describe_type(rule.type)["id"]
    settings.tt_overrides = rules
    assert llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(settings)) == 0
