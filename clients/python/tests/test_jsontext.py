from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from strategies import json_values

from sessiond.adk import jsontext

pytestmark = pytest.mark.once


@given(json_values)
def test_json_values_come_back_as_they_were(value: Any) -> None:
    for write in (jsontext.payload_text, jsontext.state_text):
        back = jsontext.parse(write(value))
        assert back == value
        assert repr(back) == repr(value)  # 1 and 1.0 and True, 0.0 and -0.0, the order of keys


def _joined(parts: list[str], opening: str, closing: str) -> str:
    return opening + " ,".join(parts) + closing


_number_texts = st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
_string_texts = st.lists(
    st.sampled_from(
        [*(f"\\{escape}" for escape in '"\\/bfnrt'), "a", "ü", "𝄞", "\\u0000", "\\uD834\\udd1e", "\\ud834"]
    ),
    max_size=4,
).map(lambda parts: _joined(["".join(parts)], '"', '"'))
#: JSON as any language may write it: numbers of any form, escapes, keys that come twice.
_json_texts = st.recursive(
    st.sampled_from(["null", "true", "false"]) | _number_texts | _string_texts,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: _joined(parts, "[\n", "]"))
        | st.lists(st.tuples(_string_texts, inner).map(" : ".join), max_size=4).map(
            lambda parts: _joined(parts, "{ ", "\t}")
        )
    ),
    max_leaves=8,
)


@given(_json_texts)
def test_texts_of_others_are_read_as_python_reads_them(text: str) -> None:
    for given_as in (text, text.encode()):
        back = jsontext.parse(given_as)
        assert repr(back) == repr(json.loads(text))


@pytest.mark.parametrize("text", ['"\\ud800"', "[" * 400 + "]" * 400])
def test_texts_that_only_the_slower_reader_takes(text: str) -> None:
    assert jsontext.parse(text) == json.loads(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (2**63, "9223372036854775808"),
        (10**400, "1" + "0" * 400),
        (5e-324, "5e-324"),
        ("\0", '"\\u0000"'),
        ("ü𝄞", '"ü𝄞"'),
        ({"b": 1, "a": 2}, '{"b":1,"a":2}'),
        ([], "[]"),
        (None, "null"),
    ],
)
def test_texts(value: Any, text: str) -> None:
    assert jsontext.state_text(value) == text
    assert repr(jsontext.parse(text)) == repr(value)


def test_lone_surrogates_are_written_as_escapes() -> None:
    text = jsontext.state_text({"a\ud800": ["\udfffz", "ü"]})
    assert text == '{"a\\ud800":["\\udfffz","ü"]}'
    assert text.encode("utf-8")
    assert jsontext.parse(text) == {"a\ud800": ["\udfffz", "ü"]}


@given(st.text(st.characters(), max_size=8))
def test_any_text_becomes_utf8(text: str) -> None:
    written = jsontext.payload_text([text])
    assert written.encode("utf-8")
    # A high and a low surrogate beside each other are one character in JSON.
    assert jsontext.parse(written) == [json.loads(json.dumps(text))]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not_become_null(value: float) -> None:
    assert jsontext.payload_text({"a": [value, 1.5]}) == '{"a":[null,1.5]}'
    assert jsontext.state_text(value) == "null"


def test_bytes() -> None:
    assert jsontext.payload_text(b"\xfb\xff\xfe") == '"+//+"'
    assert jsontext.state_text(b"\xfb\xff\xfe") == '"+//+"'
    assert jsontext.state_text(b"text") == '"text"'
    assert jsontext.payload_text(bytearray(b"\x00")) == '"AA=="'


class Colour(enum.Enum):
    RED = "red"


class Inner(BaseModel):
    some_name: int = 1
    tags: set[str] = {"z", "a"}


@dataclasses.dataclass
class Point:
    x: int
    inner: Inner


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Inner(), '{"some_name":1,"tags":["a","z"]}'),
        (Point(1, Inner()), '{"x":1,"inner":{"some_name":1,"tags":["a","z"]}}'),
        (Colour.RED, '"red"'),
        ((1, (2,)), "[1,[2]]"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), '"2026-01-02T03:04:05Z"'),
        (Decimal("1.50"), '"1.50"'),
        ({1: "a", None: "b"}, '{"1":"a","null":"b"}'),
        ({(1, 2): "a"}, '{"1,2":"a"}'),
        (frozenset([2, 1]), "[1,2]"),
    ],
)
def test_values_of_other_types(value: Any, text: str) -> None:
    assert jsontext.state_text(value) == text


def test_what_json_cannot_carry_becomes_its_repr() -> None:
    def function() -> None:
        """Does nothing."""

    assert jsontext.parse(jsontext.state_text({"f": function, "n": 1})) == {"f": repr(function), "n": 1}


def test_a_value_within_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="Circular"):
        jsontext.state_text(value)


def test_sets_have_one_order_in_every_process() -> None:
    code = (
        "from sessiond.adk import jsontext;"
        "print(jsontext.state_text({'s': {'c', 'a', 'b', 1, (2, 'x')}, 'n': [{frozenset('xy')}]}))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(runs) == 1
