"""pip's configuration reaches uv."""

from __future__ import annotations

from scripts.uv_settings import assignments


def test_nothing_configured_is_nothing_said():
    assert list(assignments([], {})) == []


def test_the_environment_beats_the_command_and_the_command_beats_the_rest():
    lines = [
        ":env:.index-url='https://env'",
        "global.index-url='https://global'",
        "install.index-url='https://install'",
    ]
    assert list(assignments(lines, {})) == ["export UV_DEFAULT_INDEX=https://env"]
    assert list(assignments(lines[1:], {})) == ["export UV_DEFAULT_INDEX=https://install"]


def test_several_values_are_separated_as_uv_wants_them():
    lines = [r"global.extra-index-url='\nhttps://a\nhttps://b'", "global.find-links='/wheels https://c'"]
    assert list(assignments(lines, {})) == [
        "export UV_INDEX='https://a https://b'",
        "export UV_FIND_LINKS=/wheels,https://c",
    ]


def test_a_value_cannot_become_shell_code():
    (line,) = assignments([r'''global.proxy="http://x';reboot;'"'''], {})
    assert line == """export ALL_PROXY='http://x'"'"';reboot;'"'"''"""


def test_what_is_set_for_uv_stays_but_the_certificate_is_pips():
    lines = ["global.cert='/pip.pem'", "global.index-url='https://pip'"]
    environment = {"UV_DEFAULT_INDEX": "https://uv", "SSL_CERT_FILE": "/other.pem"}
    assert list(assignments(lines, environment)) == ["export SSL_CERT_FILE=/pip.pem"]


def test_no_index_is_a_flag():
    assert list(assignments(["global.no-index='true'"], {})) == ["no_index=--no-index"]
    assert list(assignments(["global.no-index='false'"], {})) == []
