from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

import pytest

from longshore.egress import BAD_PORTS, OTHER_SERVICES, check_url
from longshore.errors import Refused, Transient
from longshore.pinned import client
from longshore.settings import SettingsError, settings
from tests.conftest import forget
from tests.fakes.web import Server, answer

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "127.127.127.127", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1",
    "0177.0.0.1", "017700000001", "0177.1", "127.0.0.1.", "0", "0.0.0.0", "0.0.0.1", "0x0", "[::1]", "[::]",
    "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
    "[::7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2002:7f00:0001::1]", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1",  # noqa: RUF001 - the ambiguity is the attack
    "localhost", "LOCALHOST", "localhost.", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loopback.test", "mixed.test",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.43518", "169.16689662", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376", "025177524776", "169.254.169.254.", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "[::a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "①⑥⑨.②⑤④.①⑥⑨.②⑤④", "100.100.100.200",
    "0x64.0x64.0x64.0xc8", "192.0.0.192", "[fd00:ec2::254]", "[fd00:0ec2:0:0:0:0:0:254]", "[::ffff:100.100.100.200]",
    "169.254.170.2", "169.254.170.23", "168.63.129.16", "[fd20:ce::254]", "metadata.test",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "192.0.0.8", "[fc00::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]", "[3fff::1]",
    "[5f00::1]", "[100::1]", "private.test",
]  # fmt: skip
ZONES = {
    "localhost": ["127.0.0.1", "::1"],
    "loopback.test": ["127.0.0.1"],
    "mixed.test": ["93.184.215.14", "127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "private.test": ["10.1.2.3"],
    "public.test": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "93.184.215.14"],
}
EVERYTHING = ("0.0.0.0/0", "::/0")


def zones(host: str, port: int) -> Iterable[str]:
    try:
        return ZONES[host.rstrip(".")]
    except KeyError:
        raise OSError("unknown name") from None


@pytest.mark.parametrize("host", LOOPBACK + METADATA + PRIVATE)
@pytest.mark.parametrize("form", ["http://{}/", "https://{}:8443/path?query#fragment"])
def test_no_spelling_of_an_inner_address_is_let_through(host, form):
    with pytest.raises(Refused) as caught:
        check_url(form.format(host), resolver=zones)
    assert "LONGSHORE_ALLOW_PRIVATE_NETWORKS" in caught.value.message


@pytest.mark.parametrize("host", METADATA)
def test_metadata_stays_closed_when_every_network_is_allowed(host):
    with pytest.raises(Refused):
        check_url(f"http://{host}/latest/meta-data/", allow_private=EVERYTHING, resolver=zones)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("localhost", "127.0.0.0/8,::1/128"),
        ("[::ffff:10.0.0.1]", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/8"),
        ("private.test", "10.0.0.0/8"),
        ("[fc00::1]", "fc00::/7"),
    ],
)
def test_the_operator_opens_a_private_network(host, network):
    allowed = tuple(network.split(","))
    assert check_url(f"http://{host}:9000", allow_private=allowed, resolver=zones)
    with pytest.raises(Refused):
        check_url(f"http://{host}:9000", allow_private=("172.16.0.0/12",), resolver=zones)


def test_a_public_name_gives_its_addresses_once_and_in_order():
    found = check_url("https://PUBLIC.test/bucket", resolver=zones)
    assert found == tuple(map(ip_address, ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]))


def test_one_inner_address_among_public_ones_refuses_the_name():
    with pytest.raises(Refused):
        check_url("https://mixed.test", resolver=zones)


def test_mapped_addresses_are_given_as_what_they_are():
    assert check_url("http://[::ffff:93.184.215.14]/") == (IPv4Address("93.184.215.14"),)


def test_an_unknown_name_may_be_known_later():
    with pytest.raises(Transient, match="spelling"):
        check_url("https://nobody.test", resolver=zones)
    with pytest.raises(Transient):
        check_url("https://empty.test", resolver=lambda host, port: [])


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://public.test", "gopher://public.test", "//public.test", "public.test", "",
        "http://", "http:///path", "http://user@public.test", "http://user:pass@public.test", "http://@public.test",
        "http://public.test@127.0.0.1", "http://public.test\\@127.0.0.1", "http://public.test /", "http://public.test\n",
        "http://public.test\t", "http://public.test\x7f", "http://[::1", "http://[fe80::1%25eth0]/", "http://a..b/",
        "http://127.0.0.1%2f/", "http://public.test:99999", "http://public.test:-1", "http://public.test:0",
        "http://public.test:22", "http://public.test:25", "http://public.test:6379", "http://public.test:11211",
        "javascript:alert(1)", "http://" + "a" * 64 + ".test",
    ],
)  # fmt: skip
def test_malformed_urls_and_other_services_are_refused(url):
    with pytest.raises(Refused):
        check_url(url, resolver=zones)


def test_enough_spellings_are_tried():
    assert len({*LOOPBACK, *METADATA}) >= 60
    assert len({*LOOPBACK, *METADATA, *PRIVATE}) >= 80


@pytest.mark.parametrize("port", sorted(BAD_PORTS | OTHER_SERVICES))
def test_ports_that_browsers_keep_away_from_are_closed(port):
    with pytest.raises(Refused, match=f"Port {port} "):
        check_url(f"https://public.test:{port}/", allow_private=EVERYTHING, resolver=zones)


def test_the_operator_refuses_plain_http_for_everybody(monkeypatch):
    assert check_url("http://public.test/", resolver=zones)
    monkeypatch.setenv("LONGSHORE_EGRESS_HTTPS_ONLY", "true")
    forget()
    with pytest.raises(Refused, match="LONGSHORE_EGRESS_HTTPS_ONLY"):
        check_url("http://public.test/", resolver=zones)
    assert check_url("https://public.test/", resolver=zones)
    assert check_url("HTTPS://public.test/", resolver=zones)


def test_the_operator_names_the_only_ports(monkeypatch):
    assert check_url("https://public.test:9443/", resolver=zones)
    monkeypatch.setenv("LONGSHORE_EGRESS_PORTS", "443, 9000,6379")
    forget()
    for url in ("https://public.test/", "http://public.test:9000/", "http://public.test:443/"):
        assert check_url(url, resolver=zones)
    for url in ("http://public.test/", "https://public.test:9443/"):
        with pytest.raises(Refused, match="The operator allows 443, 9000, 6379 with LONGSHORE_EGRESS_PORTS"):
            check_url(url, resolver=zones)
    with pytest.raises(Refused, match=r"Port 6379 may not be reached\. Use 80"):
        check_url("https://public.test:6379/", resolver=zones)


@pytest.mark.parametrize("ports", ["https", "0", "70000", "443;80"])
def test_a_senseless_list_of_ports_stops_the_start(monkeypatch, ports):
    monkeypatch.setenv("LONGSHORE_EGRESS_PORTS", ports)
    forget()
    with pytest.raises(SettingsError, match="LONGSHORE_EGRESS_PORTS"):
        settings()


def test_a_redirect_leads_to_no_port_that_is_not_listed(monkeypatch):
    first, second = Server(), Server()
    first.answers["/"] = answer(b"", "302 Found", f"Location: {second.at}/")
    monkeypatch.setenv("LONGSHORE_EGRESS_PORTS", str(first.port))
    forget()
    try:
        with client(allow_private=("127.0.0.0/8",)) as http:
            answered = http.get(first.at)
            assert answered.next_request is not None
            with pytest.raises(Refused, match="LONGSHORE_EGRESS_PORTS"):
                http.send(answered.next_request)
    finally:
        first.close()
        second.close()
    assert second.asked == []
