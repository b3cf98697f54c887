"""`config.json` of a checkpoint: values by the names that Hugging Face's classes give them, each of a checked type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._core import GGUFError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_NUMBER = (2 - 2**-23) * 2.0**127  # a float32
LARGEST_COUNT = (1 << 32) - 1  # a uint32 of GGUF
_LANGUAGE = ("text_config", "llm_config", "lm_config", "language_config")  # of a model of text and images
_THETA = ("global_rope_theta", "rope_global_theta", "rope_theta_global", "rope_theta", "rotary_emb_base")
_LOCAL_THETA = ("local_rope_theta", "rope_local_theta", "rope_theta_local", "swa_rope_theta", "rope_local_base_freq")
_ROTARY_SHARE = ("partial_rotary_factor", "rotary_pct", "rope_pct", "rope_percent")


class Config:
    """Values of a config; errors name file and key.

    Attributes:
        name: of the file, for error lines.
        architecture: the class of the model, as `"LlamaForCausalLM"`; None where the file names none.
    """

    def __init__(self, values: Mapping[str, Any], name: str, defaults: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self._values: dict[str, Any] = dict(values)
        self.architecture = _architecture(values, name)
        for key in _LANGUAGE:
            language = values.get(key)
            if isinstance(language, dict):
                self._values = {**self._values, **language}
                self.architecture = _architecture(language, name) or self.architecture
        self._defaults = dict(defaults or {})
        self.rope = self._rope()

    def with_defaults(self, defaults: Mapping[str, Any]) -> Config:
        """The same, with values that the class of the model has where the file says nothing."""
        config = Config(self._values, self.name, defaults)
        config.architecture = self.architecture
        return config

    def __contains__(self, key: str) -> bool:
        return self.value(key) is not None

    def value(self, *names: str) -> Any:
        """The value of the first of these names that has one; None without."""
        for source in (self._values, self._defaults):
            for name in names:
                if source.get(name) is not None:
                    return source[name]
        return None

    def count(self, *names: str) -> int | None:
        """A whole number from 0 on; None where the file has none.

        Raises:
            GGUFError: It is something else, as for all that follow.
        """
        value = self.value(*names)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_COUNT:
            raise self.refusal(names, f"must be a whole number of at most {LARGEST_COUNT}")
        return value

    def need_count(self, *names: str) -> int:
        """A whole number from 1 on, which must be there."""
        value = self.count(*names)
        if not value:
            raise self.refusal(names, "must be a whole number from 1 on" if value == 0 else "is missing")
        return value

    def number(self, *names: str) -> float | None:
        """A finite number; None where the file has none."""
        value = self.value(*names)
        return None if value is None else self._number(value, names)

    def rotary_share(self, usual: float) -> float:
        """The share of a head that RoPE turns.

        Args:
            usual: where the file does not say.
        """
        share = self.number(*_ROTARY_SHARE)
        told = self.rope_number("partial_rotary_factor") if share is None else share
        if told is not None and not 0 <= told <= 1:
            raise self.refusal(_ROTARY_SHARE, "must be a number from 0 to 1")
        return usual if told is None else told

    def flag(self, *names: str) -> bool | None:
        """True or false; None where the file has none."""
        value = self.value(*names)
        if value is not None and not isinstance(value, bool):
            raise self.refusal(names, "must be true or false")
        return value

    def text(self, *names: str) -> str | None:
        """A text; None where the file has none."""
        value = self.value(*names)
        if value is not None and not isinstance(value, str):
            raise self.refusal(names, "must be a text")
        return value

    def rope_number(self, name: str, part: str | None = None) -> float | None:
        """A number of the RoPE parameters: of `part` (as `"sliding_attention"`), or of the main ones.

        Returns:
            None where the file has none.
        """
        value = self._rope_part(part).get(name)
        return None if value is None else self._number(value, ("rope_parameters", name))

    def rope_text(self, name: str) -> str | None:
        """A text of the main RoPE parameters; None where the file has none."""
        value = self._rope_part(None).get(name)
        if value is not None and not isinstance(value, str):
            raise self.refusal(("rope_parameters", name), "must be a text")
        return value

    def rope_numbers(self, name: str) -> list[float] | None:
        """A list of numbers of the main RoPE parameters; None where the file has none."""
        values = self._rope_part(None).get(name)
        if values is None:
            return None
        if not isinstance(values, list):
            raise self.refusal(("rope_parameters", name), "must be a list of numbers")
        return [self._number(value, ("rope_parameters", name)) for value in values]

    def refusal(self, names: tuple[str, ...], reason: str) -> GGUFError:
        """The error to raise for the value of a key."""
        return GGUFError(f"{self.name}: {names[0]}: {reason}")

    def _number(self, value: object, names: tuple[str, ...]) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST_NUMBER:
            raise self.refusal(names, "must be a finite number")
        return float(value)

    def _rope_part(self, part: str | None) -> Mapping[str, Any]:
        if part is not None:
            return _object(self.rope.get(part))
        return _object(self.rope.get("full_attention")) or self.rope

    def _rope(self) -> dict[str, Any]:
        """The RoPE parameters, in today's form whatever form the file has them in."""
        rope = dict(_object(self.value("rope_parameters")) or _object(self.value("rope_scaling")))
        if "full_attention" in rope or "sliding_attention" in rope:
            return rope
        local = self.value(*_LOCAL_THETA)
        if local is not None:
            rope["sliding_attention"] = {"rope_theta": local}
        if rope.get("rope_type") is None and rope.get("type") is not None:
            rope["rope_type"] = rope["type"]
        for key, names in (
            ("rope_theta", _THETA),
            ("partial_rotary_factor", _ROTARY_SHARE),
            ("original_max_position_embeddings", ("original_max_position_embeddings",)),
        ):
            value = self.value(*names)
            if key not in rope and value is not None:
                rope[key] = value
        return rope


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _architecture(values: Mapping[str, Any], name: str) -> str | None:
    architectures = values.get("architectures")
    if architectures is None or architectures == []:
        return None
    if not isinstance(architectures, list) or not isinstance(architectures[0], str):
        raise GGUFError(f"{name}: architectures: must be a list of texts")
    return architectures[0]
