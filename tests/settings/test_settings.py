from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from tests.support.odd_names import ALL_IN_ONE, ODD_NAMES

from recto.errors import BadSetting
from recto.settings import Settings, variable_name

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ADMIN_KEY = f"recto_admin_{'0' * 64}"
SECRETS = {
    "RECTO_ADMIN_KEY",
    "RECTO_LEDGER_URL",
    "RECTO_QDRANT_API_KEY",
    "RECTO_REDIS_URL",
    "RECTO_S3_ACCESS_KEY",
    "RECTO_S3_SECRET_KEY",
    "RECTO_SECRET_KEY",
}


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


def test_variables_of_others_are_left_alone() -> None:
    assert Settings.from_environment({"HOME": "/root", "PORT": "no", "RECTOR": "x"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("RECTO_PORT", "9000", "port", 9000),
        ("RECTO_PORT", " 9000 ", "port", 9000),
        ("RECTO_DECODE_SECONDS", "2.5", "decode_seconds", 2.5),
        ("RECTO_DECODE_SECONDS", "3", "decode_seconds", 3.0),
        ("RECTO_ENCODER", "resnet50", "encoder", "resnet50"),
        ("RECTO_DEVICE", "cuda:1", "device", "cuda:1"),
        ("RECTO_REDIS_URL", "unix:///run/redis.sock", "redis_url", "unix:///run/redis.sock"),
        ("RECTO_ALLOWED_HOSTS", "books.example, localhost,", "allowed_hosts", ("books.example", "localhost")),
        ("RECTO_DATA_DIR", "/srv/recto", "data_dir", Path("/srv/recto")),
        ("RECTO_DATA_DIR", "~/recto", "data_dir", Path.home() / "recto"),
        ("RECTO_TORCH_THREADS", "0", "torch_threads", 0),
        ("RECTO_QDRANT_GRPC", "no", "qdrant_grpc", False),
        ("RECTO_QDRANT_VECTORS_ON_DISK", "True", "qdrant_vectors_on_disk", True),
    ],
)
def test_a_value_is_read_in_the_type_of_its_default(
    variable: str, text: str, name: str, value: object
) -> None:
    read = getattr(Settings.from_environment({variable: text}), name)
    assert read == value
    assert type(read) is type(value)


def test_a_relative_data_folder_becomes_absolute() -> None:
    assert Settings.from_environment({"RECTO_DATA_DIR": "data"}).data_dir == Path.cwd() / "data"


@pytest.mark.parametrize("name", [*ODD_NAMES, ALL_IN_ONE])
def test_a_folder_of_any_name_is_read_byte_for_byte_and_by_children_the_same(name: str) -> None:
    for given in (f"/srv/{name}", f"./{name}/", f"/srv/x/../{name}//"):
        settings = Settings.from_environment({"RECTO_DATA_DIR": given, "RECTO_WEIGHTS_DIR": given})
        assert settings.data_dir == Path(settings.weights_dir) == Path.cwd() / given
        assert Settings.from_environment(settings.environment()) == settings


@pytest.mark.parametrize("given", ["a\nb", "/srv/x\r", "/srv/\x1b[2J", os.fsdecode(b"/srv/\xff")])
def test_a_folder_that_cannot_be_carried_on_is_refused_by_its_variable(given: str) -> None:
    for variable in ("RECTO_DATA_DIR", "RECTO_WEIGHTS_DIR", "RECTO_QDRANT_CA_FILE"):
        with pytest.raises(BadSetting, match=f"^{variable}=.* a path that can be used") as raised:
            Settings.from_environment({variable: given})
        assert str(raised.value).isprintable()


def test_a_relative_folder_below_a_deleted_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = tmp_path / "lost"
    lost.mkdir()
    monkeypatch.chdir(lost)
    lost.rmdir()
    with pytest.raises(BadSetting, match=r"^RECTO_DATA_DIR="):
        Settings.from_environment({"RECTO_DATA_DIR": "data"})
    assert Settings.from_environment({"RECTO_DATA_DIR": "/srv"}).data_dir == Path("/srv")


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("/a, /b,s3://abc/x,", ("/a", "/b", "s3://abc/x")),
        ("/a,b/c, d,/e", ("/a,b/c, d", "/e")),
        ("/C#x,/w?1", ("/C#x", "/w?1")),
    ],
)
def test_a_comma_within_a_name_parts_no_roots(text: str, roots: tuple[str, ...]) -> None:
    settings = Settings.from_environment({"RECTO_SOURCE_ROOTS": text})
    assert settings.source_roots == roots
    assert Settings.from_environment(settings.environment()) == settings


