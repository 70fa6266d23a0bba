from __future__ import annotations

import fcntl
import os
import signal
import termios
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recto.errors import Refused, Unavailable
from recto.images import Decoded, DecodePool, Limits, decode
from recto.settings import MIB, Settings

Encode = Callable[..., bytes]


@pytest.fixture
def jpeg(picture: Image.Image, encode: Encode) -> bytes:
    return encode(picture, "JPEG")


def outcome(result: Decoded | Refused) -> str:
    return result.reason if isinstance(result, Refused) else "decoded"


def outcomes(pool: DecodePool, items: list[bytes | Path]) -> list[str]:
    return [outcome(result) for result in pool.decode_many(items, 1024)]


def only_child(pool: DecodePool, jpeg: bytes) -> int:
    """The process id of the pool's child, started if need be."""
    assert outcomes(pool, [jpeg]) == ["decoded"]
    (pid,) = pool.pids
    return pid


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """The state letter of a process, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def suspend(pid: int) -> None:
    """Stop a process, and see that it stands: until then it may still read what is sent to it."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state_of(pid) == "T")


def has_request_waiting(pid: int) -> bool:
    """True when a pipe of the process holds bytes that it has not read."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if str(link.readlink()).startswith("pipe:"):
            descriptor = os.open(link, os.O_RDONLY | os.O_NONBLOCK)
            try:
                if any(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))):
                    return True
            finally:
                os.close(descriptor)
    return False


def test_a_child_gives_what_decoding_here_gives(pool: DecodePool, jpeg: bytes, limits: Limits) -> None:
    (there,) = pool.decode_many([jpeg], 80)
    here = decode(jpeg, limits, 80)
    assert isinstance(there, Decoded)
    assert np.array_equal(there.pixels, here.pixels)
    assert there.pixels.flags.writeable
    assert (there.full_width, there.full_height, there.format) == (96, 64, "JPEG")


def test_results_keep_the_order_of_the_items(picture: Image.Image, encode: Encode) -> None:
    widths = list(range(20, 60))
    items = [encode(picture.resize((width, 32)), "PNG") for width in widths]
    with DecodePool(Settings(), processes=2) as pool:
        results = pool.decode_many(items, 1024)
        assert len(pool.pids) == 2
    assert [result.full_width for result in results if isinstance(result, Decoded)] == widths


def test_refusals_stand_in_their_place(pool: DecodePool, jpeg: bytes) -> None:
    items: list[bytes | Path] = [b"", jpeg, b"a text", jpeg, jpeg[: len(jpeg) // 2], jpeg]
    expected = ["empty", "decoded", "not_an_image", "decoded", "truncated", "decoded"]
    assert outcomes(pool, items) == expected
    assert outcomes(pool, []) == []


def test_files_are_read_by_the_child(pool: DecodePool, jpeg: bytes, tmp_path: Path) -> None:
    good = tmp_path / "Umlaut äöü and space.jpg"
    good.write_bytes(jpeg)
    undecodable = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.jpg"))
    undecodable.write_bytes(jpeg)
    assert outcomes(pool, [good, undecodable]) == ["decoded", "decoded"]


def test_files_that_cannot_be_read_are_refused(pool: DecodePool, jpeg: bytes, tmp_path: Path) -> None:
    large, pipe = tmp_path / "large.jpg", tmp_path / "pipe.jpg"
    large.write_bytes(jpeg)
    os.truncate(large, 25 * MIB)
    os.mkfifo(pipe)
    items: list[bytes | Path] = [tmp_path / "absent.jpg", tmp_path, pipe, large]
    results = pool.decode_many(items, 1024)
    assert [outcome(result) for result in results] == [
        "missing",
        "unreadable",
        "unreadable",
        "too_many_bytes",
    ]
    assert "absent.jpg does not exist" in str(results[0])
    assert "25.0 MB" in str(results[3])


def test_too_many_bytes_are_not_even_sent(pool: DecodePool) -> None:
    assert outcomes(pool, [bytes(25 * MIB)]) == ["too_many_bytes"]


@pytest.mark.chaos
def test_a_child_killed_in_the_middle_costs_only_its_item(pool: DecodePool, jpeg: bytes) -> None:
    pid = only_child(pool, jpeg)
    suspend(pid)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(outcomes, pool, [jpeg, jpeg, jpeg])
        wait_until(lambda: has_request_waiting(pid))
        os.kill(pid, signal.SIGKILL)
        assert waiting.result(60) == ["crashed", "decoded", "decoded"]
    assert pool.pids != [pid]
    wait_until(lambda: state_of(pid) == "")


@pytest.mark.chaos
def test_a_child_killed_between_images_costs_nothing(pool: DecodePool, jpeg: bytes) -> None:
    for _ in range(3):
        pid = only_child(pool, jpeg)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: state_of(pid) in ("Z", ""))  # type: ignore[misc]
        assert outcomes(pool, [jpeg, jpeg]) == ["decoded", "decoded"]


def test_an_image_past_its_deadline_is_given_up(jpeg: bytes) -> None:
    with DecodePool(Settings(decode_seconds=1.0)) as pool:
        suspend(only_child(pool, jpeg))
        start = time.monotonic()
        results = pool.decode_many([jpeg, jpeg], 1024)
        assert [outcome(result) for result in results] == ["timeout", "decoded"]
        assert 0.9 < time.monotonic() - start < 15
        assert "after 1 seconds" in str(results[0])


def test_the_deadline_holds_while_the_child_takes_nothing_in(jpeg: bytes) -> None:
    with DecodePool(Settings(decode_seconds=1.0)) as pool:
        suspend(only_child(pool, jpeg))
        # More than any pipe holds, so that the parent is still writing.
        assert outcomes(pool, [jpeg + bytes(15 * MIB), jpeg]) == ["timeout", "decoded"]


def test_an_image_that_really_takes_long_is_given_up(encode: Encode) -> None:
    slow = encode(Image.new("RGBA", (7000, 7000), (1, 2, 3, 4)), "PNG", compress_level=1)
    with DecodePool(Settings(decode_seconds=0.2)) as pool:
        assert outcomes(pool, [slow]) == ["timeout"]


def test_an_image_that_needs_too_much_memory_is_refused(encode: Encode, jpeg: bytes) -> None:
    large = encode(Image.new("RGB", (6000, 6000)), "PNG", compress_level=1)
    with DecodePool(Settings(decode_memory=128 * MIB)) as pool:
        pid = only_child(pool, jpeg)
        assert outcomes(pool, [jpeg, large, jpeg]) == ["decoded", "memory", "decoded"]
        assert pool.pids == [pid], "running out of memory need not cost the child"


def test_children_ignore_the_signals_that_stop_the_service(pool: DecodePool, jpeg: bytes) -> None:
    pid = only_child(pool, jpeg)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert only_child(pool, jpeg) == pid
    assert os.getpgid(pid) != os.getpgid(0), "Ctrl-C in a terminal goes to the whole group"


def test_children_load_only_what_decoding_needs(pool: DecodePool, jpeg: bytes) -> None:
    loaded = Path(f"/proc/{only_child(pool, jpeg)}/maps").read_text()
    assert "PIL" in loaded
    for library in ("torch", "cv2", "numpy", "qdrant", "sqlite"):
        assert library not in loaded


def test_what_libraries_print_about_an_image_stays_out_of_the_log(
    picture: Image.Image, encode: Encode, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encode(picture, "TIFF", compression="tiff_lzw"))
    data[40 : len(data) // 2] = bytes(len(data) // 2 - 40)
    with pytest.raises(Refused):
        decode(bytes(data), Limits.of(Settings()), 64)
    assert capfd.readouterr().err != ""
    with DecodePool(Settings()) as pool:
        assert outcomes(pool, [bytes(data)]) == ["damaged"]
    assert capfd.readouterr() == ("", "")


def test_children_have_their_limits(pool: DecodePool, jpeg: bytes) -> None:
    text = Path(f"/proc/{only_child(pool, jpeg)}/limits").read_text()
    soft = {line[:25].strip(): line[26:].split()[0] for line in text.splitlines()[1:]}
    assert soft["Max address space"] == str(Settings().decode_memory)
    assert soft["Max file size"] == "0"
    assert soft["Max core file size"] == "0"


def test_several_threads_share_a_pool(picture: Image.Image, encode: Encode) -> None:
    def decoded_widths(width: int) -> list[int]:
        results = pool.decode_many([encode(picture.resize((width, 32)), "PNG")] * 5, 1024)
        return [result.full_width for result in results if isinstance(result, Decoded)]

    with DecodePool(Settings(), processes=2) as pool, ThreadPoolExecutor(4) as threads:
        widths = list(range(20, 40))
        assert list(threads.map(decoded_widths, widths)) == [[width] * 5 for width in widths]


def test_a_child_outlives_the_thread_that_asked_first(pool: DecodePool, jpeg: bytes) -> None:
    pids: list[int] = []
    asking = threading.Thread(target=lambda: pids.append(only_child(pool, jpeg)))
    asking.start()
    asking.join()
    time.sleep(0.2)
    assert only_child(pool, jpeg) == pids[0]


def test_closing_ends_the_children(jpeg: bytes) -> None:
    pool = DecodePool(Settings())
    pid = only_child(pool, jpeg)
    pool.close()
    assert pool.pids == []
    wait_until(lambda: state_of(pid) == "")
    pool.close()
    with pytest.raises(Unavailable):
        pool.decode_many([jpeg], 1024)


def test_closing_never_blames_the_images_in_work(jpeg: bytes) -> None:
    pool = DecodePool(Settings())
    pid = only_child(pool, jpeg)
    suspend(pid)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(pool.decode_many, [jpeg, jpeg], 1024)
        wait_until(lambda: has_request_waiting(pid))
        pool.close()
        with pytest.raises(Unavailable):
            waiting.result(60)


def test_a_child_that_cannot_start_is_not_the_fault_of_the_image(
    jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for executable, sentence in (("/bin/false", "does not start"), ("/absent/python", "cannot be started")):
        monkeypatch.setattr("sys.executable", executable)
        with DecodePool(Settings()) as pool, pytest.raises(Unavailable, match=sentence) as raised:
            pool.decode_many([jpeg], 1024)
        assert not raised.value.permanent
