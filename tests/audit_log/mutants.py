"""Ways to change a file a little: what every parser here must refuse, or read as the very same."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def mutants(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw ``whole`` with one byte changed, one put in, some cut out, one line doubled or two lines swapped."""
    at = draw(st.integers(0, len(whole) - 1))
    kind = draw(st.sampled_from(["flip", "set", "insert", "cut", "truncate", "double", "swap"]))
    lines = whole.splitlines(keepends=True)
    if kind == "flip":
        return whole[:at] + bytes([whole[at] ^ 1 << draw(st.integers(0, 7))]) + whole[at + 1 :]
    if kind == "set":
        return whole[:at] + bytes([draw(st.integers(0, 255))]) + whole[at + 1 :]
    if kind == "insert":
        return (
            whole[:at]
            + draw(st.sampled_from([b"\n", b" ", b"\t", b"\r", b"\0", b"0", b"A", b"=", b"\xff"]))
            + whole[at:]
        )
    if kind == "cut":
        return whole[:at] + whole[at + draw(st.integers(1, 70)) :]
    if kind == "truncate":
        return whole[:at]
    first, second = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    if kind == "double":
        lines.insert(first, lines[second])
    else:
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)
