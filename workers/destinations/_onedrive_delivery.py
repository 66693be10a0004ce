"""One delivery over all its attempts: whose a name is, what an earlier attempt left, and when it has arrived.

A file that replaces none is sent under a name of the delivery's own first, compared, and renamed: so it is known by its
id, never by its bytes, which another delivery's file may have as well. Only policy `overwrite` sends to the name
itself, unless SharePoint would write into the file there.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from datetime import datetime
from typing import Any

from workers.destinations._onedrive_client import CONFLICT, Denied
from workers.destinations._onedrive_drive import BEHAVIOR, Drive, Folder, hash_of
from workers.destinations._onedrive_errors import FOLDER_TAKES
from workers.destinations._onedrive_names import onedrive_name
from workers.destinations._onedrive_receipt import Receipts
from workers.destinations._onedrive_session import Gone, Session, Source, end
from workers.destinations._onedrive_wire import Told
from workers.destinations.base import Permanent, Receipt, Transient, Upload, Verified, dated, next_free, numbered

SIMPLE = 4_000_000
"""Bytes up to which a file is one request; an empty one has to be."""
ROUNDS = 20
"""How often a name is looked at again that changed hands meanwhile."""
VANISHED = 2
"""How many sessions of one attempt may vanish: SharePoint loses the first where it replaces an Office file."""

Item = dict[str, Any]


class Delivery:
    """`state` is the checkpoint.

    `number` of the name that is aimed at; `session` and `offset`; `hash`, saved before the file can be seen; `hidden`
    and `staged`, the name and id of a file that waits for its real name; `aside`, the file that had to make room.
    """

    def __init__(self, drive: Drive, folder: Folder, upload: Upload, state: Item, *, chunk: int, shared: str) -> None:
        self.drive = drive
        self.folder = folder
        self.upload = upload
        self.state = state
        self.policy = upload.conflict
        self.session = Session(drive, upload, state, chunk)
        self.receipts = Receipts(drive, folder, shared)

    def run(self) -> Receipt:
        """Take a name, send, compare. Raises LongshoreError, Denied, requests' errors, what `sent` and `save` raise."""
        vanished = 0
        for _ in range(ROUNDS):
            name, there = self._name()
            if there is not None and self._mine(there):
                self.upload.sent(self.upload.size)
                return self._receipt(there)
            if there is not None and not self._makes_room(there):
                return self._taken(name, there)
            try:
                arrived = self._arrive(name, there)
            except Gone as error:
                vanished += 1
                if vanished > VANISHED:
                    raise Transient("OneDrive keeps losing the upload session. It will be tried again.") from error
                continue
            if arrived is not None:
                return self._receipt(arrived)
        raise Transient("Others keep taking the same name at the same moment. It will be tried again.")

    def _name(self) -> tuple[str, Item | None]:
        """The name to take, and whoever has it; under policy `rename` nobody but this delivery does."""
        first = onedrive_name(self.upload.name)

        def named(number: int) -> str:
            return first if number == 1 else numbered(first, number)

        number = int(self.state.setdefault("number", 1))
        there = self.drive.look(self.folder.id, named(number))
        if there is None or self.policy != "rename" or self._mine(there):
            return named(number), there
        number = next_free(lambda one: self.drive.look(self.folder.id, named(one)) is not None, number)
        self._save(number=number)  # before the file gets the name: the next attempt may not look at it else
        return named(number), None

    def _mine(self, there: Item) -> bool:
        """Whether an earlier attempt finished this file, and could not record it; for `overwrite` equal bytes do."""
        if "hidden" in self.state or self.policy != "overwrite":
            return bool(there["id"] == self.state.get("staged"))
        verified = self._same(there) if "hash" in self.state else None
        if verified is not None:
            self.state["verified"] = verified
        return verified is not None

    def _same(self, there: Item) -> Verified | None:
        """How the file was found to be the artifact, or None."""
        if "folder" in there or int(there.get("size", -1)) != self.upload.size:
            return None
        if shown := hash_of(there):
            return "checksum" if shown == self.state["hash"] else None
        return "readback" if self.drive.same_bytes(there["id"], self.upload) else None

    def _makes_room(self, there: Item) -> bool:
        """Whether the policy lets what is there give way. Raises Permanent for a folder, which never does."""
        if self.policy not in {"overwrite", "version"}:
            return False
        if "folder" in there:
            raise Permanent(FOLDER_TAKES)
        return True

    def _taken(self, name: str, there: Item) -> Receipt:
        """The receipt of policy `skip`. Raises Permanent for policy `fail`."""
        undo(self.drive, self.state)
        self.upload.save(dict(self.state))
        if self.policy == "skip":
            return self.receipts.make(there, "", "size", skipped=True)
        raise Permanent(
            f"{self.folder.path}/{name} exists already. Choose another name, or the policy overwrite or rename."
        )

    def _arrive(self, name: str, there: Item | None) -> Item | None:
        """The compared file under its name; None where that changed hands meanwhile."""
        fresh = there is None and (self.drive.rewrites(name) or "hidden" in self.state)
        if self.policy != "overwrite" or fresh:
            staged = self._stage()
            if staged is None or (there is not None and not self._move_aside(there, name)):
                return None
            return self.drive.rename(staged["id"], name)
        if "hidden" in self.state:
            undo(self.drive, self.state)
        item = self._send(name)
        return item and self._compared(item, name, replaced=there is not None)

    def _stage(self) -> Item | None:
        """The file under its hidden name, sent only where an earlier attempt has not sent it; compared."""
        if "hidden" not in self.state:
            self.session.drop()
            self.state.pop("hash", None)
            key = hashlib.sha256(self.upload.key.encode()).hexdigest()[:24]
            self.state["hidden"] = f".longshore-{key}"  # saved with the session, or before the only request
        hidden = self.state["hidden"]
        there = self.drive.look(self.folder.id, hidden) if "hash" in self.state else None
        if there is None or self._same(there) is None:
            there = self._send(hidden)
        if there is not None:
            there = self._compared(there, hidden, replaced=False)
            if self.state.get("staged") != there["id"]:
                self._save(staged=there["id"])
        return there

    def _move_aside(self, there: Item, name: str) -> bool:
        """Rename the old file to its own time; False where it changed meanwhile."""
        first = dated(name, datetime.fromisoformat(there["lastModifiedDateTime"]))
        number = 1
        while True:
            beside = first if number == 1 else numbered(first, number)
            if self.drive.look(self.folder.id, beside) is None:
                self._save(aside={"id": there["id"], "name": there["name"]})
                return self.drive.rename(there["id"], beside, there["eTag"]) is not None
            number += 1

    def _send(self, name: str) -> Item | None:
        """Send the bytes and make them visible, over whatever has the name; None where that is a folder."""
        if self.state.get("target") != name:
            self.session.drop()
            self.state.pop("hash", None)
            self.state["target"] = name
        if "session" not in self.state:
            self.drive.check_room(self.upload.size)
        try:
            if self.upload.size > SIMPLE:
                return self.session.run(self.folder.id, name)
            return self._put(name)
        except Denied as error:
            if error.status != CONFLICT or "nameAlreadyExists" not in error.codes:
                raise
        self.session.drop()
        return None

    def _put(self, name: str) -> Item:
        """The whole artifact in one request."""
        with closing(Source(self.upload)) as source:
            payload = source.take(self.upload.size)
            self._save(hash=source.finish())
        item = self.drive.client.call(
            "PUT",
            f"{self.drive.path(self.folder.id, name)}:/content",
            params={BEHAVIOR: "replace"},
            data=Told(payload, self.upload.sent),
            headers={"Content-Type": self.upload.media_type},
        )
        self.upload.sent(self.upload.size)
        return item

    def _compared(self, item: Item, name: str, *, replaced: bool) -> Item:
        """The file as it is there; the checkpoint gets how it was `verified`.

        Raises Transient where it differs, and removes it, or brings back the one that it replaced.
        """
        shown = item if hash_of(item) else self.drive.item(item["id"]) or item
        verified = self._same(shown)
        if verified is None and replaced and self.drive.rewrites(name):
            verified = "size"
        if verified is not None:
            self.state["verified"] = verified
            return shown
        if replaced:
            self.drive.step_back(item["id"])
        else:
            self.drive.remove(item["id"])
        del self.state["hash"]
        self._save()
        raise Transient(
            f"OneDrive stored other bytes than were sent ({shown.get('size')} of {self.upload.size}). They were"
            " removed; it will be tried again."
        )

    def _receipt(self, item: Item) -> Receipt:
        verified: Verified = self.state.get("verified", "checksum")
        checksum = f"sha256:{self.upload.sha256}" if verified == "readback" else f"quickXorHash:{self.state['hash']}"
        if verified == "size":
            checksum = f"quickXorHash:{hash_of(item)}"
        return self.receipts.linked(self.receipts.make(item, checksum, verified))

    def _save(self, **state: Any) -> None:
        self.state.update(state)
        self.upload.save(dict(self.state))


def undo(drive: Drive, state: Item) -> None:
    """Remove what was sent and replaced nothing, finished or not, and put back what had to make room.

    Quiet where nothing is left. Raises Denied, requests' errors, NeedsReconnect.
    """
    if session := state.get("session"):
        end(drive.client, session)
    if "hidden" in state:
        parent = state.get("parent", "")
        waiting = drive.item(state["staged"]) if "staged" in state else drive.look(parent, state["hidden"])
        if waiting is not None:
            drive.remove(waiting["id"])
        if aside := state.get("aside"):
            drive.rename(aside["id"], aside["name"])
    for known in ("session", "offset", "hash", "hidden", "staged", "aside", "target", "verified"):
        state.pop(known, None)
