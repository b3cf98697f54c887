"""Spectra of whole models: which matrices they are of, what is known of heads, what is refused, saving and going on."""

import dataclasses
import json

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.spectral import computing
from support.small_models import fused_qkv, llama, mixture, ridden, weights


def exact(matrix):
    return np.linalg.svd(np.asarray(matrix, np.float64), compute_uv=False)


def assert_is_spectrum_of(record, matrix):
    sigma = exact(matrix)
    shares = sigma**2 / (sigma**2).sum()
    assert (record.rows, record.columns) == matrix.shape
    assert record.method == "gram"
    assert record.reason is None
    assert record.sigma_max == pytest.approx(sigma[0], rel=1e-9)
    assert record.sigma_min == pytest.approx(sigma[-1], rel=1e-6)
    assert record.frobenius_norm == pytest.approx(np.linalg.norm(matrix.astype(np.float64)), rel=1e-9)
    assert record.stable_rank == pytest.approx(1 / shares[0], rel=1e-9)
    assert record.effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-9)
    assert record.normalized_entropy == pytest.approx(np.log(record.effective_rank) / np.log(len(sigma)))
    assert record.numerical_rank == np.linalg.matrix_rank(matrix)
    assert [record.ranks[0], record.ranks[-1]] == [1, len(sigma)]
    np.testing.assert_allclose(record.singular_values, sigma[np.array(record.ranks) - 1], rtol=1e-6)


def test_every_matrix_in_a_layer_has_its_spectrum(write_gguf):
    model = llama()
    spectra = gs.spectra(write_gguf(**model), threads=2)
    names = [record.name for record in spectra.matrices]
    assert names == [name for name, array in model["tensors"].items() if array.ndim == 2 and name.startswith("blk")]
    for record in spectra.matrices:
        assert_is_spectrum_of(record, model["tensors"][record.name])
        assert record.quantizer is None
        assert record.power_law.reason.endswith("fewer than 50")
    measured = sum(model["tensors"][name].size for name in names)
    assert spectra.document.coverage == pytest.approx(measured / sum(a.size for a in model["tensors"].values()))
    everything = gs.spectra(write_gguf(**model, name="all.gguf"), all=True)
    assert [record.name for record in everything.matrices if record.layer is None] == [
        "token_embd.weight",
        "output.weight",
    ]


