"""One artifact's way to a remote: send, prove, take a name.

The checkpoint holds `part`, the hidden name; `sent`, once it is whole; `taking`, the name that it was about to get;
`aside`, what was set aside for it; and `sums`, the artifact's checksums.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from workers.destinations._rclone_remote import Remote, There
from workers.destinations._rclone_source import Source, content
from workers.destinations.base import (
    Permanent,
    Receipt,
    Transient,
    Upload,
    Verified,
    dated,
    folders,
    next_free,
    numbered,
    safe_name,
)

NAME_LIMIT = 200
"""Bytes of a name: file systems take 255; rclone's escapes, a number and a date need room."""
REPLACING = frozenset({"overwrite", "version"})
FOLDER = "A folder has the name {} already. Choose another name."
TAKEN = "{} exists already. Choose another name, or the policy rename, version or overwrite."
DIFFERS = "The provider stored other bytes than were sent. They were removed; it will be tried again."
HELD = "Another delivery is about to take the name {}. It will be tried again."
HELD_RETRY = 5.0
GONE = "Somebody else replaced {} in the same moment. It will be tried again."


class Delivery:
    """All methods raise LongshoreError, Failed, and what `upload.sent` raises."""

    def __init__(
        self, upload: Upload, remote: Remote, *, folder: str, where: str, address: str, read_back: bool
    ) -> None:
        self._upload = upload
        self._remote = remote
        self._address = address
        self._read_back = read_back
        self._parents = folders(folder, upload.folder)
        self._sent = 0
        self._reserved = ""
        known = dict(upload.checkpoint or {})
        self._state: dict[str, Any] = known if known.get("where") == where else {"where": where}

    def tick(self) -> None:
        """Called while rclone works; where a cancellation shows."""
        self._upload.sent(self._sent)

    def run(self) -> Receipt:
        """Deliver."""
        upload, number = self._upload, int(self._state.get("number", 1))
        while True:
            path = self._path(number)
            there = self._remote.look(path)
            if there is not None and (how := self._ours(path, there)):
                self._sent = upload.size
                self.tick()
                return self._receipt(path, there, how)
            if there is not None and upload.conflict == "rename":
                number = next_free(lambda one: self._remote.look(self._path(one)) is not None, number)
                continue
            if there is not None and (there.folder or upload.conflict not in REPLACING):
                return self._taken(path, there)
            missing = self._remote.moves and not self._whole()
            if missing:
                self._send()
            if not self._reserve(path):
                number += 1
                continue
            if missing or (self._reserved != path and upload.conflict != "overwrite"):
                self._reserved = path
                continue  # the name may have been taken meanwhile
            self._state["number"] = number
            return self._publish(path, there) if self._remote.moves else self._send_to(path, there)

    def _reserve(self, path: str) -> bool:
        """Whether no other delivery takes the name now. Raises Transient where one does, but for policy `rename`."""
        if self._upload.conflict == "overwrite" or self._reserved == path:
            return True
        free = self._upload.reserve(f"{self._state['where']} {path}")
        if not free and self._upload.conflict != "rename":
            raise Transient(HELD.format(path), retry_after=HELD_RETRY)
        return free

    def put(self, path: str) -> dict[str, str]:
        """Send the artifact to this path; its checksums."""
        upload, remote = self._upload, self._remote
        with Source(
            remote.daemon.folder,
            uuid.uuid4().hex[:8],
            upload,
            password=remote.daemon.guard.password,
            hash_type=remote.hash_type,
        ) as source:
            remote.put(source.remote, source.name, path, source.attend)
        self._sent = upload.size
        sums = source.sums or self._sums()  # rclone may not ask for what is empty
        self.tick()
        return sums

    def _send(self) -> None:
        """Send under a hidden name, a new one each time: rclone may yet remove what an earlier call began."""
        self._forget()
        key = hashlib.sha256(self._upload.key.encode()).hexdigest()[:20]
        part = "/".join((*self._parents, f".longshore-{key}-{uuid.uuid4().hex[:6]}.part"))
        self._save(sent=False, part=part)
        sums = self.put(part)
        there = self._remote.look(part)
        how = self._proven(part, there, sums)
        if not how:
            self._remote.delete(part)
            raise Transient(DIFFERS)
        self._save(sent=True, sums=sums, how=how)

    def _publish(self, path: str, there: There | None) -> Receipt:
        """Give the hidden file its name."""
        if there is not None and self._upload.conflict == "version":
            self._remote.move(path, self._aside(path, there))
        self._take(path)
        self._remote.move(self._state["part"], path)
        found = self._remote.look(path)
        right = self._state["sums"].get(self._remote.hash_type)
        if found is None or found.size != self._upload.size or (found.sum and found.sum != right):
            raise Transient(GONE.format(path))
        return self._receipt(path, found, self._state["how"])

    def _send_to(self, path: str, there: There | None) -> Receipt:
        """Send under the file's own name: the provider shows it when it is whole."""
        if there is not None and self._upload.conflict == "version":
            self._remote.copy(path, self._aside(path, there))
        self._take(path)
        sums = self.put(path)
        self._save(sums=sums)
        found = self._remote.look(path)
        how = self._proven(path, found, sums)
        if found is None or not how:
            self._remote.delete(path)
            raise Transient(DIFFERS)
        return self._receipt(path, found, how)

    def _forget(self) -> None:
        """Remove the hidden file of an earlier attempt."""
        if "part" in self._state:
            self._remote.delete(self._state["part"])

    def _whole(self) -> bool:
        """Whether the hidden file is there as an earlier attempt, or this one, has proven it."""
        if not self._state.get("sent"):
            return False
        there = self._remote.look(self._state["part"])
        return there is not None and there.size == self._upload.size

    def _ours(self, path: str, there: There) -> Verified | None:
        """How we know that an earlier attempt made this very file visible; None where somebody else did."""
        if self._state.get("taking") != path:
            return None
        if "part" in self._state and self._remote.look(self._state["part"]) is not None:
            return None
        self._state["sums"] = self._state.get("sums") or self._sums()
        return self._proven(path, there, self._state["sums"])

    def _proven(self, path: str, there: There | None, sums: dict[str, str]) -> Verified | None:
        """How the object was found to be the artifact; None where it is another."""
        if there is None or there.folder or there.size != self._upload.size:
            return None
        if there.sum:
            return "checksum" if there.sum == sums[self._remote.hash_type] else None
        if not self._read_back:
            return "size"
        return "readback" if self._remote.read_back(path) == sums["sha256"] else None

    def _sums(self) -> dict[str, str]:
        sums: dict[str, str] = {}
        kinds = {"sha256", self._remote.hash_type} - {""}
        for _ in content(self._upload, kinds, sums, held=self._upload.size):
            self.tick()
        return sums

    def _aside(self, path: str, there: There) -> str:
        """Where the old object goes: the same place in every attempt."""
        known: dict[str, str] = self._state.get("aside", {})
        if path not in known:
            folder, slash, name = path.rpartition("/")
            wanted = chosen = dated(name, there.modified or datetime.now(UTC))
            number = 1
            while self._remote.look(folder + slash + chosen) is not None:
                number += 1
                chosen = numbered(wanted, number)
            known = {**known, path: folder + slash + chosen}
            self._save(aside=known)
        return known[path]

    def _taken(self, path: str, there: There) -> Receipt:
        """The receipt of policy `skip`. Raises Permanent for the others."""
        self._forget()
        self._state.pop("taking", None)
        self._save()
        if there.folder and self._upload.conflict != "skip":
            raise Permanent(FOLDER.format(path))
        if self._upload.conflict != "skip":
            raise Permanent(TAKEN.format(path))
        return self._receipt(path, there, "size", skipped=True)

    def _receipt(self, path: str, there: There, how: Verified, *, skipped: bool = False) -> Receipt:
        kind = self._remote.hash_type if how == "checksum" or skipped else "sha256"
        sums: dict[str, str] = {} if skipped else self._state["sums"]
        value = there.sum if skipped else sums[kind]
        place = f"{self._address}/{quote(path)}"
        aside = self._state.get("aside", {}).get(path)
        return Receipt(
            provider_id=place,
            path=path,
            url=place,
            size=there.size,
            checksum=f"{kind}:{value}" if value else "",
            verified=how,
            skipped=skipped,
            extra={
                "where": self._state["where"],
                "object": path,
                "sums": sums,
                **({"previous": aside} if aside and not skipped else {}),
            },
        )

    def _path(self, number: int) -> str:
        name = safe_name(self._upload.name, limit=NAME_LIMIT)
        return "/".join((*self._parents, name if number == 1 else numbered(name, number)))

    def _take(self, path: str) -> None:
        """Note that the file is about to become visible, and what it is: whoever cancels then removes it again."""
        upload = self._upload
        self._save(
            taking=path, made={"size": upload.size, "sha256": upload.sha256, "new": upload.conflict != "overwrite"}
        )

    def _save(self, **values: Any) -> None:
        self._state.update(values)
        self._upload.save(dict(self._state))
