"""The recipe of a model: the command by which `llama-quantize` gives each of its tensors the type it has."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from .patterns import Rule, found_in, is_exact, is_inexact, rules_for
from .quantizer import (
    EMBEDDING,
    LAYER_EMBEDDING,
    NEED_IMPORTANCE,
    OUTPUT,
    PLAIN,
    base_of,
    can_make,
    fitted,
    is_quantized_ever,
    label_for,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model import Model
    from ..tensor import Tensor

SCHEMA = "ggufscope.recipe/1"
_PROGRAM = "llama-quantize"
_INPUT, _RESULT, _IMATRIX = "REFERENCE.gguf", "RESULT.gguf", "IMATRIX.gguf"
_MOST_INEXACT = 64  # names with capitals or the like, of which models have none; each is held against all others
_NO_PATTERN = "no pattern in lower case tells its name from others"
_NOT_MODELS = frozenset({"adapter", "imatrix", "mmproj", "vocab"})


@dataclass(frozen=True)
class Recipe:
    """How `llama-quantize` makes a mix of types.

    Attributes:
        label: of the mix on the command line; with `--pure` it stands for the type of what nothing else names.
        base: this type.
        rules: patterns and types, in their order; the first that is found in a name decides.
        output_type: of `output.weight`, None where the base or a rule gives it.
        embedding_type: of `token_embd.weight`, likewise.
        not_made: name → why the quantizer cannot give the tensor the type that it has.
        needs_importance: whether it takes an importance matrix: a type is among them that the quantizer refuses to
            make without, or the mix was chosen with one.
    """

    label: str
    base: str
    rules: list[Rule] = field(default_factory=list)
    output_type: str | None = None
    embedding_type: str | None = None
    not_made: dict[str, str] = field(default_factory=dict)
    needs_importance: bool = False

    def flags(self) -> list[str]:
        """The options of the command, without the files and the label."""
        words = [] if self.base in PLAIN else ["--pure"]
        if self.needs_importance:
            words += ["--imatrix", _IMATRIX]
        if self.output_type is not None:
            words += ["--output-tensor-type", self.output_type.lower()]
        if self.embedding_type is not None:
            words += ["--token-embedding-type", self.embedding_type.lower()]
        for rule in self.rules:
            words += ["--tensor-type", f"{rule.pattern}={rule.type.lower()}"]
        return words

    def words(self) -> list[str]:
        """The command, a word each; input, result and importance matrix stand in capitals."""
        return [_PROGRAM, *self.flags(), _INPUT, _RESULT, self.label]

    def shell(self) -> str:
        """The command for a shell, quoted, an option a line."""
        lines, words = [_PROGRAM], self.flags()
        while words:
            size = 1 if words[0] == "--pure" else 2
            lines.append(" ".join(shlex.quote(word) for word in words[:size]))
            words = words[size:]
        return " \\\n  ".join([*lines, f"{_INPUT} {_RESULT} {self.label}"])

    def to_json(self) -> dict[str, Any]:
        """The recipe as it stands in saved results, with the command in words and for a shell."""
        return {
            "schema": SCHEMA,
            "command": self.words(),
            "shell": self.shell(),
            "label": self.label,
            "base": self.base,
            "pure": self.base not in PLAIN,
            "output_tensor_type": self.output_type,
            "token_embedding_type": self.embedding_type,
            "tensor_types": [{"pattern": rule.pattern, "type": rule.type} for rule in self.rules],
            "needs_importance": self.needs_importance,
            "not_made": self.not_made,
        }

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> Self:
        """The recipe of what `to_json` gave.

        Raises:
            KeyError: It gave something else.
        """
        return cls(
            label=plain["label"],
            base=plain["base"],
            rules=[Rule(each["pattern"], each["type"]) for each in plain["tensor_types"]],
            output_type=plain["output_tensor_type"],
            embedding_type=plain["token_embedding_type"],
            not_made=dict(plain["not_made"]),
            needs_importance=plain["needs_importance"],
        )

    def type_of(self, name: str, columns: int) -> str:
        """The type that a tensor which is quantized gets by this recipe, as the quantizer decides it."""
        embedding = name in {EMBEDDING, LAYER_EMBEDDING}
        if embedding and self.embedding_type is not None:
            return self.embedding_type
        if name == OUTPUT and self.output_type is not None:
            return self.output_type
        if self.base in PLAIN:
            return self.base
        rule = found_in(self.rules, name)
        return fitted(self.base if rule is None else rule.type, columns)


def recipe_of(model: Model) -> Recipe:
    """The recipe of a file: its types, from a file whose weights are F32, F16 or BF16.

    Raises:
        ValueError: The file is no model, or has no tensor that the quantizer touches.
    """
    if model.general_type in _NOT_MODELS:
        raise ValueError(f"{model.path}: {model.general_type} files have no recipe; models have")
    tensors = list(model.tensors.values())
    return recipe_for(tensors, {}, architecture=model.architecture, declared=model.file_type)


def recipe_for(
    tensors: Sequence[Tensor],
    types: Mapping[str, str],
    *,
    architecture: str | None = None,
    declared: str | None = None,
) -> Recipe:
    """The recipe with the fewest patterns, and among those with the shortest, that gives tensors these types.

    Args:
        tensors: of a model.
        types: name → type, where it is another than the tensor has.
        architecture: of the model: some have tensors that are never quantized.
        declared: label of the file; kept where it stands for the base.

    Raises:
        ValueError: There is no tensor that the quantizer touches.
    """
    wanted: dict[str, str] = {}
    columns: dict[str, int] = {}
    not_made: dict[str, str] = {}
    for tensor in tensors:
        kind = types.get(tensor.name, tensor.type)
        if not is_quantized_ever(tensor.name, tensor.shape, architecture):
            if kind not in PLAIN and tensor.kind in {"matrix", "vector"}:
                not_made[tensor.name] = f"{kind}, and llama-quantize leaves this tensor as it is"
        elif not can_make(kind):
            not_made[tensor.name] = f"llama-quantize does not make {kind}"
        else:
            wanted[tensor.name], columns[tensor.name] = kind, tensor.shape[-1]
    if not wanted:
        raise ValueError("there is no tensor that llama-quantize would make a type of")
    inexact = [name for name in wanted if not is_exact(name)]
    if len(inexact) > _MOST_INEXACT:
        not_made |= {name: f"{wanted.pop(name)}, and {_NO_PATTERN}" for name in inexact}
    if not wanted:
        raise ValueError("there is no tensor whose name a pattern in lower case could tell from others")
    recipes = [_recipe(base, wanted, columns, not_made, declared) for base in _bases(wanted, declared)]
    for recipe in recipes if 0 < len(inexact) <= _MOST_INEXACT else ():
        # Other patterns name their tensors exactly.
        rules = [rule for rule in recipe.rules if is_inexact(rule)]
        for name, kind in wanted.items():
            if (not is_exact(name) or found_in(rules, name)) and recipe.type_of(name, columns[name]) != kind:
                recipe.not_made[name] = f"{kind}, and {_NO_PATTERN}"

    def length(recipe: Recipe) -> tuple[int, int, bool, int]:
        words = recipe.flags()
        return len(recipe.not_made), len(words), recipe.label != declared, sum(map(len, words))

    return min(recipes, key=length)


def _bases(wanted: Mapping[str, str], declared: str | None) -> list[str]:
    """The types that may be the base: that of the label, and those that there are.

    One without blocks is the base only where nothing else is wanted: the quantizer then looks at no pattern.
    """
    kinds = list(dict.fromkeys(wanted.values()))
    blocked = [kind for kind in kinds if kind not in PLAIN and kind != "MXFP4"]
    inside = {kind for name, kind in wanted.items() if name not in {OUTPUT, EMBEDDING}}
    if len(inside) == 1 and inside <= set(PLAIN):
        return [*inside]
    labelled = base_of(declared)
    return ([] if labelled is None else [labelled]) + blocked or ["Q8_0"]


def _recipe(
    base: str,
    wanted: Mapping[str, str],
    columns: Mapping[str, int],
    not_made: dict[str, str],
    declared: str | None,
) -> Recipe:
    unasked = {name: base if base in PLAIN else fitted(base, columns[name]) for name in wanted}
    ruled = dict(wanted)
    output = _option(OUTPUT, ruled, unasked)
    # This option is for the embeddings of layers, too, and older releases let no pattern say otherwise.
    alike = wanted.get(LAYER_EMBEDDING, wanted.get(EMBEDDING)) == wanted.get(EMBEDDING)
    embedding = _option(EMBEDDING, ruled, unasked) if alike else None
    if embedding is not None:
        ruled.pop(LAYER_EMBEDDING, None)
    return Recipe(
        label=label_for(base, declared),
        base=base,
        rules=rules_for(ruled, unasked, columns),
        output_type=output,
        embedding_type=embedding,
        not_made=dict(not_made),
        needs_importance=any(
            kind in NEED_IMPORTANCE for name, kind in wanted.items() if name not in {OUTPUT, EMBEDDING, LAYER_EMBEDDING}
        ),
    )


def _option(name: str, ruled: dict[str, str], unasked: Mapping[str, str]) -> str | None:
    """The type that an option of its own gives a tensor, which no rule then has to."""
    kind = ruled.pop(name, None)
    return kind if kind is not None and kind != unasked[name] else None
