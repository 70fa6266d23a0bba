"""Every setting of Recto: one frozen dataclass, read once from `RECTO_*`; nothing else reads them."""

# ruff: noqa: RUF009  `_setting` makes a field of immutable values, which the rule cannot see.

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from recto.errors import BadSetting

PREFIX = "RECTO_"
MIB = 1024 * 1024
QUANTISATIONS = ("none", "int8", "turbo4", "binary")


def _setting(
    default: Any, sentence: str, *, secret: bool = False, is_path: bool = False, check: str = ""
) -> Any:
    """A field of `Settings`: its default, the sentence that explains it, the check that a value must pass.

    A secret is neither shown by `describe` nor by `repr`, nor repeated in an error. A path is read byte for byte, and
    made absolute at once: children may work in another folder.
    """
    metadata = {"sentence": sentence, "secret": secret, "is_path": is_path, "check": check}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """All settings, typed. Build it with `Settings.from_environment()`; tests may build it directly."""

    data_dir: Path = _setting(
        Path(platformdirs.user_data_dir("recto", appauthor=False)),
        "Folder that holds everything Recto writes.",
        is_path=True,
    )
    ledger_url: str = _setting(
        "", "SQLAlchemy URL of the ledger; empty: SQLite in the data folder.", secret=True
    )
    redis_url: str = _setting(
        "",
        "URL of a Redis to use; empty: a redis-server child on a socket in the data folder.",
        secret=True,
        check="redis_url",
    )
    qdrant_url: str = _setting(
        "",
        "Address (http:// or https://) of a Qdrant server, or several nodes of a cluster separated by commas; "
        "empty: the engine inside the index process.",
        check="http_url",
    )
    qdrant_api_key: str = _setting("", "API key of the Qdrant server.", secret=True)
    qdrant_grpc: bool = _setting(
        True, "Speak gRPC with the Qdrant server; HTTP is used where its gRPC port does not answer."
    )
    qdrant_grpc_port: int = _setting(6334, "gRPC port of the Qdrant server.", check="port")
    qdrant_ca_file: str = _setting(
        "",
        "File (PEM) of the authority that signed the Qdrant server's certificate; empty: the public ones.",
        is_path=True,
    )
    qdrant_seconds: float = _setting(
        30.0, "Longest time that one request to the Qdrant server may take, in seconds.", check="positive"
    )
    qdrant_shards: int = _setting(
        0, "Shards of a new collection on the Qdrant server; 0: as many as its nodes.", check="not_negative"
    )
    qdrant_replicas: int = _setting(
        1, "Nodes of the Qdrant cluster that hold each shard of a new collection.", check="positive"
    )
    qdrant_write_consistency: int = _setting(
        1, "Replicas that must have applied a write before it counts as done.", check="positive"
    )
    qdrant_quantisation: str = _setting(
        "int8",
        "Compressed embeddings that the Qdrant server searches before it re-scores with the original ones: none, int8, "
        "turbo4 or binary.",
        check="quantisation",
    )
    qdrant_vectors_on_disk: bool = _setting(
        False, "Keep original embeddings of new collections on the Qdrant server's disk instead of in memory."
    )
    qdrant_payload_on_disk: bool = _setting(
        True, "Keep fields and packed local features of new collections on the Qdrant server's disk."
    )
    images_url: str = _setting(
        "",
        "Where images and all other files that processes share are kept, as s3://bucket/prefix; empty: the data "
        "folder.",
        check="s3_url",
    )
    s3_endpoint: str = _setting("", "URL of an S3-compatible store; empty: AWS.", check="http_url")
    s3_region: str = _setting("us-east-1", "Region of the S3 store.")
    s3_access_key: str = _setting(
        "",
        "Access key of the S3 store; empty: what AWS's own variables or the machine's role give.",
        secret=True,
    )
    s3_secret_key: str = _setting("", "Secret key that belongs to the access key.", secret=True)
    s3_allow_http: bool = _setting(
        False, "Whether the S3 store may be spoken to without encryption; on loopback it always may."
    )
    s3_seconds: float = _setting(
        20.0, "Longest time that one request to the S3 store may take, in seconds.", check="positive"
    )
    source_roots: tuple[str, ...] = _setting(
        (),
        "Folders and s3://bucket/prefix places, separated by commas, that bulk jobs may read; empty: none.",
        check="roots",
    )
    host: str = _setting(
        "127.0.0.1",
        "Address the web server listens on; beyond loopback every request must name a key, and one must exist.",
        check="address",
    )
    port: int = _setting(8000, "Port of the web server; when taken, the next free one is used.", check="port")
    allowed_hosts: tuple[str, ...] = _setting(
        ("localhost", "127.0.0.1"), "Host names the web server answers to, separated by commas."
    )
    require_keys: bool = _setting(
        False, "Whether requests must name a key on loopback too; beyond it they always must."
    )
    admin_key: str = _setting(
        "",
        "A key with scope admin beside those of `recto keys`, written recto_NAME_ and 64 random hexadecimal digits.",
        secret=True,
        check="key",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        "Addresses or networks, separated by commas, of the reverse proxies whose X-Forwarded-For, -Host and -Proto "
        "are believed.",
        check="networks",
    )
    secret_key: str = _setting(
        "",
        "Key that signs form tokens and sign-ins; empty: one is made and kept in the data folder.",
        secret=True,
    )
    web_threads: int = _setting(8, "Threads of the web server.", check="positive")
    ingest_workers: int = _setting(1, "Ingest processes that `recto up` starts.", check="positive")
    torch_threads: int = _setting(
        0, "Threads of torch in each worker; 0: cores divided by workers.", check="not_negative"
    )
    encoder: str = _setting(
        "recto_small_2+pca256-46ab935c", "Encoder of a new catalogue; an existing one keeps its own."
    )
    weights_dir: str = _setting(
        "", "Folder searched first for weights (NAME.pth); empty: torch's cache.", is_path=True
    )
    device: str = _setting("auto", "Where networks run: auto, cpu, cuda or cuda:N.", check="device")
    backend: str = _setting(
        "torch",
        "Program that runs networks whose encoder names none: torch, or openvino (float32, on CPUs, needs the extra "
        "openvino).",
        check="backend",
    )
    max_image_bytes: int = _setting(
        20 * MIB, "Largest image file that is accepted, in bytes.", check="positive"
    )
    max_image_pixels: int = _setting(
        100_000_000, "Largest image that is decoded, in pixels.", check="positive"
    )
    decode_seconds: float = _setting(
        20.0, "Longest time that decoding one image may take, in seconds.", check="positive"
    )
    decode_memory: int = _setting(
        2048 * MIB, "Memory limit of a decoding child process, in bytes.", check="positive"
    )
    ingest_batch: int = _setting(32, "Covers that an ingest worker takes at a time.", check="positive")
    ingest_attempts: int = _setting(
        3,
        "Times a cover is tried when the worker dies on it, or its image fails, before it is given up.",
        check="positive",
    )
    job_backlog: int = _setting(
        2000,
        "Covers on their way into the index from which on bulk jobs are not read any further.",
        check="positive",
    )
    lease_seconds: float = _setting(
        120.0, "Time after which a claimed cover is free again when its worker is silent.", check="positive"
    )
    shortlist: int = _setting(
        50, "Candidates per witness and side that a search verifies at most.", check="positive"
    )
    search_seconds: float = _setting(
        30.0, "Time after which a search that nobody answered is given up.", check="positive"
    )
    search_keep_days: float = _setting(7.0, "Days that searches and their photos are kept.", check="positive")
    log_format: str = _setting(
        "text", "Form of log lines: text for people, or json, one object per line.", check="log_format"
    )
    metrics_host: str = _setting(
        "127.0.0.1",
        "Address on which a worker that runs alone shows its metrics; they ask for no key.",
        check="address",
    )
    metrics_port: int = _setting(
        0,
        "Port on which a worker that runs alone shows its metrics; 0: none. Under `recto up` the web server shows "
        "those of all parts.",
        check="port_or_none",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read `RECTO_*`; an empty value stands for the default, as compose files write it.

        Raises:
            BadSetting: a value cannot be used, or a `RECTO_*` variable is unknown; the message names it.
        """
        environment = os.environ if environment is None else environment
        known = {variable_name(entry.name): entry for entry in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environment.items():
            if not variable.startswith(PREFIX) or variable.startswith(PREFIX + "TEST_"):
                continue
            if variable not in known:
                raise BadSetting(f"{variable} is not a setting of Recto; `recto settings` lists them.")
            if text.strip():
                values[known[variable].name] = _parse(variable, text, known[variable])
        return cls(**values)

    def describe(self) -> Iterator[tuple[str, str, str, str]]:
        """Rows (variable, value, default, sentence); values of secrets are masked."""
        for entry in fields(self):
            assert entry.default is not MISSING
            value = _show(getattr(self, entry.name))
            if entry.metadata["secret"] and value:
                value = "********"
            yield variable_name(entry.name), value, _show(entry.default), entry.metadata["sentence"]

    def environment(self) -> dict[str, str]:
        """The variables that make a child process read the same settings."""
        return {variable_name(entry.name): _show(getattr(self, entry.name)) for entry in fields(self)}


def variable_name(setting: str) -> str:
    """Environment variable of a setting: `data_dir` -> `RECTO_DATA_DIR`."""
    return PREFIX + setting.upper()


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _parse(variable: str, text: str, entry: Field[Any]) -> object:
    """Turn the text of a variable into the type of its default."""
    kind = Path if entry.metadata["is_path"] else type(entry.default)
    if kind is not Path:
        text = text.strip()
    given = variable if entry.metadata["secret"] else f"{variable}={text!r}"
    try:
        read = _read_roots if entry.metadata["check"] == "roots" else _READERS[kind]
        value = read(text)
    except ValueError:
        raise BadSetting(f"{given} is not {_KINDS.get(kind, 'usable')}.") from None
    if kind is Path and isinstance(entry.default, str):
        value = str(value)
    check = entry.metadata["check"]
    if check and not _CHECKS[check][0](value):
        raise BadSetting(f"{given} must be {_CHECKS[check][1]}.")
    return value


def _read_path(text: str) -> Path:
    """Absolute; `~` and `~NAME` stand for home folders, where there is a user of that name.

    Raises:
        ValueError: it is not UTF-8 or has control characters, which logs, URLs and the engine do not carry; or the
            working folder that it starts from is gone.
    """
    if _CONTROL.search(text):
        raise ValueError(text)
    text.encode()  # raises a ValueError on bytes that are not UTF-8
    try:
        # Not Path.expanduser, for which `./~x` begins with the home folder of a user x.
        return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111
    except OSError:  # the working folder is gone
        raise ValueError(text) from None


def _read_roots(text: str) -> tuple[str, ...]:
    """Every root begins with `/` or `s3://`, so a comma before anything else belongs to a name."""
    return tuple(part.strip() for part in _BETWEEN_ROOTS.split(text) if part.strip())


def _read_finite(text: str) -> float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _read_bool(text: str) -> bool:
    word = text.lower()
    if word not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise ValueError(text)
    return word in ("true", "yes", "on", "1")


_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")
_KEY = re.compile(
    r"recto_[0-9a-z]{1,32}_[0-9a-f]{64}"
)  # as `recto.ledger.key_tokens` writes and reads tokens
_S3_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?")
_BETWEEN_ROOTS = re.compile(r",\s*(?=/|s3://|,|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KINDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path that can be used: UTF-8 without control characters, and not relative to a folder that is gone",
}
_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: _read_finite,
    bool: _read_bool,
    Path: _read_path,
    tuple: lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
}


def _are_roots(roots: tuple[str, ...]) -> bool:
    return all(Path(root).is_absolute() or _S3_URL.fullmatch(root) for root in roots)


def _is_address(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _are_networks(networks: tuple[str, ...]) -> bool:
    try:
        return all(ipaddress.ip_network(network) for network in networks)
    except ValueError:
        return False


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "positive": (lambda value: value > 0, "greater than 0"),
    "not_negative": (lambda value: value >= 0, "0 or greater"),
    "device": (lambda value: bool(_DEVICE.fullmatch(value)), "auto, cpu, cuda or cuda:N"),
    "backend": (lambda value: value in ("torch", "openvino"), "torch or openvino"),
    "redis_url": (
        lambda value: value.startswith(("redis://", "rediss://", "unix://")),
        "a URL that starts with redis://, rediss:// or unix://",
    ),
    "http_url": (
        lambda value: all(url.strip().startswith(("http://", "https://")) for url in value.split(",")),
        "a URL that starts with http:// or https://, or several with commas between",
    ),
    "quantisation": (lambda value: value in QUANTISATIONS, f"one of {', '.join(QUANTISATIONS)}"),
    "s3_url": (lambda value: bool(_S3_URL.fullmatch(value)), "written s3://bucket or s3://bucket/prefix"),
    "roots": (_are_roots, "absolute folders and places written s3://bucket/prefix"),
    "address": (_is_address, "an IP address such as 127.0.0.1, or 0.0.0.0 for all addresses of this machine"),
    "networks": (_are_networks, "IP addresses or networks such as 10.0.0.0/8"),
    "key": (lambda value: bool(_KEY.fullmatch(value)), "written recto_NAME_ and 64 hexadecimal digits"),
    "log_format": (lambda value: value in ("text", "json"), "text or json"),
    "port_or_none": (lambda value: 0 <= value < 65536, "a port between 1 and 65535, or 0 for none"),
    "port": (lambda value: 0 < value < 65536, "a port between 1 and 65535"),
}
