"""One delivery over all its attempts: whose a name is, what an earlier attempt left, and when it has arrived."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from workers.destinations._google_drive_client import Denied
from workers.destinations._google_drive_files import NATIVE, ROUNDS, Files, Folder, age_of, receipt, step_back
from workers.destinations._google_drive_session import Session
from workers.destinations.base import Permanent, Receipt, Transient, Upload, dated, next_free, numbered, safe_name

NAME_LIMIT = 240
"""Bytes of a name: Drive takes more, the file systems that it is synchronised to take 255."""
CONFLICT = 409
"""The id is in use: the answer to an earlier request was lost."""


class Delivery:
    """`state` is the checkpoint: `id` of the file, whether it is an `update` of one that was there, the `session`."""

    def __init__(self, files: Files, folder: Folder, upload: Upload, state: dict[str, Any], chunk: int) -> None:
        self.files = files
        self.folder = folder
        self.upload = upload
        self.state = state
        self.session = Session(files.client, upload, state, chunk)

    def run(self) -> Receipt:
        """Take a name, send, compare, look whether somebody took the same name meanwhile, and step back if so.

        Raises LongshoreError, Denied, httpx.TransportError, and what `sent` and `save` raise.
        """
        arrived = self._finished()
        if arrived and self.state.get("settled"):
            return arrived
        if self.upload.conflict == "version":
            return self._beside(arrived)
        for number in range(ROUNDS):
            name, others = self._name()
            if others and self.upload.conflict != "overwrite":
                return self._taken(others[0])
            arrived = self._arrive(arrived, name, others)
            if self.state["update"] or not self._others(name):
                self._save(settled=True)
                return arrived
            arrived = self._called(self._hidden(), arrived)
            step_back(number)
        raise Transient("Others keep taking the same name at the same moment. It will be tried again.")

    def _beside(self, arrived: Receipt | None) -> Receipt:
        """Send under the name, whoever has it, and then give older files of the name their dated ones.

        Of two that do so at once the younger one keeps the name, and one that was renamed already stays as it is.
        """
        name = safe_name(self.upload.name, limit=NAME_LIMIT)
        arrived = arrived or self._send(name, [])
        mine = self.files.get(self.state["id"])
        if mine is not None and mine["name"] == name:
            for other in self.files.named(self.folder, name):
                if age_of(other) < age_of(mine):
                    self._date(other)
        self._save(settled=True)
        return arrived

    def _date(self, other: dict[str, Any]) -> None:
        """Give a file its dated name. Of two that took the same one at once, the later one by id takes the next."""
        first = dated(other["name"], datetime.fromisoformat(other["modifiedTime"]))
        number, chosen = 1, first
        while True:
            if not self._twins(chosen, other):
                self.files.rename(other["id"], chosen)
                if other["id"] <= min(self._twins(chosen, other), default=other["id"]):
                    return
            number += 1
            chosen = numbered(first, number)

    def _twins(self, name: str, other: dict[str, Any]) -> list[str]:
        return [one["id"] for one in self.files.named(self.folder, name) if one["id"] != other["id"]]

    def undo(self) -> None:
        """Remove what was sent, finished or not. Quiet where nothing is left; a file that was there before stays."""
        self.session.drop()
        if "id" in self.state and not self.state.get("update"):
            self.files.remove(self.state["id"])
        for name in ("id", "update", "revision", "settled"):
            self.state.pop(name, None)

    def _finished(self) -> Receipt | None:
        """The receipt for a file that an earlier attempt completed, whatever came after."""
        file = self.files.get(self.state["id"]) if "id" in self.state else None
        if file is None:
            return None
        if not self.state["update"]:
            return self._proven(file)
        untouched = file.get("headRevisionId") == self.state["revision"]
        return None if untouched else self.files.prove(self.upload, self.folder, file)

    def _name(self) -> tuple[str, list[dict[str, Any]]]:
        """The name to take, and whoever has it; under policy `rename` nobody does."""
        first = safe_name(self.upload.name, limit=NAME_LIMIT)

        def others(number: int) -> list[dict[str, Any]]:
            return self._others(first if number == 1 else numbered(first, number))

        number = int(self.state.setdefault("number", 1))
        found = others(number)
        if found and self.upload.conflict == "rename":
            number = self.state["number"] = next_free(lambda one: bool(others(one)), number)
            found = []
        return (first if number == 1 else numbered(first, number)), found

    def _others(self, name: str) -> list[dict[str, Any]]:
        mine = "" if self.state.get("update") else self.state.get("id")
        return [one for one in self.files.named(self.folder, name) if one["id"] != mine]

    def _hidden(self) -> str:
        return f".longshore-{hashlib.sha256(self.upload.key.encode()).hexdigest()[:24]}"

    def _arrive(self, arrived: Receipt | None, name: str, others: list[dict[str, Any]]) -> Receipt:
        """The file under the name, sent only where an earlier attempt or round has not sent it."""
        if arrived and others and not self.state["update"]:
            self.undo()
            arrived = None
        arrived = arrived or self._send(name, others)
        same = self.state["update"] or arrived.path.rpartition("/")[2] == name
        return arrived if same else self._called(name, arrived)

    def _called(self, name: str, arrived: Receipt) -> Receipt:
        self.files.rename(self.state["id"], name)
        return replace(arrived, path=f"{self.folder.path}/{name}")

    def _send(self, name: str, others: list[dict[str, Any]]) -> Receipt:
        """Replace the youngest file of the name, or create one, and compare."""
        about: dict[str, Any] = {"mimeType": self.upload.media_type}
        where = {"method": "POST", "url": f"{self.files.client.root}/upload/drive/v3/files"}
        if others:
            self._aim(others[-1])
            where = {"method": "PATCH", "url": f"{where['url']}/{self.state['id']}"}
        else:
            self._aim(None)
            about.update(id=self.state["id"], name=name, parents=[self.folder.id])
        params = {"uploadType": "resumable", "supportsAllDrives": "true", "fields": "id,headRevisionId"}
        ended: dict[str, Any] = {}
        try:
            ended = self.session.run({**where, "params": params, "json": about})
        except Denied as error:
            if error.status != CONFLICT or self.state["update"]:
                raise
        self.state.pop("session", None)
        file = self.files.get(self.state["id"])
        if file is None:
            raise Transient("Google Drive took the file and does not have it now. It will be tried again.")
        made = ended.get("headRevisionId", "") if self.session.md5 else ""
        return self._proven(file, made)

    def _aim(self, target: dict[str, Any] | None) -> None:
        """Let the checkpoint name the file to send to; what was begun for another is given up. Raises Permanent."""
        if target and target["mimeType"].startswith(NATIVE):
            raise Permanent(
                f"{self.folder.path}/{target['name']} is a document of Google's own and cannot be replaced. Choose"
                " another name, or the policy rename."
            )
        aimed = self.state.get("id") if self.state.get("update", not target) == bool(target) else None
        if aimed and (target is None or target["id"] == aimed):
            return
        self.undo()
        chosen = target["id"] if target else self.files.new_id()
        self._save(id=chosen, update=bool(target), revision=(target or {}).get("headRevisionId", ""))

    def _proven(self, file: dict[str, Any], made: str = "") -> Receipt:
        """The receipt. Raises Transient, and removes the file, or what was `made` of it, where it differs."""
        proven = self.files.prove(self.upload, self.folder, file, self.session.md5)
        if proven:
            return proven
        if self.state["update"] and made and made == file.get("headRevisionId"):
            self.files.client.call("DELETE", f"files/{file['id']}/revisions/{made}")
        self.state.pop("session", None)
        self.undo()
        self.upload.save(dict(self.state))
        raise Transient(
            f"Google Drive stored other bytes than were sent ({file.get('size')} of {self.upload.size}). They were"
            " removed; it will be tried again."
        )

    def _taken(self, other: dict[str, Any]) -> Receipt:
        """The receipt of policy `skip`. Raises Permanent for policy `fail`."""
        self.undo()
        self.upload.save(dict(self.state))
        if self.upload.conflict == "skip":
            return receipt(self.folder, other, "", verified="size", skipped=True)
        raise Permanent(
            f"{self.folder.path}/{other['name']} exists already. Choose another name, or the policy rename, version or"
            " overwrite."
        )

    def _save(self, **state: Any) -> None:
        self.state.update(state)
        self.upload.save(dict(self.state))
