"""Writes HEIC and AVIF containers around pictures that an encoder made: grids, turns and false sizes at will.

Layout by ISO/IEC 14496-12 and 23008-12. All tiles of a grid share the bytes of one picture, so that a photo of 48
megapixels takes a few kilobytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from recto.images.boxes import boxes

FILES = Path(__file__).parent / "files"
_ESSENTIAL = 0x80
"""Mark of a property that a reader must understand; readers of AVIF insist on it for turns."""


@dataclass(frozen=True)
class Coded:
    """A picture as its encoder left it: item type, decoder configuration, bytes."""

    kind: bytes  # hvc1 or av01
    configuration: bytes
    payload: bytes
    size: tuple[int, int]


def coded(name: str) -> Coded:
    """The picture inside a file of `files/`."""
    data = (FILES / name).read_bytes()
    meta = _inside(data, 0, len(data), b"meta")
    properties = _inside(data, *_inside(data, meta[0] + 4, meta[1], b"iprp"), b"ipco")
    found = {kind: data[begin:end] for kind, begin, end in boxes(data, *properties)}
    kind = b"hvc1" if b"hvcC" in found else b"av01"
    configuration = b"hvcC" if b"hvcC" in found else b"av1C"
    begin, end = _inside(data, 0, len(data), b"mdat")
    size = struct.unpack(">II", found[b"ispe"][4:12])
    return Coded(kind, _box(configuration, found[configuration]), data[begin:end], (size[0], size[1]))


def single(
    picture: Coded, *, announced: tuple[int, int] | None = None, turns: int = 0, exif_orientation: int = 0
) -> bytes:
    """A file of one picture that is to be turned by so many quarters to the left, with an orientation in EXIF."""
    properties = [picture.configuration, _ispe(*(announced or picture.size)), _PIXELS]
    used = [1, 2, 3]
    if turns:
        properties.append(_box(b"irot", bytes([turns])))
        used.append(4 | _ESSENTIAL)
    items, links = [(1, picture.kind)], b""
    data: dict[int, bytes | None] = {1: None}
    if exif_orientation:
        tags = Image.Exif()
        tags[0x0112] = exif_orientation
        items.append((2, b"Exif"))
        data[2] = struct.pack(">I", 6) + tags.tobytes()  # the first number: bytes before the TIFF header
        links = _full_box(b"iref", 0, _box(b"cdsc", struct.pack(">HHH", 2, 1, 1)))
    return _file(picture, items, properties, [(1, used)], links, data)


def grid(picture: Coded, rows: int, columns: int, *, announced: tuple[int, int] | None = None) -> bytes:
    """A file whose picture is laid out of `rows` x `columns` times the same tile, as phones write large photos."""
    size = picture.size[0] * columns, picture.size[1] * rows
    tiles = list(range(2, 2 + rows * columns))
    items = [(1, b"grid"), *((tile, picture.kind) for tile in tiles)]
    properties = [picture.configuration, _ispe(*picture.size), _PIXELS, _ispe(*(announced or size))]
    used = [(1, [4, 3]), *((tile, [1, 2, 3]) for tile in tiles)]
    layout = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
    links = _box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles))
    data: dict[int, bytes | None] = {1: layout, **dict.fromkeys(tiles)}
    return _file(picture, items, properties, used, _full_box(b"iref", 0, links), data)


def _file(
    picture: Coded,
    items: list[tuple[int, bytes]],
    properties: list[bytes],
    used: list[tuple[int, list[int]]],
    links: bytes,
    data: dict[int, bytes | None],
) -> bytes:
    """The file; an item whose data is None has the bytes of the picture."""
    heif = picture.kind == b"hvc1"
    start = _box(b"ftyp", b"heic\0\0\0\0mif1heic" if heif else b"avif\0\0\0\0avifmif1miaf")
    own = b"".join(body for body in data.values() if body)

    def meta(base: int) -> bytes:
        """The header, with the bytes of the picture at `base` and all other data after them."""
        entries, offset = b"", base + len(picture.payload)
        for item, body in data.items():
            place, length = (base, len(picture.payload)) if body is None else (offset, len(body))
            offset += 0 if body is None else length
            entries += struct.pack(">HHHII", item, 0, 1, place, length)
        infos = b"".join(_full_box(b"infe", 2, struct.pack(">HH4sx", item, 0, kind)) for item, kind in items)
        associations = b"".join(
            struct.pack(">HB", item, len(numbers)) + bytes(numbers) for item, numbers in used
        )
        return _full_box(
            b"meta",
            0,
            _full_box(b"hdlr", 0, bytes(4) + b"pict" + bytes(13)),
            _full_box(b"pitm", 0, struct.pack(">H", 1)),
            _full_box(b"iloc", 0, b"\x44\x00" + struct.pack(">H", len(data)) + entries),
            _full_box(b"iinf", 0, struct.pack(">H", len(items)) + infos),
            links,
            _box(
                b"iprp",
                _box(b"ipco", *properties),
                _full_box(b"ipma", 0, struct.pack(">I", len(used)) + associations),
            ),
        )

    base = len(start) + len(meta(0)) + 8
    return start + meta(base) + _box(b"mdat", picture.payload, own)


def _inside(data: bytes, start: int, end: int, kind: bytes) -> tuple[int, int]:
    return next((begin, after) for name, begin, after in boxes(data, start, end) if name == kind)


def _box(kind: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full_box(kind: bytes, version: int, *contents: bytes) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *contents)


def _ispe(width: int, height: int) -> bytes:
    return _full_box(b"ispe", 0, struct.pack(">II", width, height))


_PIXELS = _full_box(b"pixi", 0, b"\x03\x08\x08\x08")
