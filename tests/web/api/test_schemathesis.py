"""The description holds: schemathesis asks a whole running instance what it foresees and what it does not.

All its checks, over every operation: examples, the edges of every schema, random bodies, and walks along the links
from answer to answer. Fixed seed; about 1,400 requests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.web.api.conftest import ADMIN_KEY, Instance

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = "5"
"""Random requests for each operation; the edges of the schemas come on top. The edges find more."""
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412"]

[[operations]]  # no schema says which networks exist, nor that a picture shows a cover
include-operation-id = ["searches_start", "covers_add", "index_reindex"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "422", "429", "503"]

[[operations]]  # no schema says what `clear` may name beside the other fields
include-operation-id = ["books_put"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "412", "422"]

[[operations]]  # on a loaded machine a worker may not answer in time, which is said with 503
include-operation-id = ["searches_start", "searches_get", "evidence_ask", "evidence_get"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]
"""


def test_every_answer_is_as_described(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{instance.url}/api/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {ADMIN_KEY}"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"),
        *("--max-examples", EXAMPLES, "--generation-deterministic", "--continue-on-failure"),
        *("--request-timeout", "60", "--suppress-health-check", "all"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SCHEMATHESIS_HOOKS": "tests.web.api.hooks"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    assert "38 selected / 38 total" in done.stdout, "an operation was left out"
