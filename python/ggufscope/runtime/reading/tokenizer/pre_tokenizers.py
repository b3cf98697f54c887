r"""Pre-tokenizers by the names of `tokenizer.ggml.pre`, all that llama.cpp knows: how a text is cut into words.

Each expression cuts what the ones before it left; what lies between two matches is a word as well. They give the words
of llama.cpp (0c1e57098, src/llama-vocab.cpp and src/unicode.cpp), not always those of its expressions' letters:

* It knows categories by their first letter alone: `\p{Lu}` is any letter there, and stands here as `\p{L}`.
* Its `\d` and `\b` know ASCII digits alone.
* Expressions without categories do not see white space beyond ASCII as itself, so that a range across it leaves it out.
* Loops of its own take the place of some expressions: of `kimi-k2`, and of groups of three digits.

Another name is one more row of `_ROWS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_MARKED_WORD = r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+"
_SIGNS = r" ?[^\s\p{L}\p{N}]+"
_SPACES = r"\s+(?!\S)|\s+"
_LINES = rf"\s*[\r\n]+|{_SPACES}"
_REST = rf"{_SIGNS}[\r\n]*|{_LINES}"
_PATH_REST = rf"{_SIGNS}[\r\n/]*|{_LINES}"

_GPT_2 = rf"'s|'t|'re|'ve|'m|'ll|'d| ?\p{{L}}+| ?\p{{N}}+|{_SIGNS}|{_SPACES}"
_LLAMA_3 = rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}{{1,3}}|{_REST}"
_QWEN_2 = rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}|{_REST}"
_QWEN_35 = rf"{_CONTRACTIONS}|{_MARKED_WORD}|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_LINES}"
_MINICPM_5 = rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}+|{_REST}"
_UFAKZEKA = rf"{_WORD}|\p{{N}}|{_REST}"
_SEED_CODER = rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{_LINES}"
_BAILING_MOE = (
    r"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])"
    rf"|{_WORD}|\p{{N}}|{_SIGNS}[\r\n]*|\s*[\r\n]|{_SPACES}"
)
_EXAONE_MOE = (
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}"
    rf"|{_SIGNS}[\r\n/]?|\s*[\r\n]|{_SPACES}"
)
_JAIS_2 = (
    rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}{{1,3}}|{_SIGNS}[\r\n]*|\s*[\r\n]+|"
    + "|".join(rf"\s{{{length}}}(?!\S)" for length in (512, 256, 128, 64, 32, 16, 8, 4))
    + r"|\s{1,2}(?!\S)|\s"
)


def _cased_words(letters: str, ending: str) -> str:
    """Words that change case at most once, from upper to lower; letters without case count as both."""
    before, upper, lower = r"[^\r\n\p{L}\p{N}]?", rf"[{letters}&&[^a-z]]", rf"[{letters}&&[^A-Z]]"
    return rf"{before}{upper}*{lower}+{ending}|{before}{upper}+{lower}*{ending}"


_ENDING = rf"{_CONTRACTIONS}?"
_TEKKEN = _cased_words(r"\p{L}", "") + rf"|\p{{N}}|{_PATH_REST}"
_GPT_4O = _cased_words(r"\p{L}", _ENDING) + rf"|\p{{N}}{{1,3}}|{_PATH_REST}"
_GRANITE_MULTILINGUAL = _cased_words(r"\p{L}\p{M}", _ENDING) + rf"|\p{{N}}{{1,3}}|{_PATH_REST}"
_TINY_AYA = rf"{_MARKED_WORD}{_ENDING}|\p{{N}}{{1,3}}|{_PATH_REST}"
_YOUTU = rf"{_MARKED_WORD}{_ENDING}|\p{{N}}|{_PATH_REST}"
_YOUTU_SCRIPTS = "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+"  # noqa: RUF001

_KANJI_AND_KANA = "[一-龥぀-ゟ゠-ヿ]+"  # noqa: RUF001
_SIGN_AND_LETTERS = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
_DEEPSEEK_3 = rf"{_SIGN_AND_LETTERS}| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_LINES}"
_SPARK = rf"{_SIGN_AND_LETTERS}| ?[\p{{P}}\p{{S}}]+|[\r\n]|{_SPACES}"
# 豈 is U+8C48 there, the letter that U+F900 became by NFC: its range takes in all from there on, Yi and Hangul, too.
_ASIAN = "[一-鿿㐀-䶿豈-\ufaff぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"  # noqa: RUF001

_EAST_ASIAN = "[[一-龥ࠀ-一가-퟿]&&[^\\s]]+"
# Letters that NFC would change are escaped.
_CASED_LETTERS = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ"
    "-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-"  # noqa: RUF001
    "ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"  # noqa: RUF001
)
_DEEPSEEK_LLM = (
    r"[\r\n]",
    rf"\s?[{_CASED_LETTERS}]+",
    "\\s?[!-/:-~！-／：-～‘-‟\u3001-\u3002]+",  # noqa: RUF001
    r"(?<!\s)\s+\z",  # the look behind saves a try at each space of a run
    _EAST_ASIAN,
    r"\p{N}+",
)
_DEEPSEEK_CODER = (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _EAST_ASIAN, r"\p{N}")
_DEFAULT = (r"[\p{P}\$+<=>\^~|]+", _GPT_2, r"\p{N}+", r"[0-9][0-9][0-9]")
_FALCON = (r"[\p{P}\$+<=>\^~|`]+", _GPT_2, r"[0-9][0-9][0-9]")
_CHAMELEON = (
    r"<sentinel:[0-9]+>",
    r"IMGIMG[A-I]{1,4}Z",
    r"[\t\n]|    |  ",
    r"\p{N}",
    r"[\p{P}!-/:-@\[-`{-~]",
    _GPT_2,
)
_BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"  # noqa: RUF001

_HAN = r"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}"
_KIMI_K2 = rf"[{_HAN}]+|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}&&[^{_HAN}]]+{_CONTRACTIONS}?|\p{{N}}{{1,3}}|{_REST}"

_NEWLINES = r"[^\n]+|\n+"


@dataclass(frozen=True)
class PreTokenizer:
    """One way to cut, and what else goes with it.

    Attributes:
        expressions: in the syntax of Oniguruma, applied one after the other.
        digits: groups of three digits that are cut first, counted from the end of a number: `"ascii"`, or `"number"`
            for all of Unicode's, where what is in front stays with the first group.
        whole_words: a word that is a token stays whole, whatever the merges say.
        byte_level: the characters of tokens stand for bytes; else they are themselves, and bytes are `<0x00>` to
            `<0xFF>`.
        marks_spaces: a space is `▁` in tokens.
        whole_newlines: a run of newlines that is a token stays whole.
        needs_merges: a file without merges is refused.
        adds_bos: a text gets a bos token where the file does not say otherwise; `"always"`: whatever it says.
    """

    expressions: tuple[str, ...]
    digits: Literal["ascii", "number"] | None = None
    whole_words: bool = False
    byte_level: bool = True
    marks_spaces: bool = False
    whole_newlines: bool = False
    needs_merges: bool = True
    adds_bos: bool | Literal["always"] = False


NOT_CUT = PreTokenizer(())  # of the kinds of tokenizers that read a text whole

# Names that mean the same, and what they mean.
_ROWS: tuple[tuple[str, PreTokenizer], ...] = (
    ("default", PreTokenizer(_DEFAULT)),
    ("gpt-2 phi-2 jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code roberta-bpe gigachat a.x-4.0 mellum "
     "modern-bert exaone4 mpt olmo jais trillion granite-docling", PreTokenizer((_GPT_2,))),
    ("llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
     PreTokenizer((_LLAMA_3,), whole_words=True, adds_bos=True)),
    ("glm4 glm5", PreTokenizer((_LLAMA_3,), whole_words=True)),
    ("chatglm-bpe dbrx smaug-bpe", PreTokenizer((_LLAMA_3,))),
    ("jais-2", PreTokenizer((_JAIS_2,))),
    ("qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2", PreTokenizer((_QWEN_2,))),
    ("qwen35", PreTokenizer((_QWEN_35,))),
    ("laguna", PreTokenizer((_NEWLINES, _QWEN_2))),
    ("minicpm5", PreTokenizer((r"\p{N}{1,3}", _MINICPM_5), whole_words=True)),
    ("ufakzeka", PreTokenizer((_UFAKZEKA,))),
    ("seed-coder", PreTokenizer((_SEED_CODER,))),
    ("bailingmoe bailingmoe2 llada-moe", PreTokenizer((_BAILING_MOE,))),
    ("exaone-moe", PreTokenizer((_EXAONE_MOE,))),
    ("starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", PreTokenizer((r"\p{N}", _GPT_2))),
    ("falcon", PreTokenizer(_FALCON)),
    ("tekken", PreTokenizer((_TEKKEN,), whole_words=True, adds_bos=True)),
    ("gpt-4o llama4 kanana2 talkie minimax-m2", PreTokenizer((_GPT_4O,))),
    ("granite-embed-multi-97m", PreTokenizer((_GRANITE_MULTILINGUAL,), whole_words=True)),
    ("tiny_aya cohere2moe", PreTokenizer((_TINY_AYA,), digits="number")),
    ("youtu", PreTokenizer((_YOUTU_SCRIPTS, _YOUTU), whole_words=True)),
    ("deepseek-llm", PreTokenizer(_DEEPSEEK_LLM)),
    ("deepseek-coder", PreTokenizer(_DEEPSEEK_CODER)),
    ("deepseek-v3 hunyuan-dense joyai-llm hy_v4", PreTokenizer((r"\p{N}{1,3}", _KANJI_AND_KANA, _DEEPSEEK_3))),
    ("spark2_5", PreTokenizer((r"\p{N}{1,3}", _KANJI_AND_KANA, _SPARK, r"\p{N}"))),
    ("afmoe", PreTokenizer((_ASIAN, _DEEPSEEK_3), digits="number")),
    ("kimi-k2", PreTokenizer((_KIMI_K2,), needs_merges=False)),
    ("superbpe", PreTokenizer((r"\p{N}+",), digits="ascii")),
    ("bloom gpt3-finnish poro-chat", PreTokenizer((_BLOOM,))),
    ("viking", PreTokenizer((_BLOOM, r"\p{N}"))),
    ("chameleon", PreTokenizer(_CHAMELEON, adds_bos=True)),
    ("gemma4 granite-embed-multi-311m", PreTokenizer((_NEWLINES,), byte_level=False, marks_spaces=True,
                                                     whole_newlines=True, adds_bos="always")),
    ("sarvam-moe", PreTokenizer((_NEWLINES,), byte_level=False, marks_spaces=True)),
    ("whitespace", PreTokenizer((r"\S+",), byte_level=False)),
)  # fmt: skip

PRE_TOKENIZERS: dict[str, PreTokenizer] = {name: row for names, row in _ROWS for name in names.split()}
