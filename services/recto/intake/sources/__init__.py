"""Where covers come from: manifests, folders and prefixes, on this machine or in the S3 store; and their images.

Somebody at the command line reads what they can read themselves. A job from the queue or over HTTP reads what
`RECTO_SOURCE_ROOTS` names, nothing else: neither by a path, nor through a link, nor in another bucket. Where the S3
store is, only the settings say, so no source can name an address of the network.
"""

from __future__ import annotations

from recto.intake.sources.images import keep_image
from recto.intake.sources.opening import Source, open_source

__all__ = ["Source", "keep_image", "open_source"]
