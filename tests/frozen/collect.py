"""What scripts, people and stored catalogues rely on, as the code of today has it.

    python -m tests.frozen.collect        # writes it into tests/frozen/names.json

Most of it is found by what the program says of itself. The imports below are the rest; they follow code that moves.
"""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from tests.conftest import REPOSITORY
from tests.observe.test_documentation import exposed

from recto import features as local
from recto.encoders import CARDS, all_cards, load_encoder
from recto.encoders.registry import version_of
from recto.ledger import CANCELLED, PAUSED, RESUMING, Outcome
from recto.ledger.facts import BUILDING, DROPPING, LIVE, OTHER, PREVIOUS, READY, REQUEST
from recto.ledger.schema import FORMAT
from recto.records import Alike, Book, CoverState, Side, Verdict
from recto.settings import Settings
from recto.versions import PAYLOAD_SCHEMA, Recipe, Version
from recto_web.app import create_app
from recto_web.cli import main
from recto_workers import messages
from recto_workers.app import KEY_PREFIX
from recto_workers.comparing import LEASE as COMPARING
from recto_workers.upkeep import LEASE as UPKEEP

FILE = Path(__file__).with_name("names.json")
Names = dict[str, Any]
"""Nested: a name with what belongs to it, or with a text, or a list whose order does not matter."""


def collect(data: Path) -> Names:
    """Everything that can be read from the code; `data` is an empty folder."""
    return {
        "celery": celery(),
        "commands": dict(sorted(_commands(main, "recto"))),
        "commands, exit codes": dict(
            re.findall(r"(\d) ([^;.]+)[;.]", (main.help or "").split("Exit codes:")[1])
        ),
        "entry points": entry_points(),
        "http api": http_api(data),
        "metrics": {name: " ".join(sorted(labels)) for name, labels in exposed().items()},
        "recipes": recipes(data),
        "recipes of all cards": {
            name: Recipe(name, card.fingerprint()).recipe_id for name, card in all_cards().items()
        },
        "redis": {"prefix": KEY_PREFIX, "documents": [KEY_PREFIX + name for name in messages.DOCUMENTS]},
        "settings": {name: _portable(default) for name, _, default, _ in Settings().describe()},
        "states": states(),
    }


def celery() -> Names:
    """Tasks with queue and arguments; queues as text, since their order counts."""
    tasks = {task.name: {"queue": task.queue, "arguments": dict(task.arguments)} for task in messages.TASKS}
    queues = {"index": " ".join(messages.INDEX_QUEUES), "ingest": " ".join(messages.INGEST_QUEUES)}
    return {"tasks": tasks, "queues": queues, "headers": [messages.REQUEST_ID, messages.SENT]}


def states() -> Names:
    """Words that stand in ledgers."""
    return {
        "alike": list(Alike),
        "cover": list(CoverState),
        "facts": [LIVE, OTHER, REQUEST],
        "format of the ledger": str(FORMAT),
        "job control": [PAUSED, RESUMING, CANCELLED],
        "leases": [COMPARING, UPKEEP],
        "outcome of an item": list(Outcome),
        "side": list(Side),
        "verdict": list(Verdict),
        "version beside the live one": [BUILDING, READY, PREVIOUS, DROPPING],
    }


def recipes(data: Path) -> Names:
    """What ships: each encoder with the parts of a catalogue's recipe, its hash, and names of collections."""
    settings = Settings(data_dir=data)
    own = {f"local.{name}": value for name, value in local.fingerprint().items()}
    found: Names = {
        "local and payload": {**own, "payload": str(PAYLOAD_SCHEMA)},
        "codebook": local.fingerprint()["codebook"],
    }
    for name in (name for name, card in CARDS.items() if card.architecture == "recto_small"):
        encoder = load_encoder(name, settings)
        parts = {f"encoder.{key}": value for key, value in encoder.fingerprint().items()}
        recipe = Recipe(name, {**parts, **found["local and payload"]}).recipe_id
        assert recipe == version_of(encoder).recipe_id, "a recipe has parts that this does not know"
        found[name] = {"recipe": recipe, **parts}
    version = Version("0123456789ab", "any")
    found["collections"] = {side.value: version.collection(side) for side in Side}
    book = Book("id", "title", ("author",), "isbn", "publisher", 1999, "en", ("tag",))
    found["payload"] = sorted(book.filter_fields())
    return found


