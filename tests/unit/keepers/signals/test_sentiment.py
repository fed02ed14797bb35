"""Texts become scores of days that nobody can know earlier, and copies count once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.signals.audit import Registered, choose_cuts, search
from keepers.signals.errors import SignalError
from keepers.signals.features import Release, Window, feature_named, optional, registered
from keepers.signals.features.generated import generated_history
from keepers.signals.sentiment.classifier import Classifier
from keepers.signals.sentiment.daily import DailyScores, daily_scores
from keepers.signals.sentiment.texts import LONGEST, Text, fresh
from keepers.signals.sentiment.vader import Vader
from keepers.signals.sentiment.wordpiece import WordPiece

Array = NDArray[np.float64]
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("wordpiece.json").read_text(encoding="utf-8"))
VOCABULARY = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\ngood\nbad\n"


class Length:
    """A score that tests can tell beforehand: 0.1 for each word."""

    name, digest = "length", "00"

    def scores(self, texts: Sequence[str]) -> Array:
        return np.array([len(text.split()) / 10 for text in texts])


def text(words: str = "one", *, hours: float = 0, source: str = "wire", symbols: str = "A") -> Text:
    return Text(NOON + timedelta(hours=hours), source, words, tuple(symbols.split()))


def scored(*texts: Text, until: date = date(2024, 5, 31)) -> DailyScores:
    return daily_scores(texts, Length(), until)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time": datetime(2024, 5, 1)}, "has no offset"),
        ({"time": datetime(1, 1, 1, tzinfo=UTC)}, "before 1900"),
        ({"source": " "}, "has no source"),
        ({"text": "\n"}, "has no text"),
        ({"text": "x" * (LONGEST + 1)}, "100001 characters"),
        ({"symbols": ()}, "names no symbol"),
        ({"symbols": ("A B",)}, "symbol 'A B': not one printable word"),
        ({"symbols": ("",)}, "symbol '': not one printable word"),
        ({"symbols": ("\ud800",)}, "not one printable word"),
    ],
)
def test_text__without_a_part__is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Text(**{"time": NOON, "source": "wire", "text": "words", "symbols": ("A",), **changes})


def test_fresh__copy_with_other_case_and_signs__is_left_out_whoever_has_it() -> None:
    kept = fresh([text("ACME falls!", hours=2, source="paper"), text("acme  FALLS")])
    assert [(mention.text.source, mention.symbol) for mention in kept] == [("wire", "A")]


@pytest.mark.parametrize(("days", "count"), [(6.99, 1), (7, 2)])
def test_fresh__same_words_after_a_week__are_news_again(days: float, count: int) -> None:
    assert len(fresh([text(), text(hours=24 * days)])) == count


def test_fresh__same_words_about_another_symbol__count_for_it() -> None:
    assert [mention.symbol for mention in fresh([text(symbols="A B"), text(hours=1, symbols="B C")])] == ["A", "B", "C"]


def test_fresh__signs_alone__are_told_apart() -> None:
    assert len(fresh([text("!!"), text("??")])) == 2


def test_fresh__other_order_of_the_file__keeps_the_same() -> None:
    texts = [text(hours=hours, source=source) for hours in (0, 0, 5) for source in "ab"]
    assert fresh(texts) == fresh(texts[::-1])


def test_daily_scores__source_that_floods_a_day__counts_once() -> None:
    flood = [text(f"{number} is new", source="flood", hours=number / 100) for number in range(50)]
    found = scored(text("one"), *flood, until=date(2024, 5, 1))
    assert found.scores == pytest.approx(np.array([[(0.1 + 0.3) / 2]])) and found.texts.tolist() == [[51]]


def test_daily_scores__evening_in_new_york__is_the_next_day_in_utc() -> None:
    late = Text(datetime.fromisoformat("2024-05-01T21:00:00-04:00"), "wire", "two words", ("A",))
    found = scored(text(), late, until=date(2024, 5, 2))
    assert found.scores[:, 0].tolist() == [0.1, 0.2]


def test_daily_scores__days_without_texts__are_zero_up_to_the_last() -> None:
    found = scored(text(), text("a b", symbols="B", hours=48), until=date(2024, 5, 4))
    assert found.days == tuple(date(2024, 5, day) for day in (1, 2, 3, 4)) and found.symbols == ("A", "B")
    assert found.texts.tolist() == [[1, 0], [0, 0], [0, 1], [0, 0]]
    assert found.scores.tolist() == [[0.1, 0], [0, 0], [0, 0.2], [0, 0]]


def test_daily_scores__later_texts__change_no_earlier_day() -> None:
    texts = [
        text(f"w{number % 7} " * (1 + number % 5), hours=7 * number, source="ab"[number % 2]) for number in range(60)
    ]
    whole = scored(*texts, until=date(2024, 5, 17))
    for day in range(1, 17):
        known = scored(*(one for one in texts if one.day <= date(2024, 5, day)), until=date(2024, 5, day))
        np.testing.assert_array_equal(known.scores, whole.scores[: len(known.days)])
        np.testing.assert_array_equal(known.texts, whole.texts[: len(known.days)])


def test_daily_scores__nothing_before_the_last_day__is_refused() -> None:
    with pytest.raises(SignalError, match="1 texts: none was published by 2024-04-30"):
        scored(text(), until=date(2024, 4, 30))


@pytest.mark.parametrize("given", [[np.nan], [1.1], [0.1, 0.2]])
def test_daily_scores__score_that_is_none__is_refused(given: list[float]) -> None:
    class Broken(Length):
        def scores(self, texts: Sequence[str]) -> Array:
            return np.array(given)

    with pytest.raises(SignalError, match="scores of length: not a number from -1 to 1 for each text"):
        daily_scores([text()], Broken(), date(2024, 5, 31))


def test_vader__its_authors_examples__have_their_scores() -> None:
    # From the README of vaderSentiment 3.3.2.
    texts = [
        "VADER is smart, handsome, and funny.",
        "Today SUX!",
        "The book was good.",
        "At least it isn't a horrible book.",
    ]
    assert Vader().scores(texts) == pytest.approx([0.8316, -0.5461, 0.4404, 0.431])


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=["lower", "cased"])
def test_wordpiece__texts_of_many_scripts__has_the_numbers_of_tokenizers(case: dict[str, Any]) -> None:
    found = WordPiece.of_file(json.dumps(case["tokenizer"]).encode())
    assert [found.numbers(words, 512) for words in GOLDEN["texts"]] == case["numbers"]


def test_wordpiece__vocabulary_as_a_list__is_that_of_the_json() -> None:
    tokenizer = GOLDEN["cases"][0]["tokenizer"]
    pieces = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].__getitem__)
    assert WordPiece.of_file("\n".join(pieces).encode()) == WordPiece.of_file(json.dumps(tokenizer).encode())


def test_wordpiece__capital_in_the_list__tells_case_apart() -> None:
    assert WordPiece.of_file(VOCABULARY).lower and not WordPiece.of_file(VOCABULARY + b"Good\n").lower


def test_wordpiece__long_text__ends_with_its_last_piece() -> None:
    assert WordPiece.of_file(VOCABULARY).numbers("good " * 50, 4) == [2, 4, 4, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"good\nbad\n", r"has no piece \[UNK\]"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "no WordPiece of BERT"),
        (b'{"model": []}', "no WordPiece of BERT"),
        (
            json.dumps({**GOLDEN["cases"][0]["tokenizer"], "pre_tokenizer": {"type": "ByteLevel"}}).encode(),
            "is of WordPiece, BertNormalizer, ByteLevel",
        ),
        (
            json.dumps(
                {
                    **GOLDEN["cases"][0]["tokenizer"],
                    "normalizer": {**GOLDEN["cases"][0]["tokenizer"]["normalizer"], "strip_accents": False},
                }
            ).encode(),
            "cleans texts in another way",
        ),
    ],
)
def test_wordpiece__file_of_another_kind__is_refused(content: bytes, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        WordPiece.of_file(content)


def graph(
    onnx: ModuleType, classes: int = 2, length: int | str = "pieces", inputs: tuple[str, ...] = ("input_ids",)
) -> bytes:
    """Logits are the mean of a table's rows: `good` speaks for the last class, `bad` for the first."""
    helper, kind = onnx.helper, onnx.TensorProto
    table = np.zeros((6, classes), dtype=np.float32)
    table[4, -1] = table[5, 0] = 4.0
    nodes = [
        helper.make_node("Gather", ["table", inputs[0]], ["gathered"]),
        helper.make_node("ReduceSum", ["gathered", "axis"], ["logits"], keepdims=0),
    ]
    axis = onnx.numpy_helper.from_array(np.array([1], dtype=np.int64), "axis")
    ends = [helper.make_tensor_value_info(name, kind.INT64, ["texts", length]) for name in inputs]
    out = [helper.make_tensor_value_info("logits", kind.FLOAT, ["texts", classes])]
    made = helper.make_graph(nodes, "classifier", ends, out, [onnx.numpy_helper.from_array(table, "table"), axis])
    encoded: bytes = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    return encoded


