"""Sets of prompts: the one that ships with ggufscope, and files of others.

    {"prompts": [{"id": "capital-of-japan", "category": "factual_recall", "difficulty": "easy",
                  "prompt": "Which city is the capital of Japan?", "accepted": ["Tokyo", "/t[oō]ky[oō]/"],
                  "hallucination_examples": ["Kyoto", "Osaka"]}]}

Reading is strict: a misspelled key, a pattern that cannot be used or a name given twice is an error with its place.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...errors import PromptsError
from ...text.names import base_name
from .answer_words import read_words
from .input_files import PROMPTS_FORM, read_input
from .patterns import LONGEST_TEXT, Pattern, is_pattern

if TYPE_CHECKING:
    from os import PathLike

CATEGORIES = ("factual_recall", "temporal_reasoning", "numerical_accuracy", "logical_consistency")  # of the set shipped

_SHIPPED = "ggufscope"  # name of the set that ships

_LONGEST_PROMPT = 100_000  # characters
_LARGEST_FILE = 16 << 20  # bytes


def _usable(answer: str) -> str:
    if is_pattern(answer):
        Pattern(answer[1:-1])
    elif not read_words(answer).words:
        raise ValueError(f"{answer!r} has no word or number to look for")
    return answer


Name = Annotated[str, Field(min_length=1, max_length=64)]
Answer = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_usable)]
Answers = Annotated[tuple[Answer, ...], Field(max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Question(_Strict):
    """A text to read and to answer; without accepted answers nobody scores what the model says.

    Attributes:
        id: its name, unlike any other in the set.
        category: the ability that it tries; weights are fitted leaving one category out at a time.
        prompt: the text that the model reads.
        accepted: right answers, each a text or `/pattern/`; one of them suffices.
        hallucination_examples: wrong answers that models give, likewise.
        difficulty: as its author means it; only shown.
    """

    id: Name
    category: Name | None = None
    prompt: Annotated[str, Field(min_length=1, max_length=_LONGEST_PROMPT)]
    accepted: Answers = ()
    hallucination_examples: Answers = ()
    difficulty: Literal["easy", "medium", "hard"] | None = None


class Prompt(Question):
    """A question of a file: with a category, and with answers that are accepted."""

    category: Name
    accepted: Annotated[Answers, Field(min_length=1)]


class QuestionSet(_Strict):
    """Questions in order.

    Attributes:
        prompts: at least one.
    """

    prompts: Annotated[tuple[Question, ...], Field(min_length=1, max_length=10_000)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        first: dict[str, int] = {}
        for place, prompt in enumerate(self.prompts):
            if first.setdefault(prompt.id, place) != place:
                raise ValueError(f"prompts[{first[prompt.id]}] and prompts[{place}] have the same id, {prompt.id!r}")
        return self


class PromptSet(QuestionSet):
    """The prompts of a file in order.

    Attributes:
        prompts: at least one.
    """

    prompts: Annotated[tuple[Prompt, ...], Field(min_length=1, max_length=10_000)]


class NamedPrompts(NamedTuple):
    """A set that was read already, and what to call it."""

    name: str
    prompts: QuestionSet


def named_prompts(path: str | PathLike[str] | None) -> NamedPrompts:
    """The prompts of a file under its name; None: those that ship.

    Raises:
        PromptsError: The file is malformed; names it and the place in it.
        OSError: It cannot be read.
    """
    if path is None:
        return NamedPrompts(_SHIPPED, shipped_prompts())
    return NamedPrompts(base_name(path), read_prompts(path))


@cache
def shipped_prompts() -> PromptSet:
    """Twenty prompts, five of each of four categories, each with one right answer."""
    return parse_prompts(files(__package__).joinpath("data", "prompts.json").read_bytes())


def read_prompts(path: str | PathLike[str]) -> PromptSet:
    """Read and check a file of prompts.

    Raises:
        PromptsError: It is not one; names the file and the place in it.
        OSError: It cannot be read.
    """
    data = read_input(path, _LARGEST_FILE, PROMPTS_FORM)
    try:
        return parse_prompts(data)
    except PromptsError as error:
        raise PromptsError(f"{path}: {error}; {PROMPTS_FORM}") from None


def parse_prompts(data: bytes) -> PromptSet:
    """Check the text of a file of prompts.

    Raises:
        PromptsError: It is not one; names the place.
    """
    if len(data) > _LARGEST_FILE:
        raise PromptsError(f"larger than {_LARGEST_FILE >> 20} MiB, which no set of prompts is")
    try:
        json.loads(data)  # for its message, which names line and column
        return PromptSet.model_validate_json(data)
    except ValidationError as error:
        raise PromptsError(describe(error)) from None
    except UnicodeDecodeError as error:
        raise PromptsError(f"no prompts: byte {error.start} is no UTF-8") from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise PromptsError(f"no prompts: no valid JSON ({reason})") from None


def describe(error: ValidationError) -> str:
    """The first problem: `prompts[3].accepted[0]: …`."""
    problem: Any = error.errors(include_url=False)[0]
    place, message = list(problem["loc"]), problem["msg"].removeprefix("Value error, ")
    match problem["type"]:
        case "missing":
            message = f"there is no {str(place.pop())!r}"
        case "too_short":
            message = "there are none"
        case "model_type" | "tuple_type":
            wanted = "an object" if problem["type"] == "model_type" else "a list"
            message = f"{_KINDS.get(type(problem['input']), 'something else')} in place of {wanted}"
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")
    return f"{where}: {message}" if where else message


_KINDS = {
    list: "a list", dict: "an object", str: "a text", int: "a number", float: "a number", bool: "true or false",
    bytes: "bytes", type(None): "nothing",
}  # fmt: skip
