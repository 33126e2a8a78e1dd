import json
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import cmac, keywrap
from cryptography.hazmat.primitives.ciphers import algorithms
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault import aes
from gateway.vault.aes import BlockCmac

VECTORS = Path(__file__).parents[2] / "vectors"
CMAC = json.loads((VECTORS / "aes_cmac.json").read_text())
WRAP = json.loads((VECTORS / "aes_key_wrap.json").read_text())
KEYS = st.binary(min_size=32, max_size=32)


def rows(data: bytes, width: int) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def test_cmac_of_one_block_is_the_published_one() -> None:
    mac = BlockCmac(bytes.fromhex(CMAC["key"]))
    assert mac._subkey.tobytes().hex() == CMAC["k1"]
    assert mac.of(rows(bytes.fromhex(CMAC["message"]), 16)).tobytes().hex() == CMAC["mac"]


@pytest.mark.parametrize("case", WRAP["cases"], ids=lambda case: str(len(case["key"]) * 4))
def test_key_wrap_is_the_published_one(case: dict[str, str]) -> None:
    kek, key = bytes.fromhex(WRAP["kek"]), bytes.fromhex(case["key"])
    assert aes.wrap(kek, rows(key, len(key))).tobytes().hex() == case["wrapped"]


@given(KEYS, st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=5))
def test_a_column_of_cmacs_is_the_librarys_and_can_be_undone(key: bytes, blocks: list[bytes]) -> None:
    def one(block: bytes) -> bytes:
        reference = cmac.CMAC(algorithms.AES(key))
        reference.update(block)
        return reference.finalize()

    data = rows(b"".join(blocks), 16)
    macs = BlockCmac(key).of(data)
    assert macs.tobytes() == b"".join(map(one, blocks))
    assert (BlockCmac(key).inverse(macs) == data).all()


@given(KEYS, st.lists(st.binary(min_size=64, max_size=64), min_size=1, max_size=5))
def test_a_column_of_wrapped_keys_is_the_librarys_and_opens(kek: bytes, keys: list[bytes]) -> None:
    wrapped = aes.wrap(kek, rows(b"".join(keys), 64))
    assert [row.tobytes() for row in wrapped] == [keywrap.aes_key_wrap(kek, key) for key in keys]
    opened = aes.unwrap(kek, wrapped)
    assert opened is not None
    assert opened.tobytes() == b"".join(keys)


@given(KEYS, st.binary(min_size=64, max_size=64), st.integers(0, 72 * 8 - 1))
def test_a_wrapped_key_with_one_flipped_bit_does_not_open(kek: bytes, key: bytes, bit: int) -> None:
    wrapped = aes.wrap(kek, rows(key * 2, 64)).copy()
    wrapped[1, bit // 8] ^= 1 << bit % 8
    assert aes.unwrap(kek, wrapped) is None


def test_no_key_in_a_repr() -> None:
    assert repr(BlockCmac(b"k" * 32)) == "BlockCmac(…)"
