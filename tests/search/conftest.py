"""The drawn shelf of the tests of ingest serves here too."""

from tests.features.conftest import covers as covers
from tests.features.conftest import photo as photo
from tests.features.conftest import scene as scene
from tests.features.conftest import scene_photo as scene_photo
from tests.ingest.conftest import settings as settings
from tests.ingest.conftest import shelf as shelf
from tests.ingest.conftest import stocked as stocked
