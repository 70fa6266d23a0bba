"""What a reverse proxy says of the request it passes on, believed only of proxies that a setting names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class BelieveProxies:
    """Takes client address, host and scheme from `X-Forwarded-*` when the request comes from a named proxy.

    Of several values the last one counts: it is what that proxy added.
    """

    def __init__(self, application: WSGIApplication, proxies: Sequence[str]) -> None:
        self._plain = application
        self._believing = ProxyFix(application, x_for=1, x_proto=1, x_host=1)
        self._networks = [ipaddress.ip_network(proxy) for proxy in proxies]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        named = self._is_named(environ.get("REMOTE_ADDR", ""))
        return (self._believing if named else self._plain)(environ, start_response)

    def _is_named(self, address: str) -> bool:
        try:
            return any(ipaddress.ip_address(address) in network for network in self._networks)
        except ValueError:
            return False
