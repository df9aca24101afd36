"""Translates pip's configuration into uv's: `pip config list | python uv_settings.py` prints shell assignments.

uv reads neither pip.conf nor PIP_ variables, so where pip is configured for an index, a proxy or a certificate uv would
not find its way.  What is set for uv itself stays.
"""

from __future__ import annotations

import ast
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping

SECTIONS = ("global", "install", ":env:")
"""Of pip's configuration; a later one wins."""

VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", ""),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", ""),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
    "cert": ("SSL_CERT_FILE", ""),
    "client-cert": ("SSL_CLIENT_CERT", ""),
    "proxy": ("ALL_PROXY", ""),
}
"""pip's name: uv's name, and what uv puts between several values."""


def assignments(pip_config: Iterable[str], environment: Mapping[str, str]) -> Iterator[str]:
    """One `export NAME=value` per setting, and `no_index=--no-index`, for which uv has no variable."""
    settings = effective(pip_config)
    for name, (variable, separator) in VARIABLES.items():
        value = separator.join(settings.get(name, "").split())
        if value and not (variable.startswith("UV_") and variable in environment):
            yield f"export {variable}={shlex.quote(value)}"
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        yield "no_index=--no-index"


def effective(pip_config: Iterable[str]) -> dict[str, str]:
    """The value of each setting, from lines such as `global.index-url='...'`."""
    found: dict[tuple[str, str], str] = {}
    for line in pip_config:
        key, _, value = line.strip().partition("=")
        section, _, name = key.rpartition(".")
        found[section, name] = str(ast.literal_eval(value))
    return {name: found[section, name] for wanted in SECTIONS for section, name in found if section == wanted}


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in assignments(sys.stdin, os.environ))
