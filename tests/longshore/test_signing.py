from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from longshore.settings import Settings, SettingsError
from longshore.signing import decode, encode, key_id, new_key, public_key, public_text, read_keyring

SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
"""The key of RFC 8037, appendices A.1 to A.3."""


def ring(*keys):
    return read_keyring(Settings(signing_keys=",".join(keys)))


def test_a_key_is_known_by_the_thumbprint_of_the_standard():
    made = ring(SEED)
    assert made.key_id == THUMBPRINT
    assert made.jwks()["keys"][0] == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": X,
        "kid": THUMBPRINT,
        "use": "sig",
        "alg": "EdDSA",
    }


def test_the_first_key_signs_and_older_ones_verify_as_themselves_or_in_public():
    new, old, older = new_key(), new_key(), new_key()
    public = public_text(ring(older).signs.public_key())
    made = ring(new, old, public)
    assert made.key_id == ring(new).key_id
    assert list(made.verify) == [ring(one).key_id for one in (new, old, older)]
    assert key_id(public_key(public)) == ring(older).key_id


@pytest.mark.parametrize(
    "keys", [["x"], ["ä"], [SEED[:-2]], [SEED, "pub_x"], [SEED, "x"], [f"pub_{X}"], ["A" * 42 + "B"]]
)
def test_what_is_no_key_names_the_setting(keys):
    with pytest.raises(SettingsError, match="LONGSHORE_SIGNING_KEYS"):
        ring(*keys)


def test_a_home_makes_one_key_for_itself(home):
    first, again = read_keyring(Settings(home=home)), read_keyring(Settings(home=home))
    assert first.key_id == again.key_id
    assert (home / "signing.key").stat().st_mode & 0o777 == 0o600


def test_bytes_have_one_spelling():
    raw = Ed25519PrivateKey.generate().sign(b"")
    assert decode(encode(raw)) == decode(encode(raw) + "==") == raw
    last = encode(raw)[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(last) ^ 1]
    with pytest.raises(ValueError, match="not base64url"):
        decode(encode(raw)[:-1] + other)
