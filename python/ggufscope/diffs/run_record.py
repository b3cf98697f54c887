"""Records of two models that read the same tokens. Texts from files are escaped; None where something is undefined."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ExpertError:
    """The output error of one expert's matrix.

    Attributes:
        expert: its number.
        n_tokens: that the reference sent to it, first tokens included.
        error: as `MatrixError.error`, over those tokens alone.
    """

    expert: int
    n_tokens: int
    error: float | None


@dataclass(frozen=True)
class MatrixError:
    """What a matrix of the model makes of the activations that the reference's own matrix reads.

    Attributes:
        name: of the tensor in the reference; several matrices may be rows of one, as those of a fused `attn_qkv`.
        model_name: of the tensor in the model, where it has another name there; else None.
        part: the place in the network, as `"mixer.q"`, `"feed_forward.down"`, `"head.output"`.
        role: of the tensor, as `"attn_q"`; None for a name that says nothing.
        layer: number of its layer; None outside the layers.
        reference_type: ggml's name of the reference's type.
        model_type: of the model's.
        n_tokens: that were multiplied, first tokens included; of all experts together.
        error: Σ‖(Ŵ − W)x‖² / Σ‖Wx‖² over tokens t ≥ 1, x being what the reference's matrix reads.
        error_first: the same over the first token of each sequence.
        heads: the same for each head, t ≥ 1: of rows (queries, keys, values) or of columns (what the output
            projection reads); empty where the matrix has no heads.
        experts: the same for each expert that any token was sent to; empty for others.
    """

    name: str
    model_name: str | None
    part: str
    role: str | None
    layer: int | None
    reference_type: str
    model_type: str
    n_tokens: int
    error: float | None
    error_first: float | None
    heads: list[float | None] = field(default_factory=list)
    experts: list[ExpertError] = field(default_factory=list)


@dataclass(frozen=True)
class LayerDrift:
    """How far two models have come apart behind a layer; r_a and r_b are their residual streams.

    Attributes:
        layer: from 0.
        drift: median over tokens t ≥ 1 of ‖r_b − r_a‖² / ‖r_a‖².
        drift_total: Σ‖r_b − r_a‖² / Σ‖r_a‖² over tokens t ≥ 1: of a stream with massive activations these alone.
        drift_first: the same over the first token of each sequence.
        cosine: median over tokens t ≥ 1 of the cosine between r_a and r_b.
        attention: mean over heads of `attention_heads`; None in a layer without attention.
        attention_heads: of each query head, mean over queries t ≥ 1 of ½ Σ|p_b − p_a|, the total variation between
            what the query gives the keys in the two models: the share of its attention that went elsewhere.
        same_experts: share of tokens that were sent to the same experts; None in a dense layer.
    """

    layer: int
    drift: float | None
    drift_total: float | None
    drift_first: float | None
    cosine: float | None
    attention: float | None
    attention_heads: list[float | None]
    same_experts: float | None = None


@dataclass(frozen=True)
class OutputDivergence:
    """The distributions of the next token, p_a of the reference and p_b of the model, behind every token t ≥ 1.

    Attributes:
        n_positions: that count.
        kl_mean: mean of Σ p_a ln(p_a / p_b) over positions, in nats.
        kl_median: its median.
        kl_99: its 99 % quantile.
        kl_max: its largest value.
        kl_first: mean behind the first token of each sequence.
        same_top: share of positions whose likeliest token is the same.
        reference_perplexity: exp of the mean of −ln p_a(next token), behind every t ≥ 1 that a token follows.
        model_perplexity: of the model, over the same positions.
    """

    n_positions: int
    kl_mean: float | None
    kl_median: float | None
    kl_99: float | None
    kl_max: float | None
    kl_first: float | None
    same_top: float | None
    reference_perplexity: float | None
    model_perplexity: float | None


@dataclass(frozen=True)
class HurtPosition:
    """A position at which the distributions of the next token are far apart.

    Attributes:
        sequence: its id, as `"text"` or that of a prompt.
        position: of the last token that was read, from 0.
        before: the text that ends with it, the last few tokens.
        next: the token that follows in the text; None at its end. Tokens are ids where no tokenizer is known.
        kl: Σ p_a ln(p_a / p_b) there.
        reference_top: the likeliest token of the reference.
        reference_share: its probability in the reference.
        model_top: the likeliest token of the model.
        model_share: its probability in the model.
    """

    sequence: str
    position: int
    before: str
    next: str | None
    kl: float
    reference_top: str
    reference_share: float
    model_top: str
    model_share: float


@dataclass(frozen=True)
class SequenceDivergence:
    """How far the distributions of the next token are apart along a sequence.

    Attributes:
        sequence: its id, as `"text"` or that of a prompt.
        kl: Σ p_a ln(p_a / p_b) behind each of its tokens, the first included; None where it is not finite.
    """

    sequence: str
    kl: list[float | None]


@dataclass(frozen=True)
class RunRecord:
    """All that came of two models reading the same tokens.

    Attributes:
        source: `"text"`, `"prompts"` or `"tokens"`.
        text: name of the text, of the set of prompts or of the file of token ids.
        template: form that prompts were put in.
        n_sequences: read, each from position 0.
        n_tokens: of all of them.
        n_vocabulary: tokens that distributions are over.
        grouped: whether output errors are over tokens added up in groups, see docs/diff.md; else over each token.
        attention_step: attention was compared for every so many queries.
        output: at the end.
        layers: one by one.
        matrices: in the order in which they are multiplied.
        worst: positions that hurt most, the worst first.
        unmeasured: names of tensors that no token was multiplied with by itself.
        notes: sentences on how the two go together; names in them are escaped.
        sequences: divergence behind every token; empty in files that were saved without.
    """

    source: str
    text: str
    template: str
    n_sequences: int
    n_tokens: int
    n_vocabulary: int
    grouped: bool
    attention_step: int
    output: OutputDivergence
    layers: list[LayerDrift]
    matrices: list[MatrixError]
    worst: list[HurtPosition]
    unmeasured: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sequences: list[SequenceDivergence] = field(default_factory=list)
