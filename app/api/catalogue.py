"""What can become what here, and where it can go: read from the plug-ins' own declarations."""

from __future__ import annotations

from functools import partial
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from app.api.schemas import Json
from app.places import LOCAL
from longshore import oauth_clients
from longshore.settings import settings
from workers import needs
from workers.accepted import schema
from workers.destinations import named, names
from workers.destinations.base import Destination
from workers.plan import matrix
from workers.renderers.base import FORMATS, KINDS

blueprint = APIBlueprint("catalogue", __name__, tag="Catalogue")


class FormatOut(BaseModel):
    """One kind into one format. Where it is not `available`, `remedy` is the command that makes it so."""

    kind: str
    format: str
    available: bool
    needs: list[str]
    remedy: str
    way: list[str]
    media_type: str
    extension: str
    settings: Json


class FormatList(BaseModel):
    """Everything that can be made, and the kinds with a line for people."""

    formats: list[FormatOut]
    kinds: dict[str, str]


class DestinationOut(BaseModel):
    """One kind of place, with the JSON schemas of its options and secrets."""

    name: str
    label: str
    aliases: list[str]
    options: Json
    secrets: Json
    limits: dict[str, str]
    features: list[str]
    browser: bool = Field(description="Whether accounts are connected here with `POST /api/connections/authorize`.")


class DestinationList(BaseModel):
    """Every kind of place."""

    destinations: list[DestinationOut]


@blueprint.get("/formats")
@blueprint.output(FormatList)
def list_formats() -> Any:
    """List what can become what on this machine, with the settings of each format."""
    cells = matrix(partial(needs.check, settings=settings()))
    return FormatList(
        formats=[
            FormatOut(
                kind=cell.kind,
                format=cell.format,
                available=cell.available,
                needs=list(cell.needs),
                remedy=" and ".join(cell.remedies),
                way=[cell.kind, *(step.target for step in cell.steps)],
                media_type=FORMATS[cell.format].media_type,
                extension=FORMATS[cell.format].extension,
                settings=schema(cell.kind, cell.format),
            )
            for cell in cells
        ],
        kinds=KINDS,
    )


@blueprint.get("/destinations")
@blueprint.output(DestinationList)
def list_destinations() -> Any:
    """List the places that files can be delivered to, with what each wants to know."""
    found = []
    for name in names():
        kind = named(name)
        found.append(
            DestinationOut(
                name=name,
                label=kind.label,
                aliases=[LOCAL] if name == "folder" else [],
                options=kind.Options.model_json_schema(),
                secrets=kind.Secrets.model_json_schema(),
                limits=kind.limits,
                features=sorted(kind.features),
                browser=_in_browser(kind),
            )
        )
    return DestinationList(destinations=found)


def _in_browser(kind: type[Destination]) -> bool:
    """Whether people can consent there, and the operator has an OAuth client for it."""
    consent = kind.consent(kind.Options.model_construct(), "")
    return consent is not None and oauth_clients.configured(consent.provider)
