"""What every store does, wherever it keeps things: in a folder and in a bucket of a real S3 server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recto.errors import BadInput, NotFound, Refused
from recto.settings import Settings
from recto.storage.blobs import Blobs, Content, open_blobs

DATA = b"the bytes of a cover"
NAME = hashlib.sha256(DATA).hexdigest()
AT_ONCE, NEVER = -60.0, 3600.0
"""Ages: everything is older than a minute from now, nothing than an hour."""


def read(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def test_it_can_be_used_from_the_start(blobs: Blobs) -> None:
    blobs.check()
    assert blobs.prune_incoming(AT_ONCE) == 0
    assert blobs.discarded(AT_ONCE) == blobs.staged_names(AT_ONCE) == []


def test_an_original_is_kept_under_its_sha256(blobs: Blobs) -> None:
    assert blobs.put(DATA) == blobs.put(DATA) == NAME
    assert blobs.exists(NAME)
    assert blobs.get(NAME) == read(blobs.source(NAME)) == DATA


def test_an_original_is_kept_as_its_file_or_its_pieces_are(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(DATA)
    assert blobs.put_file(tmp_path / "cover.jpg", max_bytes=len(DATA)) == NAME
    assert blobs.put_pieces(iter([DATA[:5], b"", DATA[5:]])) == NAME
    assert blobs.get(NAME) == DATA
    assert blobs.get(blobs.put_pieces([])) == b""


def test_a_large_original_is_kept_whole(blobs: Blobs) -> None:
    piece = os.urandom(1024 * 1024)
    name = blobs.put_pieces(piece for _ in range(21))
    assert blobs.get(name) == piece * 21
    assert name == hashlib.sha256(piece * 21).hexdigest()


def test_pieces_that_break_off_leave_nothing(blobs: Blobs) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise Refused("missing", "It went away.")

    with pytest.raises(Refused, match="went away"):
        blobs.put_pieces(broken())
    assert not blobs.exists(NAME)


def test_files_that_cannot_be_kept_are_refused(blobs: Blobs, tmp_path: Path) -> None:
    large, pipe = tmp_path / "large.jpg", tmp_path / "pipe.jpg"
    large.write_bytes(bytes(1001))
    os.mkfifo(pipe)
    for path, reason in (
        (tmp_path / "absent.jpg", "missing"),
        (tmp_path, "unreadable"),
        (pipe, "unreadable"),
        (large, "too_many_bytes"),
    ):
        with pytest.raises(Refused) as raised:
            blobs.put_file(path, max_bytes=1000)
        assert raised.value.reason == reason


def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    assert not blobs.exists(NAME)
    assert blobs.read_thumbnail(NAME) is None
    assert blobs.get_staged("a" * 32 + ".npz") is None
    assert blobs.find_model(NAME[:8]) is None
    for method in (blobs.get, blobs.source, blobs.get_model):
        with pytest.raises(NotFound, match=NAME[:12]):
            method(NAME)
    with pytest.raises(NotFound, match="cleared away"):
        blobs.incoming("a" * 32)


def test_deleting_takes_the_thumbnail_along_and_may_be_repeated(blobs: Blobs) -> None:
    blobs.put(DATA)
    blobs.put_thumbnail(NAME, b"jpeg")
    for _ in range(2):
        blobs.delete(NAME)
        assert not blobs.exists(NAME)
        assert blobs.read_thumbnail(NAME) is None


def test_a_thumbnail_replaces_an_earlier_one(blobs: Blobs) -> None:
    blobs.put_thumbnail(NAME, b"first")
    blobs.put_thumbnail(NAME, b"second")
    assert blobs.read_thumbnail(NAME) == b"second"


def test_a_discarded_original_stays_until_its_time_and_is_kept_when_it_is_put_again(blobs: Blobs) -> None:
    gone, back = blobs.put(b"gone"), blobs.put(b"back")
    for sha256 in (gone, back):
        blobs.discard(sha256)
    assert blobs.discarded(NEVER) == []
    assert blobs.discarded(AT_ONCE) == sorted([gone, back])
    blobs.put(b"back")
    assert blobs.discarded(AT_ONCE) == [gone]
    assert blobs.exists(gone)
    blobs.delete(gone)
    assert blobs.discarded(AT_ONCE) == []


def test_an_upload_has_a_name_of_its_own_and_goes_at_its_time(blobs: Blobs) -> None:
    names = {blobs.put_incoming(DATA) for _ in range(3)}
    assert len(names) == 3
    assert {read(blobs.incoming(name)) for name in names} == {DATA}
    one = names.pop()
    for _ in range(2):
        blobs.delete_incoming(one)
    assert blobs.prune_incoming(NEVER) == 0
    assert blobs.prune_incoming(AT_ONCE) == 2
    for name in names:
        with pytest.raises(NotFound):
            blobs.incoming(name)


def test_a_staged_file_is_read_until_it_is_deleted(blobs: Blobs) -> None:
    first, second = blobs.put_staged(b"vectors"), blobs.put_staged(b"vectors")
    assert blobs.get_staged(first) == b"vectors"
    assert blobs.staged_names(NEVER) == []
    assert blobs.staged_names(AT_ONCE) == sorted([first, second])
    for _ in range(2):
        blobs.delete_staged(first)
    assert blobs.get_staged(first) is None
    assert blobs.staged_names(AT_ONCE) == [second]


def test_a_learned_file_is_found_by_the_beginning_of_its_sha256(blobs: Blobs) -> None:
    assert blobs.put_model(DATA) == blobs.put_model(DATA) == NAME
    assert blobs.get_model(NAME) == DATA
    assert blobs.find_model(NAME[:8]) == NAME
    assert blobs.find_model("0" * 8) is None


def test_learned_files_are_listed_up_to_a_size(blobs: Blobs) -> None:
    assert blobs.list_models(1000) == []
    small, other, large = (blobs.put_model(data) for data in (DATA, b"another", bytes(1001)))
    assert blobs.list_models(1000) == sorted([small, other])
    assert blobs.list_models(1001) == sorted([small, other, large])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../ledger.sqlite3",
        "/etc/passwd",
        NAME.upper(),
        NAME[:-1],
        NAME + "\n",
        f"{NAME}.jpg",
        "a" * 32 + "/",
    ],
)
def test_no_name_leads_out_of_the_store(name: str, blobs: Blobs) -> None:
    methods: list[Callable[[str], object]] = [
        blobs.get,
        blobs.source,
        blobs.exists,
        blobs.delete,
        blobs.discard,
    ]
    methods += [
        blobs.keep,
        blobs.read_thumbnail,
        lambda name: blobs.put_thumbnail(name, b"jpeg"),
        blobs.get_model,
    ]
    methods += [blobs.incoming, blobs.delete_incoming, blobs.get_staged, blobs.delete_staged]
    for method in methods:
        with pytest.raises(BadInput):
            method(name)


def test_many_writers_of_the_same_bytes_agree(blobs: Blobs) -> None:
    data = os.urandom(200_000)
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: blobs.put(data), range(24)))
    assert len(names) == 1
    assert blobs.get(names.pop()) == data


def test_another_process_finds_everything(blobs: Blobs, settings: Settings) -> None:
    name, upload, staged = blobs.put(DATA), blobs.put_incoming(b"photo"), blobs.put_staged(b"vectors")
    other = open_blobs(settings)
    assert (other.get(name), read(other.incoming(upload)), other.get_staged(staged)) == (
        DATA,
        b"photo",
        b"vectors",
    )