def entry_points() -> Names:
    """Scripts and extras of the package, targets of make, and modules that documents start with `-m`."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    targets = re.findall(r"^([a-z]+):.*## ", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    places = ("docs", "infra", "benchmarks", "README.md", "CONTRIBUTING.md", "docker-compose.yml")
    files = [file for place in places for file in _files(REPOSITORY / place)]
    named = {name for file in files for name in re.findall(r"-m (recto[\w.]*\w)", file.read_text())}
    started = {name for name in named if importlib.util.find_spec(name)}
    return {
        "scripts": sorted(project["scripts"]),
        "extras": sorted(project["optional-dependencies"]),
        "make": sorted(targets),
        "python -m": sorted(started | {"recto_web.cli", "recto_workers.run"}),
    }


def _files(place: Path) -> Iterable[Path]:
    suffixes = (".md", ".yml", ".py", ".sh")
    return [file for file in place.rglob("*") if file.suffix in suffixes] if place.is_dir() else [place]


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, Names]]:
    """Each command with its arguments, whose order counts, and its options."""
    arguments = " ".join(
        f"{parameter.name}{'' if parameter.required else '?'}{'...' if parameter.nargs < 0 else ''}"
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    )
    options = {
        " ".join([*option.opts, *option.secondary_opts]): _option(option)
        for option in command.params
        if isinstance(option, click.Option)
    }
    required = " ".join(sorted(name for name, words in options.items() if "required" in words))
    yield name, {"arguments": arguments, "options": options, "required": required}
    if isinstance(command, click.Group):
        for part, child in command.commands.items():
            yield from _commands(child, f"{name} {part}")


def _option(option: click.Option) -> list[str]:
    """What it takes, its choices one by one, and its default."""
    kind = map(str, option.type.choices) if isinstance(option.type, click.Choice) else [option.type.name]
    words = [word for word in ("is_flag", "multiple", "required") if getattr(option, word)]
    default = option.to_info_dict()["default"]
    shown = [f"default {default}"] if isinstance(default, str | int | float) else []
    return [*kind, *words, *shown]


def http_api(data: Path) -> Names:
    """Operations and the keys of every schema, from the OpenAPI document."""
    settings = Settings(data_dir=data, redis_url=f"unix://{data}/none.sock")
    document = create_app(settings).test_client().get("/api/v1/openapi.json").json
    assert document is not None
    found: Names = {"schemas": {}}
    for path, operations in document["paths"].items():
        shared = operations.pop("parameters", [])
        for method, operation in operations.items():
            parameters = [_resolved(document, one) for one in [*shared, *operation.get("parameters", [])]]
            answers = {status: _content(answer) for status, answer in operation["responses"].items()}
            asked = operation.get("requestBody", {})
            found[f"{method.upper()} {path}"] = {
                "parameters": {f"{one['in']} {one['name']}": _kind(one["schema"]) for one in parameters},
                "required": " ".join(sorted(one["name"] for one in parameters if one.get("required"))),
                "scopes": json.dumps(operation.get("security", [])),
                "request": _content(asked),
                "request, required": _required(document, asked),
                "answers": answers,
            }
    for name, schema in document["components"]["schemas"].items():
        found["schemas"][name] = _keys(schema)
    return found


def _resolved(document: Names, part: Names) -> Names:
    if "$ref" not in part:
        return part
    for name in part["$ref"].removeprefix("#/").split("/"):
        document = document[name]
    return document


def _content(body: Names) -> Names:
    """What a request or an answer carries, by its media type."""
    return {kind: _keys(media.get("schema", {})) for kind, media in body.get("content", {}).items()}


def _required(document: Names, body: Names) -> str:
    """Keys without which a request is refused, as one text: another one would be a change."""
    schemas = [_resolved(document, media.get("schema", {})) for media in body.get("content", {}).values()]
    return " ".join(sorted({name for schema in schemas for name in schema.get("required", [])}))


def _keys(schema: Names) -> Any:
    """Keys of an object with the kind of each; of anything else its kind."""
    if "properties" not in schema:
        return _kind(schema)
    return {name: _kind(part) for name, part in schema["properties"].items()}


def _kind(schema: Names) -> Any:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        return [str(value) for value in schema["enum"]]
    if schema.get("type") == "array" or "items" in schema:
        inner = _keys(schema["items"])
        return f"{inner}[]" if isinstance(inner, str) else {"[]": inner}
    if "properties" in schema:
        return _keys(schema)
    options = [_kind(part) for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, [])]
    if options:
        return " or ".join(map(str, options))
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _portable(value: str) -> str:
    return value.replace(str(Path.home()), "~")


def changes(frozen: Any, today: Any, where: str = "") -> Iterator[str]:
    """What the frozen names have that those of today have not, or have otherwise; what is new is no change."""
    if isinstance(frozen, dict):
        for name, value in frozen.items():
            place = f"{where} / {name}" if where else name
            if not isinstance(today, dict) or name not in today:
                yield f"{place} is gone"
            else:
                yield from changes(value, today[name], place)
    elif isinstance(frozen, list):
        yield from (f"{where} / {name} is gone" for name in frozen if name not in today)
    elif frozen != today:
        yield f"{where} was {frozen!r} and is {today!r}"


def written(names: Names) -> str:
    """The names as sorted JSON, one a line."""
    return json.dumps(_by_line(names), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _by_line(value: Any) -> Any:
    """Lists in order."""
    if isinstance(value, dict):
        return {name: _by_line(part) for name, part in value.items()}
    return sorted(map(str, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    import tempfile

    from tests.frozen.observe import observe

    with tempfile.TemporaryDirectory(prefix="recto-") as folder:
        for part in ("code", "run"):
            Path(folder, part).mkdir()
        FILE.write_text(written({**collect(Path(folder, "code")), **observe(Path(folder, "run"))}))