@pytest.fixture(scope="module")
def onnx() -> ModuleType:
    module: ModuleType = pytest.importorskip("onnx")
    pytest.importorskip("onnx.numpy_helper")
    return module


@pytest.mark.parametrize("length", ["pieces", 8])
@pytest.mark.parametrize("inputs", [("input_ids",), ("input_ids", "attention_mask", "token_type_ids")])
def test_classifier__good_and_bad__have_the_difference_of_their_chances(
    onnx: ModuleType, length: int | str, inputs: tuple[str, ...]
) -> None:
    found = Classifier(graph(onnx, length=length, inputs=inputs), VOCABULARY, ["negative", "positive"])
    high = np.tanh(2.0)
    assert found.scores(["Good!", "bad", "unseen", "good bad"]) == pytest.approx([high, -high, 0, 0])


def test_classifier__neutral_class__takes_from_both(onnx: ModuleType) -> None:
    found = Classifier(graph(onnx, 3), VOCABULARY, ["negative", "neutral", "positive"])
    assert found.scores(["good"]) == pytest.approx([(np.exp(4) - 1) / (np.exp(4) + 2)])


def test_classifier__other_labels__have_another_digest(onnx: ModuleType) -> None:
    one, other = (
        Classifier(graph(onnx), VOCABULARY, labels.split()) for labels in ("negative positive", "positive negative")
    )
    assert one.digest != other.digest and one.scores(["good"]) == -other.scores(["good"])


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("negative", "not positive, negative"),
        ("negative positive positive", "not positive, negative"),
        ("negative positive joy", "not positive, negative"),
        ("negative neutral positive", r"answer of shape \(1, 2\): not a number for each"),
    ],
)
def test_classifier__labels_that_do_not_fit__are_refused(onnx: ModuleType, labels: str, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Classifier(graph(onnx), VOCABULARY, labels.split()).scores(["good"])


def test_classifier__no_onnx_file__is_refused() -> None:
    with pytest.raises(SignalError, match="the model file: cannot be opened"):
        Classifier(b"nothing", VOCABULARY, ["negative", "positive"])


def test_classifier__graph_with_another_input__is_refused(onnx: ModuleType) -> None:
    with pytest.raises(SignalError, match="a classifier of rows"):
        Classifier(graph(onnx, inputs=("rows",)), VOCABULARY, ["negative", "positive"])


def test_classifier__piece_beyond_the_graphs_table__is_refused_in_one_line(onnx: ModuleType) -> None:
    found = Classifier(graph(onnx), VOCABULARY + b"seventh\n", ["negative", "positive"])
    with pytest.raises(SignalError, match="the classifier: cannot be run") as caught:
        found.scores(["seventh"])
    assert "\n" not in str(caught.value)


def window(scores: list[float], texts: list[float]) -> Window:
    return Window(date(2024, 5, 1), {"sentiment": np.array(scores), "texts": np.array(texts)})


def test_sentiment_5__days_without_texts__do_not_count() -> None:
    found = feature_named("sentiment_5").compute
    assert found(window([0.9, 0, 0.2, 0, 0.4], [0, 0, 3, 0, 1])) == pytest.approx(0.3)
    assert found(window([0.0] * 5, [0.0] * 5)) == 0


def test_attention_5_63__as_many_texts_as_ever__is_zero() -> None:
    assert feature_named("attention_5_63").compute(window([0.0] * 63, [2.0] * 63)) == 0


def test_optional__names__are_in_no_default_set() -> None:
    assert not {found.name for found in optional()} & {found.name for found in registered()}
    assert all(set(found.inputs) <= {"sentiment", "texts"} for found in optional())


def test_optional__audit_after_every_twentieth_row__finds_no_leak() -> None:
    frame = generated_history(420)
    found = search(Registered(frame, optional()), choose_cuts(frame.dates, 20))
    assert found.clean and len(found.names) == len(optional())


@pytest.mark.parametrize("name", ["sentiment", "texts"])
def test_release__score_known_on_its_own_day__is_refused(name: str) -> None:
    with pytest.raises(SignalError, match="known after 0 days, and such a value takes 1"):
        Release.lagged([date(2024, 5, 1)], np.array([0.5]), 0).check(name)
