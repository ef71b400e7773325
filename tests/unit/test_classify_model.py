"""The text model: learns what people decided, says how sure it is and why, and survives its file unchanged."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classify.lexicon import Lexicon
from classify.model import Model
from classify.scores import NEVER, accuracy_of_surest, expected_calibration_error, f1_by_label, thresholds
from classify.tally import Tally
from classify.training import Example, fit
from classify.views import SHAPES, Content, View
from domain.errors import Invalid
from runtime.classify.assess import cross_validated, figures, folds_of
from runtime.classify.files import load_model, save_model
from runtime.classify.rows import digest, read_rows
from tests.letters import NOISE, ROADS, RUBBISH, letters

ROWS = letters()
MODEL = fit(ROWS, digest(ROWS), "2026-07-01")


def likeliest(text: str, model: Model = MODEL) -> str:
    return model.header.labels[int(model.probabilities([text]).argmax())]


@pytest.mark.parametrize(
    ("text", "label"),
    [("中山路的路面有大坑，骑车颠簸", ROADS), ("新村垃圾成堆，臭味难闻", RUBBISH), ("半夜音响轰鸣，吵得睡不着", NOISE)],
)
def test_letters_it_never_saw_are_understood(text: str, label: str) -> None:
    assert likeliest(text) == label


def test_raw_texts_alone_teach_it_too() -> None:
    raw = [row for row in letters(cut=False) if row.text]
    model = fit(raw, digest(raw), "2026-07-01")
    assert not model.lexicon
    assert likeliest("中山路的路面有大坑，骑车颠簸", model) == ROADS


@given(st.lists(st.text(max_size=80), max_size=5))
def test_probabilities_are_probabilities_for_any_text(texts: list[str]) -> None:
    found = MODEL.probabilities(texts)
    assert found.shape[0] == len(texts)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_neighbour_in_the_batch_changes_nothing(text: str, neighbour: str) -> None:
    assert np.allclose(MODEL.probabilities([neighbour, text])[1], MODEL.probabilities([text])[0])


def test_the_words_that_spoke_are_named_and_numbers_are_not() -> None:
    rows = [Example(row.label, row.group, f"{row.text or ''.join(row.words)} 13800138000") for row in letters()]
    model = fit(rows, "", "")
    reasons = model.reasons("垃圾成堆 13800138000", model.header.labels.index(RUBBISH), most=20)
    assert any("垃圾" in reason.gram for reason in reasons)
    assert not any(sign.isdigit() for reason in reasons for sign in reason.gram)
    assert all(reason.weight > 0 for reason in reasons)


def test_the_header_tells_where_it_comes_from() -> None:
    header = MODEL.header
    assert header.labels == tuple(sorted((ROADS, RUBBISH, NOISE)))
    assert (header.rows, header.data, header.id) == (len(ROWS), digest(ROWS), f"2026-07-01-{digest(ROWS)[:8]}")
    assert header.figures["accuracy"] > 0.9


def test_the_same_rows_give_the_same_model_in_any_order() -> None:
    assert digest(ROWS[::-1]) == digest(ROWS)
    assert np.array_equal(fit(ROWS, "", "").bias, fit(ROWS, "", "").bias)


def test_a_label_too_rare_to_be_measured_is_left_out() -> None:
    rare = [Example("蚊虫", f"r{n}", f"蚊子很多{n}") for n in range(7)]
    assert "蚊虫" not in fit([*ROWS, *rare], "", "").header.labels


def test_one_label_is_no_data() -> None:
    with pytest.raises(Invalid, match="training-data-invalid"):
        fit([row for row in ROWS if row.label == ROADS], "", "")


# --- Its file


def test_a_model_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    save_model(MODEL, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    texts = ["路面有大坑", "垃圾满溢", "凌晨施工声太大", "", "您好"]
    assert again.header == MODEL.header
    assert np.array_equal(again.probabilities(texts), MODEL.probabilities(texts))
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_what_could_be_executed_is_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", header=np.array([{"format": 1}], dtype=object))
    with pytest.raises(Invalid, match="model-invalid"):
        load_model(tmp_path / "evil.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x80\x04K\x01."])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(Invalid, match="model-invalid"):
        load_model(tmp_path / "model.npz")


@pytest.mark.parametrize("gone", sorted(MODEL.arrays()))
def test_a_model_with_a_part_missing_is_refused(gone: str) -> None:
    arrays = MODEL.arrays()
    del arrays[gone]
    with pytest.raises(Invalid, match="model-invalid"):
        Model.of_arrays(arrays)


@pytest.mark.parametrize("part", ["weights0", "idf1", "bias"])
def test_a_model_whose_parts_do_not_fit_is_refused(part: str) -> None:
    arrays = MODEL.arrays()
    with pytest.raises(Invalid, match="model-invalid"):
        Model.of_arrays({**arrays, part: arrays[part][:-1]})
    with pytest.raises(Invalid, match="model-invalid"):
        Model.of_arrays({**arrays, "bias": arrays["bias"] * np.nan})


# --- Its training data


def test_rows_are_read_plain_and_compressed(tmp_path: Path) -> None:
    line = '{"label": "a", "text": "路面\\u2028有坑", "group": "g"}\n'
    (tmp_path / "a.jsonl").write_text(f"\ufeff{line}\n", encoding="utf-8")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"label": "b", "tokens": "a b"}'))
    first, second = read_rows([tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"])
    assert (first.label, first.text, first.group) == ("a", "路面\u2028有坑", "g")
    assert (second.words, second.text) == (("a", "b"), "")


def test_every_line_at_fault_is_named(tmp_path: Path) -> None:
    lines = ['{"label": "a", "text": "b"}', "{", '{"text": "b"}', '{"label": "a"}', "[]", '{"label": " ", "text": "b"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read_rows([tmp_path / "a.jsonl"])
    assert [fault.pointer for fault in caught.value.faults] == [f"a.jsonl:{n}" for n in range(2, 7)]


def test_the_same_text_is_one_group_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"label": "a", "text": "x  y"}\n{"label": "b", "text": "x y"}', encoding="utf-8")
    first, second = read_rows([tmp_path / "a.jsonl"])
    assert first.group == second.group


def test_in_cross_validation_no_group_is_on_both_sides() -> None:
    rows = [Example(row.label, f"{row.label}{at // 3}", row.text, row.words) for at, row in enumerate(letters())]
    fold = folds_of(rows, 3, seed=1)
    assert set(fold) == {row.group for row in rows}
    answers, labels = cross_validated(rows, rows, fold)
    assert figures(answers, rows, labels).accuracy > 0.9


# --- Its parts


@given(st.lists(st.text("路面坑洼垃圾a ", max_size=20), min_size=1, max_size=8), st.sampled_from(SHAPES))
def test_a_matrix_row_is_what_the_view_says_of_its_text(texts: list[str], shape: object) -> None:
    contents = [Content(tuple(text.split())) for text in texts]
    tally = Tally.of(shape, contents)  # type: ignore[arg-type]
    rows = np.arange(len(texts))
    weighing = tally.weighed(rows)
    matrix, view = tally.matrix(rows, weighing).toarray(), tally.view(weighing)
    for content, row in zip(contents, matrix, strict=True):
        places, values = view.numbers(content)
        whole = np.zeros(len(view.known), np.float32)
        whole[places] = values
        assert np.allclose(whole, row, atol=1e-6)


def test_a_view_without_known_grams_has_no_numbers() -> None:
    places, values = View(SHAPES[0], ["a"], np.ones(1, np.float32)).numbers(Content("你好"))
    assert (len(places), len(values)) == (0, 0)


@given(st.lists(st.sampled_from(["雨水", "井盖", "雨水井盖", "路面", "坑"]), min_size=1, max_size=6))
def test_a_text_of_known_words_is_cut_without_loss(words: list[str]) -> None:
    lexicon = Lexicon({"雨水": 5, "井盖": 5, "雨水井盖": 9, "路面": 3, "坑": 1})
    assert "".join(lexicon.words("".join(words))) == "".join(words)


def test_the_likelier_cut_is_taken_and_strangers_are_left_out() -> None:
    lexicon = Lexicon({"雨水": 5, "井盖": 5, "雨水井盖": 9})
    assert lexicon.words("这个雨水井盖呢") == ["雨水井盖"]


# --- Its figures


def test_figures_by_hand() -> None:
    truth = np.array([0, 0, 1, 1])
    sure = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]])
    assert f1_by_label(truth, sure.argmax(axis=1), 2) == pytest.approx([0.8, 2 / 3])
    assert accuracy_of_surest(sure, truth, 0.5) == 0.5
    assert expected_calibration_error(sure, truth) == pytest.approx((0.1 + 0.4 + 0.3 + 0.8) / 4)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.8, 0.9, 0.95]))
def test_from_its_threshold_on_a_label_is_as_right_as_wished(seed: int, wished: float) -> None:
    dice = np.random.default_rng(seed)
    probabilities = dice.dirichlet(np.ones(3) * 0.4, 300)
    truth = np.array([dice.choice(3, p=row) for row in probabilities])
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    for label, threshold in enumerate(thresholds(probabilities, truth, wished)):
        taken = (said == label) & (sure >= threshold)
        assert threshold == NEVER or taken.sum() >= 4
        # rounding up to thousandths may leave out the last answers, which were needed to stay above
        assert not taken.any() or (truth[taken] == label).mean() >= wished - 0.05
