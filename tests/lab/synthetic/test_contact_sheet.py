from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from recto_lab.synthetic.contact_sheet import main


def test_a_contact_sheet_of_covers_is_saved(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    result = CliRunner().invoke(main, [str(out), "--count", "12"])
    assert result.exit_code == 0, result.output
    with Image.open(out) as sheet:
        assert sheet.size == (1900, 500)
        assert len(sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).getcolors() or []) > 30


def test_a_contact_sheet_shows_photos_of_backs(tmp_path: Path) -> None:
    covers, photos = tmp_path / "covers.png", tmp_path / "photos.png"
    CliRunner().invoke(main, [str(covers), "--count", "4", "--side", "back"])
    result = CliRunner().invoke(
        main, [str(photos), "--count", "4", "--side", "back", "--photos", "--preset", "hard"]
    )
    assert result.exit_code == 0, result.output
    assert photos.read_bytes() != covers.read_bytes()
