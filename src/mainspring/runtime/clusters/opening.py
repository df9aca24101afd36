"""Which clusters a worker is to have: what was said in Python, on the command line, or by the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from mainspring.errors import SettingInvalidError
from mainspring.runtime.cluster import Cluster
from mainspring.runtime.clusters.dask import DaskCluster
from mainspring.runtime.clusters.ray import RayCluster

VARIABLE = "MAINSPRING_CLUSTERS"

KINDS = {kind.kind: kind for kind in (DaskCluster, RayCluster)}


def open_clusters(given: Mapping[str, Any] | str | None, *, is_worker: bool) -> list[Cluster]:
    """The clusters that were named, none of them connected yet; raises `SettingInvalidError`.

    `is_worker`: what the environment says counts where nothing was given.
    """
    if given is None:
        given = _read(os.environ.get(VARIABLE, ""), f"${VARIABLE}") if is_worker else {}
    elif isinstance(given, str):
        given = _read(given, "clusters")
    if not isinstance(given, Mapping):
        raise SettingInvalidError(f"clusters must be a dict such as {{'dask': 'tcp://…:8786'}}, not {given!r:.80}")
    return [_cluster(kind, where) for kind, where in given.items()]


def _read(text: str, name: str) -> dict[str, str]:
    """`dask=tcp://scheduler:8786`, and others with commas between them: kinds and addresses."""
    clusters: dict[str, str] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        kind, equals, where = word.partition("=")
        if not equals or not where:
            raise SettingInvalidError(f"{name} names a cluster by kind=address, as dask=tcp://…:8786, not {word!r:.80}")
        clusters[kind] = where
    return clusters


def _cluster(kind: str, where: Any) -> Cluster:
    if kind not in KINDS:
        raise SettingInvalidError(f"there are clusters of {' and '.join(KINDS)}, not of {kind!r:.60}")
    if where is None or where == "":
        raise SettingInvalidError(f"the {kind} cluster has no address")
    package = KINDS[kind].package
    if find_spec(package) is None:
        raise SettingInvalidError(f"the {kind} cluster needs {package!r}: pip install 'mainspring[{kind}]'")
    return KINDS[kind](where)
