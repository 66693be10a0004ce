"""What the API, the workers and the schedules share: rows, states, queue, storage, secrets."""

from __future__ import annotations

VERSION = "0.1.0"
