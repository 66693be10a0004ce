from __future__ import annotations

import gc
import json
import threading

import pytest

from longshore.errors import Permanent
from longshore.logs import hide_secrets
from longshore.redaction import hide_while_alive, redacted

LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDGcanary0123/+="
PEM = f"-----BEGIN PRIVATE KEY-----\n{LINE}\n-----END PRIVATE KEY-----\n"


class Holder:
    """Stands for a destination."""


def test_what_a_holder_was_given_is_hidden_while_it_lives():
    holder, other = Holder(), Holder()
    hide_while_alive(holder, ["canary/one+two", None, 7, "short"])
    hide_while_alive(other, ["canary/one+two"])
    assert redacted("a canary/one+two b canary%2Fone%2Btwo short") == "a *** b *** short"
    del holder
    gc.collect()
    hide_while_alive(Holder(), ["something-else"])
    assert redacted("canary/one+two") == "***"
    del other
    gc.collect()
    last = Holder()
    hide_while_alive(last, ["something-third"])
    assert redacted("canary/one+two something-else") == "canary/one+two something-else"


@pytest.mark.parametrize("as_text", [True, False])
def test_of_a_key_file_every_line_of_the_key_is_hidden_and_the_rest_is_not(as_text: bool):
    key = {"client_email": "robot-with-a-long-name@project.example", "private_key": PEM}
    holder = Holder()
    hide_while_alive(holder, [json.dumps(key) if as_text else key])
    for shown in (redacted(PEM), redacted(json.dumps(PEM))):
        assert LINE[1:] not in shown
        assert "BEGIN PRIVATE KEY" in shown
    assert redacted("robot-with-a-long-name@project.example") == "robot-with-a-long-name@project.example"


def test_messages_of_ours_never_hold_what_a_provider_repeats():
    holder = Holder()
    hide_while_alive(holder, ["canary-secret"])
    error = Permanent("It refuses (canary-secret).", detail="sent canary-secret")
    assert (error.message, error.detail, str(error)) == ("It refuses (***).", "sent ***", "It refuses (***).")


def test_log_lines_hold_neither_open_secrets_nor_what_looks_like_one():
    holder = Holder()
    hide_while_alive(holder, ["canary-secret"])
    line = {
        "event": "failed: canary-secret",
        "password": "p",
        "nested": {"a": ["canary-secret", ("canary-secret", 1)]},
        "detail": "Authorization: Bearer ya29.abcdefgh, {'Authorization': 'Bearer abc.def-123'}",
        "url": "https://up.example/x?upload_id=AB12&code=c&state=s&part=2&X-Amz-Signature=ff&tempauth=v1.ey",
        "broker": "redis://:hunter2@host:6379/0 amqp://me:hunter2@host",
    }
    shown = json.dumps(hide_secrets(None, "info", line))
    assert not any(
        secret in shown for secret in ("canary", "ya29", "abc.def", "AB12", "=ff", "v1.ey", "hunter2", '"p"')
    )
    assert "part=2" in shown
    assert "host:6379" in shown


def test_many_threads_may_open_and_close_at_once():
    def work(number: int) -> None:
        for turn in range(50):
            holder = Holder()
            secret = f"canary-{number}-{turn}"
            hide_while_alive(holder, [secret])
            assert redacted(f"<{secret}>") == "<***>"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