@pytest.mark.parametrize("variable", [row[0] for row in Settings().describe()])
def test_an_empty_value_stands_for_the_default(variable: str) -> None:
    assert Settings.from_environment({variable: ""}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "rule"),
    [
        ("RECTO_PORT", "http", "a whole number"),
        ("RECTO_PORT", "80.5", "a whole number"),
        ("RECTO_PORT", "0", "between 1 and 65535"),
        ("RECTO_PORT", "65536", "between 1 and 65535"),
        ("RECTO_WEB_THREADS", "0", "greater than 0"),
        ("RECTO_TORCH_THREADS", "-1", "0 or greater"),
        ("RECTO_DECODE_SECONDS", "soon", "a number"),
        ("RECTO_DECODE_SECONDS", "nan", "a number"),
        ("RECTO_DECODE_SECONDS", "inf", "a number"),
        ("RECTO_DECODE_SECONDS", "-1", "greater than 0"),
        ("RECTO_MAX_IMAGE_BYTES", "20MB", "a whole number"),
        ("RECTO_DEVICE", "gpu", "auto, cpu, cuda or cuda:N"),
        ("RECTO_QDRANT_URL", "qdrant:6333", "starts with http:// or https://"),
        ("RECTO_QDRANT_GRPC", "perhaps", "true or false"),
        ("RECTO_QDRANT_QUANTISATION", "int7", "one of none, int8, turbo4, binary"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_and_rule(variable: str, text: str, rule: str) -> None:
    with pytest.raises(BadSetting, match=rf"^{variable}='{text}' .*{rule}"):
        Settings.from_environment({variable: text})


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(BadSetting, match="RECTO_REDIS_URL must be a URL") as raised:
        Settings.from_environment({"RECTO_REDIS_URL": "http://user:hunter2@host"})
    assert "hunter2" not in str(raised.value)


def test_an_unknown_variable_is_refused_by_its_name() -> None:
    with pytest.raises(BadSetting, match="RECTO_PROT is not a setting"):
        Settings.from_environment({"RECTO_PROT": "8000"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "localhost"])
def test_the_server_may_listen_on_any_address(host: str) -> None:
    assert Settings.from_environment({"RECTO_HOST": host}).host == host


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("RECTO_HOST", "books.example"),
        ("RECTO_TRUSTED_PROXIES", "proxy.example"),
        ("RECTO_ADMIN_KEY", "hunter2"),
    ],
)
def test_names_are_no_addresses_and_words_are_no_keys(variable: str, text: str) -> None:
    with pytest.raises(BadSetting, match=rf"^{variable}"):
        Settings.from_environment({variable: text})


def test_variables_of_the_tests_are_no_settings() -> None:
    assert Settings.from_environment({"RECTO_TEST_SEED": "1"}) == Settings()


def test_the_process_environment_is_the_default_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECTO_PORT", "8123")
    assert Settings.from_environment().port == 8123


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_secrets_are_masked_where_they_are_shown() -> None:
    given = dict.fromkeys(SECRETS, "redis://:hunter2@host") | {"RECTO_ADMIN_KEY": ADMIN_KEY}
    settings = Settings.from_environment(given)
    shown = {variable: value for variable, value, _, _ in settings.describe()}
    assert {variable for variable, value in shown.items() if value == "********"} == SECRETS
    assert "hunter2" not in repr(settings) + str(list(settings.describe()))
    assert ADMIN_KEY not in repr(settings) + str(list(settings.describe()))


def test_an_unset_secret_is_shown_as_empty() -> None:
    assert {value for variable, value, _, _ in Settings().describe() if variable in SECRETS} == {""}


def test_every_setting_has_a_default_and_a_sentence() -> None:
    described = list(Settings().describe())
    assert [row[0] for row in described] == [
        variable_name(entry.name) for entry in dataclasses.fields(Settings)
    ]
    for _, value, default, sentence in described:
        assert value == default
        assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("variable", "default", "sentence"), [(row[0], *row[2:]) for row in Settings().describe()]
)
def test_every_setting_stands_in_the_documentation(variable: str, default: str, sentence: str) -> None:
    if variable == "RECTO_DATA_DIR":  # it depends on the platform
        default = "the user data folder of the platform"
    row = f"| `{variable}` | {default or 'empty'} | {sentence} |"
    assert row in (REPOSITORY / "docs" / "settings.md").read_text().splitlines()


def test_the_documentation_names_no_setting_that_is_gone() -> None:
    rows = [
        line for line in (REPOSITORY / "docs" / "settings.md").read_text().splitlines() if "| `RECTO_" in line
    ]
    assert len(rows) == len(dataclasses.fields(Settings))
