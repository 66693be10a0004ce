"""`destination_config` as older clients send it."""

from __future__ import annotations

import pytest

from app.places import inline
from longshore.errors import Invalid


def test_dropbox_takes_an_access_token_and_a_folder() -> None:
    place = inline("dropbox", {"access_token": "sl.1", "folder": "/Exports"}, field="destination")
    assert (place.destination, place.options, place.secrets) == (
        "dropbox",
        {"folder": "/Exports"},
        {"access_token": "sl.1"},
    )


def test_dropbox_without_a_token_is_told_as_ever() -> None:
    with pytest.raises(Invalid) as told:
        inline("dropbox", {"folder": "/Exports"}, field="destination")
    assert "Missing required config: access_token" in str(vars(told.value))


def test_onedrive_takes_its_tokens_and_its_folder_from_one_object() -> None:
    config = {"refresh_token": "r", "client_id": "i", "folder_id": "01AB!7", "folder": "Exports"}
    place = inline("onedrive", config, field="destination")
    assert place.options == {"folder_id": "01AB!7", "folder": "Exports"}
    assert place.secrets == {"refresh_token": "r", "client_id": "i"}
    with pytest.raises(Invalid) as told:
        inline("onedrive", {"refresh_token": "r"}, field="destination")
    assert "Missing required config: client_id" in str(vars(told.value))
