"""The access token of a connection: one login serves all requests until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login gave: an access token to be used for `seconds`.

    `replaced` are secrets that the provider replaced with it, by their names in `Secrets`.
    """

    token: str = field(repr=False)
    seconds: float
    replaced: dict[str, str] = field(default_factory=dict, repr=False)


SignIn = Callable[[dict[str, str]], Grant]
"""Signs in. Of what it is handed, the secrets that a provider replaces are younger than the destination's own."""


def _forget(_secrets: dict[str, str]) -> None:
    """For whoever has nowhere to keep them."""


class Tokens:
    """Keeps the token for one destination, and tells `renewed` which secrets the provider replaced.

    Workers hand their destinations one that all of them share.
    """

    def __init__(self, renewed: Callable[[dict[str, str]], None] = _forget) -> None:
        self._renewed = renewed
        self._replaced: dict[str, str] = {}
        self._token, self._until = "", 0.0
        self._signed_in = False

    def get(self, login: SignIn, *, given: str = "", refused: str = "") -> str:
        """The token; `login` is called where there is none yet, it has ended, or it is the one that was `refused`.

        `given` came with the secrets and is used before any login, until it is refused. Raises what `login` raises.
        """
        if not self._token or self._token == refused or time.monotonic() >= self._until:
            self._token, seconds = self._find(login, given, refused)
            self._until = time.monotonic() + seconds
        return self._token

    def _find(self, login: SignIn, given: str, refused: str) -> tuple[str, float]:
        """A token, and for how many seconds it is good."""
        if given and given != refused and not self._signed_in:
            return given, float("inf")
        grant = login(dict(self._replaced))
        self._signed_in = True
        if grant.replaced:
            self._replaced.update(grant.replaced)
            self._renewed(grant.replaced)
        return grant.token, grant.seconds
