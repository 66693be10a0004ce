from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from longshore.receipts import LONGEST, instant, public_url, sign, verify, verify_file
from longshore.settings import Settings
from longshore.signing import encode, new_key, read_keyring

KEYS = read_keyring(Settings(signing_keys=new_key()))
SHA, SENT = "a" * 64, "b" * 64
FACTS = {
    "delivery_id": "d1",
    "artifact": {"size": 20, "sha256": SHA},
    "sent": {"size": 9, "sha256": SENT, "name": 'Plan "ü" \u2028.pdf'},
    "arrived": {"path": "/a\\b", "skipped": False},
    "schedule": None,
}
SIGNED = sign(FACTS, KEYS).encode()


def test_a_receipt_that_was_signed_is_genuine():
    verdict = verify(SIGNED, KEYS.verify)
    assert verdict.ok
    assert verdict.receipt == FACTS | {"type": "longshore-receipt/1", "key_id": KEYS.key_id}


def test_the_form_of_the_json_does_not_matter():
    pretty = json.dumps(json.loads(SIGNED), indent=4, ensure_ascii=True, sort_keys=False)
    assert verify(pretty.encode() + b"\n", KEYS.verify).ok


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(at, by):
    changed = bytearray(SIGNED)
    changed[at] ^= by
    assert not verify(bytes(changed), KEYS.verify).ok


def test_every_flipped_bit_is_found():
    for at in range(len(SIGNED)):
        for bit in range(8):
            changed = bytearray(SIGNED)
            changed[at] ^= 1 << bit
            assert not verify(bytes(changed), KEYS.verify).ok, (at, bit)


@given(st.integers(0, len(SIGNED) - 1), st.binary(max_size=3))
def test_what_is_put_in_or_taken_out_is_found_or_means_nothing(at, some):
    for changed in (SIGNED[:at] + some + SIGNED[at:], SIGNED[:at] + SIGNED[at + 1 :]):
        verdict = verify(changed, KEYS.verify)
        if verdict.ok:
            assert json.loads(changed) == json.loads(SIGNED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "Expecting value"),
        (b"[]", "must hold"),
        (b"\xff", "codec"),
        (b'{"receipt": {}, "signature": "", "more": 1}', "nothing else"),
        (b'{"receipt": {}, "signature": ""}', "its type is not"),
        (SIGNED.replace(b'"signature":"', b'"signature":"!'), "not base64url"),
        (SIGNED.replace(b'"delivery_id":"d1"', b'"delivery_id":"d1","delivery_id":"d2"'), "a name comes twice"),
        (SIGNED.replace(b'"size":20', b'"size":20.0'), "holds the number 20.0"),
        (SIGNED.replace(b'"size":20', b'"size":NaN'), "holds the number NaN"),
        (SIGNED.replace(b'"size":20', b'"size":' + b"9" * 30), "exceeds"),
        (b'{"receipt":' + b"[" * 100_000, "recursion"),
        (b" " * LONGEST + SIGNED, "too long"),
    ],
)
def test_what_is_no_receipt_is_told(text, said):
    verdict = verify(text, KEYS.verify)
    assert verdict.finding == "malformed"
    assert said in verdict.message
    assert verdict.receipt is None


def test_a_receipt_of_another_key_is_told_by_its_id():
    other = read_keyring(Settings(signing_keys=new_key()))
    verdict = verify(sign(FACTS, other).encode(), KEYS.verify)
    assert verdict.finding == "unknown_key"
    assert other.key_id in verdict.message


def test_another_key_cannot_sign_in_the_name_of_ours():
    other = read_keyring(Settings(signing_keys=new_key()))
    forged = json.loads(sign(FACTS, other))
    forged["receipt"]["key_id"] = KEYS.key_id
    forged["signature"] = encode(other.signs.sign(rfc8785.dumps(forged["receipt"])))
    assert verify(json.dumps(forged).encode(), KEYS.verify).finding == "changed"


def test_a_file_is_the_artifact_or_what_was_sent_or_another():
    genuine = verify(SIGNED, KEYS.verify)
    assert "as it was sent" in verify_file(genuine, 9, SENT).message
    assert "before it was packed" in verify_file(genuine, 20, SHA).message
    for size, sha256 in ((9, SHA), (20, SENT), (8, SENT)):
        other = verify_file(genuine, size, sha256)
        assert other.finding == "other_file"
        assert sha256 in other.message


def test_a_receipt_of_a_delivery_that_left_what_was_there_says_so():
    skipped = verify(sign(FACTS | {"arrived": {"skipped": True}}, KEYS).encode(), KEYS.verify)
    assert skipped.ok
    for verdict in (skipped, verify_file(skipped, 9, SENT)):
        assert "nothing was sent" in verdict.message


def test_an_address_loses_what_opens_it():
    assert public_url("https://ann:pw@x.org:1/a/b?rlkey=secret&dl=0#f") == "https://x.org:1/a/b"
    assert public_url("file:///out/a%20b.png") == "file:///out/a%20b.png"
    assert public_url("") == ""


def test_instants_are_utc():
    assert instant(datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC)) == "2026-11-21T09:00:00.123Z"
    assert instant(None) is None
