from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.hashing import (
    canonical_json,
    derive_seed,
    hash_array,
    hash_file,
    hash_folder,
    hash_path,
    hash_value,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert hash_value(value) == hash_value(dict(reversed(value.items())))


@given(JSON, JSON)
def test_equal_hashes_mean_equal_text(one: object, other: object) -> None:
    assert (hash_value(one) == hash_value(other)) == (canonical_json(one) == canonical_json(other))


def test_tuples_hash_as_lists() -> None:
    assert hash_value((1, 2)) == hash_value([1, 2])


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        hash_value(float("nan"))


@given(st.lists(JSON, max_size=4))
def test_seeds_fit_32_bits_and_repeat(parts: list[object]) -> None:
    seed = derive_seed(*parts)
    assert 0 <= seed < 2**32
    assert seed == derive_seed(*parts)


def test_parts_of_a_seed_do_not_run_together() -> None:
    assert derive_seed("ab", "c") != derive_seed("a", "bc")


def test_arrays_differ_by_type_shape_and_content_but_not_by_memory_order() -> None:
    array = np.arange(6, dtype=np.uint16).reshape(2, 3)
    same = [np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2]]
    different = [array.astype(np.uint8), array.reshape(3, 2), array + 1, array.astype(">u2")]
    assert {hash_array(other) for other in same} == {hash_array(array)}
    assert hash_array(array) not in {hash_array(other) for other in different}


def test_empty_and_scalar_arrays_have_hashes() -> None:
    assert hash_array(np.zeros((0, 3))) != hash_array(np.zeros((3, 0)))
    assert len(hash_array(np.float32(1))) == 64


def test_file_hash_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"harness")
    assert hash_file(path) == hash_path(path) == hashlib.sha256(b"harness").hexdigest()


def test_folder_hash_sees_names_and_content(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("1")
    first = hash_folder(tmp_path)
    assert first == hash_path(tmp_path)
    (tmp_path / "sub" / "a").rename(tmp_path / "sub" / "b")
    renamed = hash_folder(tmp_path)
    (tmp_path / "sub" / "b").write_text("2")
    assert len({first, renamed, hash_folder(tmp_path)}) == 3
