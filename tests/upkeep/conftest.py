"""The drawn shelf of the tests of ingest serves here too."""

from tests.ingest.conftest import settings as settings
from tests.ingest.conftest import shelf as shelf
from tests.ingest.conftest import stocked as stocked
