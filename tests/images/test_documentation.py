from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def test_every_reason_of_a_refusal_is_documented_and_no_other() -> None:
    package = REPOSITORY / "services" / "recto"
    sources = (package / "images" / "refusals.py").read_text() + (package / "files.py").read_text()
    reasons = re.findall(r'Refused\(\s*"(\w+)"', sources)
    assert len(reasons) == len(set(reasons)) >= 10
    documented = re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "docs" / "images.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(reasons)
