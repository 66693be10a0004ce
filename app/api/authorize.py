"""Connecting an account in a browser: the address that the person is sent to."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import request

from app import links, oauth
from app.api.schemas_connection import AuthorizeIn, AuthorizeOut
from app.auth import owner
from longshore.db import clock, transaction

blueprint = APIBlueprint("authorize", __name__, url_prefix="/connections", tag="Connections")

CALLBACK = "/oauth/callback"
"""Behind `LONGSHORE_PUBLIC_URL`: what the operator registers with the provider, letter by letter."""


@blueprint.post("/authorize")
@blueprint.input(AuthorizeIn, arg_name="body")
@blueprint.output(AuthorizeOut)
@blueprint.doc(responses={422: "No such destination, or this server has no OAuth client for it"})
def authorize_connection(body: AuthorizeIn) -> Any:
    """Connect an account in a browser: answers the address at which a person consents.

    Works for Google Drive, Dropbox and OneDrive where the operator has an OAuth client there. The address is good for
    ten minutes and for one consent, and the connection belongs to whoever asked for the address: open it yourself. With
    `connection_id` the consent of a stored connection is renewed, and what waited for it goes on.
    """
    with transaction() as session:
        url, until = oauth.begin(
            session, owner(), body, redirect_uri=links.base_url(request) + CALLBACK, now=clock(session)
        )
    return AuthorizeOut(authorize_url=url, expires_at=until)
