"""Two recipients hold nothing that joins; a pseudonym's written form loses nothing."""

import base64
import string

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.arrays import BLOCK, to_blocks
from gateway.vault import pseudonym_text
from gateway.vault.aes import BlockCmac
from gateway.vault.text import pseudonym_blocks

KEYS = st.binary(min_size=32, max_size=32)
BLOCKS = st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=40, unique=True)


@given(st.lists(KEYS, min_size=2, max_size=2, unique=True), BLOCKS)
def test_two_scopes_share_no_pseudonym(keys: list[bytes], people: list[bytes]) -> None:
    subjects = to_blocks(pa.array(people, BLOCK))
    one, other = ({row.tobytes() for row in BlockCmac(key).of(subjects)} for key in keys)
    assert len(one) == len(other) == len(people)
    assert not one & other
    assert not one & set(people)


@given(KEYS, BLOCKS)
def test_the_holder_of_the_key_goes_back_and_nobody_is_confused(key: bytes, people: list[bytes]) -> None:
    subjects = to_blocks(pa.array(people, BLOCK))
    mac = BlockCmac(key)
    assert (mac.inverse(mac.of(subjects)) == subjects).all()


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=40), st.integers(0, 3))
def test_the_written_form_is_base_32_and_comes_back(blocks: list[bytes], skip: int) -> None:
    column = pa.array(blocks, BLOCK)[skip:]
    texts = pseudonym_text(column)
    texts.validate(full=True)
    assert texts.to_pylist() == [f"p_{base64.b32encode(b).decode().rstrip('=').lower()}" for b in column.to_pylist()]
    assert pseudonym_blocks(texts).equals(column)


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=30), st.text("p_" + string.ascii_lowercase + "234567", min_size=28)))
)
def test_what_is_not_a_pseudonym_is_null(texts: list[str | None]) -> None:
    found = pseudonym_blocks(pa.array(texts, pa.string()))
    for text, block in zip(texts, found.to_pylist(), strict=True):
        if block is not None:
            assert pseudonym_text(pa.array([block], BLOCK)).to_pylist() == [text]


def test_null_and_broken_texts_stand_beside_good_ones() -> None:
    good = pseudonym_text(pa.array([b"a" * 16], BLOCK))[0].as_py()
    column = pa.chunked_array([[None, good], [good.upper(), good[:-1] + "b", good + "a", good + "\n", good]])
    expected = [None, b"a" * 16, None, None, None, None, b"a" * 16]
    assert pseudonym_blocks(column).to_pylist() == expected
