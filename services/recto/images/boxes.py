"""The boxes of HEIC and AVIF files (ISO/IEC 14496-12), read only as far as the size of the picture asks for."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# Where the boxes inside a box begin: `meta` is a full box, with a version and flags before them.
_PATH_TO_SIZES = ((b"meta", 4), (b"iprp", 0), (b"ipco", 0))


def canvas(data: bytes) -> tuple[int, int] | None:
    """Width and height of the largest picture that the header announces (`ispe`, ISO/IEC 23008-12, 6.5.3).

    None where none is found. The decoders allocate before they tell the size of some files, hence this reader.
    """
    start, end = 0, len(data)
    for name, offset in _PATH_TO_SIZES:
        found = next((place for kind, *place in boxes(data, start, end) if kind == name), None)
        if found is None:
            return None
        start, end = found[0] + offset, found[1]
    sizes = [_size(data, *place) for kind, *place in boxes(data, start, end) if kind == b"ispe"]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def are_cut(data: bytes) -> bool:
    """True when the last box claims more bytes than there are."""
    return max((end for _, _, end in boxes(data, 0, len(data))), default=0) < len(data)


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin and end of the content of each box between two places; ends at the first that does not fit."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        begin, after = start + 8, start + size
        if size == 0:  # the last box
            after = end
        elif size == 1 and begin + 8 <= end:
            begin, after = begin + 8, start + int(struct.unpack_from(">Q", data, begin)[0])
        if not begin <= after <= end:
            return
        yield kind, begin, after
        start = after


def _size(data: bytes, begin: int, end: int) -> tuple[int, int]:
    return struct.unpack_from(">II", data, begin + 4) if end - begin >= 12 else (0, 0)