def test_products_of_heads_are_those_of_the_matrices(write_gguf):
    model = llama()
    spectra = gs.spectra(write_gguf(**model))
    assert len(spectra.heads) == 3 * 2 * 4
    for record in spectra.heads:
        query, key_value = slice(8 * record.head, 8 * record.head + 8), slice(8 * (record.head // 2), None)
        key_value = slice(key_value.start, key_value.start + 8)
        part = {name: model["tensors"][f"blk.{record.layer}.attn_{name}.weight"].astype(float) for name in "qkv"}
        outputs = model["tensors"][f"blk.{record.layer}.attn_output.weight"].astype(float)
        pair = {"qk": (part["q"][query].T, part["k"][key_value]), "vo": (outputs[:, query], part["v"][key_value])}
        left, right = pair[record.product]
        sigma = exact(left @ right)[:8]
        shares = sigma**2 / (sigma**2).sum()
        assert record.key_value_head == record.head // 2
        assert record.length == 8
        assert record.sigma_max == pytest.approx(sigma[0], rel=1e-9)
        assert record.frobenius_norm == pytest.approx(np.linalg.norm(sigma), rel=1e-9)
        assert record.stable_rank == pytest.approx(1 / shares[0], rel=1e-9)
        assert record.effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-6)
        assert record.alignment == pytest.approx(sigma[0] / exact(left)[0] / exact(right)[0], rel=1e-9)
        norms = np.linalg.norm(left) * np.linalg.norm(right)
        assert record.overlap == pytest.approx(np.linalg.norm(sigma) / norms, rel=1e-9)


def test_experts_and_parts_are_matrices_of_their_own(write_gguf):
    model = mixture()
    records = gs.spectra(write_gguf(**model)).matrices
    assert [(record.layer, record.expert) for record in records] == [(layer, e) for layer in (0, 1) for e in range(4)]
    for record in records[4:]:
        assert_is_spectrum_of(record, model["tensors"]["blk.1.ffn_gate_exps.weight"][record.expert])
    model = fused_qkv()
    spectra = gs.spectra(write_gguf(**model, name="fused.gguf"))
    whole = model["tensors"]["blk.0.attn_qkv.weight"]
    assert [record.part for record in spectra.matrices] == ["q", "k", "v"]
    for record, rows in zip(spectra.matrices, (slice(0, 32), slice(32, 48), slice(48, 64)), strict=True):
        assert_is_spectrum_of(record, whole[rows])
    products = [record for record in spectra.heads if record.product == "qk"]
    assert [record.sigma_max for record in products] == [
        pytest.approx(exact(whole[8 * h : 8 * h + 8].T @ whole[32 + 8 * (h // 2) :][:8])[0], rel=1e-6) for h in range(4)
    ]
    stacked = {"blk.0.ffn_up.weight": weights(1, 128, 32), "blk.0.ffn_down.weight": weights(2, 32, 64)}
    records = gs.spectra(write_gguf(stacked, name="halves.gguf")).matrices
    assert [record.part for record in records] == ["gate", "up", None]
    assert_is_spectrum_of(records[1], stacked["blk.0.ffn_up.weight"][64:])


def test_what_has_no_spectrum_says_why(write_gguf):
    spectra = gs.spectra(write_gguf(**ridden()))
    reasons = {record.role: record.reason for record in spectra.matrices}
    assert reasons == {
        "attn_q": "weights that are not finite",
        "attn_k": "weights that are not finite",
        "attn_v": "all weights are 0",
    }
    zero = spectra.matrices[2]
    assert (zero.sigma_max, zero.numerical_rank, zero.stable_rank, zero.power_law) == (0, 0, None, None)
    assert gs.Spectra.from_json(spectra.to_json()) == spectra


def test_spectra_are_saved_and_read(write_gguf, tmp_path):
    spectra = gs.spectra(write_gguf(**llama()))
    spectra.save(tmp_path / "spectra.json")
    loaded = gs.Spectra.load(tmp_path / "spectra.json")
    assert loaded == spectra.as_saved() == spectra
    plain = json.loads((tmp_path / "spectra.json").read_text())
    assert plain["schema"] == "ggufscope.spectra/1"
    plain["matrices"][0]["rows"] = "many"
    with pytest.raises(gs.SpectraError, match=r"matrices\.0\.rows"):
        gs.Spectra.from_json(json.dumps(plain))
    assert "18 of 18 matrices, 24 products of heads" in repr(spectra)


def test_heads_of_some_tensors_are_not_taken_for_those_of_the_layer(write_gguf):
    path = write_gguf(**llama())
    part = gs.spectra(path, tensors=["blk.0.attn_q.weight", "blk.0.attn_k.weight"])
    assert {each.product for each in part.heads} == {"qk"}
    assert gs.spectra(path, previous=part).heads == gs.spectra(path).heads


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 0}, "draws must be an integer from 1 on, not 0"),
        ({"draws": 2.5}, "draws must be"),
        ({"seed": -1}, "seed must be an integer from 0 on"),
        ({"longest_exact": 0}, "longest_exact must be"),
        ({"threads": 0}, "threads must be"),
        ({"tensors": ["blk.0.attn_q.weight", "nope"]}, "no tensor 'nope'"),
        ({"tensors": "blk.0.attn_q.weight"}, "several names"),
    ],
)
def test_wrong_arguments_are_refused(write_gguf, arguments, message):
    with pytest.raises(ValueError, match=message):
        gs.spectra(write_gguf(**llama(n_layers=1)), **arguments)


def test_numbers_do_not_depend_on_threads(write_gguf):
    path = write_gguf({f"blk.{layer}.ffn_up.weight": weights(layer, 300, 200) for layer in range(5)})
    one, many = (gs.spectra(path, threads=threads).matrices for threads in (1, 2))
    assert one == many


def test_an_interrupted_run_hands_over_what_it_has(write_gguf, monkeypatch):
    path = write_gguf(**llama())
    whole = gs.spectra(path)
    told = []

    def stop(done, total):
        told.append((done, total))
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(gs.SpectraInterrupted) as stopped:
        gs.spectra(path, progress=stop)
    part = stopped.value.spectra
    assert 0 < len(part.matrices) < 18
    assert part.matrices == whole.matrices[: len(part.matrices)]
    assert told == sorted(told)
    measured = []
    measure = computing.matrix_spectrum
    monkeypatch.setattr(
        computing, "matrix_spectrum", lambda matrix, *rest: measured.append(matrix) or measure(matrix, *rest)
    )
    rest = gs.spectra(path, previous=part)
    assert (rest.matrices, rest.heads) == (whole.matrices, whole.heads)
    assert len(measured) == 18 - len(part.matrices)
    with pytest.raises(gs.SpectraError, match="other settings"):
        gs.spectra(path, previous=part, seed=1)
    with pytest.raises(gs.SpectraError, match="another model"):
        gs.spectra(write_gguf(**llama(seed=9), name="other.gguf"), previous=part)


@pytest.mark.parametrize("model", ["smollm2", "gemma3"])
@pytest.mark.real_model
def test_real_matrices_are_as_numpy_has_them(request, model):
    """σ_max to 1e-6 and ranks to 1e-4 of NumPy's SVD, of every kind of matrix of a layer."""
    with gs.open(request.getfixturevalue(model)) as opened:
        settings = computing.SpectraSettings(False, False, 8192, 20, 0.1, 0)
        for tensor in opened.tensors.values():
            if tensor.layer != 7 or tensor.kind != "matrix":
                continue
            (matrix,) = computing.matrices_of(opened, tensor)
            record = computing.matrix_spectrum(matrix, settings, lambda: None)
            sigma = exact(tensor.dequantize())
            shares = sigma**2 / (sigma**2).sum()
            assert record.sigma_max == pytest.approx(sigma[0], rel=1e-6)
            assert record.sigma_min == pytest.approx(sigma[-1], rel=1e-4)
            assert record.stable_rank == pytest.approx(1 / shares[0], rel=1e-4)
            assert record.effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-4)
            assert record.participation_ratio == pytest.approx(1 / (shares**2).sum(), rel=1e-4)
            assert record.numerical_rank == np.linalg.matrix_rank(tensor.dequantize())
            assert record.energy_top_64 == pytest.approx(shares[:64].sum(), rel=1e-4)


def test_records_have_plain_values(write_gguf):
    record = gs.spectra(write_gguf(**llama())).matrices[0]
    for value in dataclasses.asdict(record).values():
        assert value is None or type(value) in {str, int, float, list, dict}
