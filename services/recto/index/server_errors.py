"""What goes wrong between Recto and a Qdrant server, as Recto's errors: each a sentence that says what to do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pydantic
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from recto.errors import BadSetting, IndexFault, NotFound, RectoError, Unavailable

CLIENT_ERRORS = (
    grpc.RpcError,
    ApiException,
    QdrantException,
    httpx.HTTPError,
    httpx.InvalidURL,
    json.JSONDecodeError,  # of an answer, as is the next
    pydantic.ValidationError,
)
"""All that qdrant-client raises when a request fails; anything else is a mistake in the program."""
_Code = grpc.StatusCode
_UNAVAILABLE = {
    _Code.UNAVAILABLE,
    _Code.DEADLINE_EXCEEDED,
    _Code.RESOURCE_EXHAUSTED,
    _Code.CANCELLED,
    _Code.ABORTED,
    _Code.FAILED_PRECONDITION,  # the storage is locked, or a node is not in the state to do it
}
_BROKEN_OFF = ("rst_stream", "stream removed", "socket closed", "goaway", "connection reset")
"""What gRPC says, as INTERNAL or UNKNOWN, when a server dies in the middle of an answer."""
_CLUSTER = (
    "please retry",
    "no active replica",
    "enough active replicas",
    "read operations failed",
    "no leader",
    "failed to connect",
    "transport error",
    "tcp connect error",
    "consensus",
    "operation cancelled",
    "via leader peer",
    "timed out",
)
"""What a node says, as an internal error, when others of its cluster do not answer: it passes when they do again."""
_STATUS_UNAVAILABLE = {408, 425, 429, 502, 503, 504}
_LONGEST_QUOTE = 300


class Refusal(IndexFault):
    """The server understood a request and does not do it: the same again would not help."""


class AlreadyThere(Refusal):
    """The collection that was to be made exists, as another process was faster."""


def translated(error: Exception, address: str) -> RectoError:
    """The error of a request to the server at `address`."""
    if isinstance(error, ResponseHandlingException):
        return _of_transport(error.source, address)
    if isinstance(error, UnexpectedResponse):
        return _of_status(error.status_code or 0, _text_of(error), address)
    if isinstance(error, grpc.Call):
        answer: Any = error  # gRPC ships no types
        return _of_code(answer.code(), answer.details() or "", address)
    if isinstance(error, ResourceExhaustedResponse):
        return _of_status(429, str(error), address)
    return _of_transport(error, address)


def _of_transport(error: BaseException, address: str) -> RectoError:
    """Errors of the connection, and answers that are not what the protocol says."""
    chain = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
        return BadSetting(
            f"The certificate of the Qdrant server at {address} cannot be trusted ({_quoted(str(error))}). Name the "
            f"authority that signed it in RECTO_QDRANT_CA_FILE."
        )
    if any(isinstance(cause, ssl.SSLError) and _is_no_tls(cause) for cause in chain):
        return BadSetting(
            f"RECTO_QDRANT_URL names {address}, but nothing there speaks TLS ({_quoted(str(error))}). Does the address "
            f"begin with http:// instead?"
        )
    if isinstance(error, httpx.TimeoutException):
        return Unavailable(
            f"The Qdrant server at {address} did not answer in time; raise RECTO_QDRANT_SECONDS if it is only slow."
        )
    if isinstance(error, (httpx.TransportError, OSError)):
        return _silent(address, str(error))
    return IndexFault(f"The server at {address} gave an answer that is not Qdrant's: {_quoted(str(error))}.")


def _is_no_tls(error: ssl.SSLError) -> bool:
    """True for what a plain server answers to a TLS greeting; other errors of TLS come from broken connections."""
    return error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")


def _of_status(status: int, text: str, address: str) -> RectoError:
    """Errors that an HTTP status names."""
    if status == 401 or (status == 403 and "locked" not in text.lower()):
        return _refused_key(text, address)
    if status == 404:
        return NotFound(f"The Qdrant server at {address} does not have it: {_quoted(text)}.")
    if status == 409:
        return AlreadyThere(f"The Qdrant server at {address} has it already: {_quoted(text)}.")
    if status in _STATUS_UNAVAILABLE or status == 403 or (status >= 500 and _passes(text)):
        return _silent(address, text)
    kind = Refusal if 400 <= status < 500 else IndexFault
    return kind(f"The Qdrant server at {address} failed ({status}): {_quoted(text)}.")


def _of_code(code: grpc.StatusCode, text: str, address: str) -> RectoError:
    """Errors that a gRPC code names."""
    if code in (_Code.UNAUTHENTICATED, _Code.PERMISSION_DENIED):
        return _refused_key(text, address)
    if code is _Code.NOT_FOUND:
        return NotFound(f"The Qdrant server at {address} does not have it: {_quoted(text)}.")
    if code is _Code.ALREADY_EXISTS:
        return AlreadyThere(f"The Qdrant server at {address} has it already: {_quoted(text)}.")
    broken_off = code in (_Code.INTERNAL, _Code.UNKNOWN) and (
        _passes(text) or any(words in text.lower() for words in _BROKEN_OFF)
    )
    if code in _UNAVAILABLE or broken_off:
        return _silent(address, text)
    kind = (
        Refusal if code in (_Code.INVALID_ARGUMENT, _Code.UNIMPLEMENTED, _Code.OUT_OF_RANGE) else IndexFault
    )
    return kind(f"The Qdrant server at {address} failed ({code.name.lower()}): {_quoted(text)}.")


def _silent(address: str, text: str) -> Unavailable:
    return Unavailable(
        f"The Qdrant server at {address} does not answer at present ({_quoted(text)}). Check that it runs and that "
        f"RECTO_QDRANT_URL is right; what was not written is written when it answers again."
    )


def _refused_key(text: str, address: str) -> BadSetting:
    return BadSetting(
        f"RECTO_QDRANT_API_KEY: the Qdrant server at {address} refuses the key ({_quoted(text)}). Recto needs one that "
        f"may read, write and manage collections."
    )


def _passes(text: str) -> bool:
    return any(words in text.lower() for words in _CLUSTER)


def _quoted(text: str) -> str:
    """What the other side said, on one line and not longer than a sentence may be."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."


def _text_of(error: UnexpectedResponse) -> str:
    """The server's own words in an answer."""
    text = error.content.decode(errors="replace")
    try:
        return str(json.loads(text)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return text or error.reason_phrase


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
