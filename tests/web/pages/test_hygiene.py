"""The web server stays light, and importing it does nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
import recto_web.app
assert not list(Path(sys.argv[1]).iterdir()), "the import wrote something"
from recto.settings import Settings
app = recto_web.app.create_app(Settings(data_dir=Path(sys.argv[1])))
assert app.test_client().get("/").status_code == 200
heavy = ("torch", "torchvision", "cv2", "numpy", "PIL", "qdrant_client", "qdrant_edge")
print([name for name in heavy if name in sys.modules])
"""


def test_the_web_server_loads_neither_numpy_nor_pictures_nor_networks(tmp_path: Path) -> None:
    program = [sys.executable, "-c", CODE, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path.parent)
    assert done.stdout.strip() == "[]", done.stderr
