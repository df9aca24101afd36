"""Whether a process always comes to its end: tokens are moved in all ways that could matter.

Each process and sub-process is looked at by itself: what is inside an activity ends, or one of its boundary events
happens.  Found are joins that wait for ever, tokens that should have been joined and are not, elements that nothing
leads to, and such as no end can be reached from.  Each is told with the elements that were passed on the way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from mainspring.errors import Problem
from mainspring.models.process.check.net import Net, Outcome, followers
from mainspring.models.process.document import AD_HOC, BOUNDARY, LINK, THROW
from mainspring.models.process.plan import Area, Plan, Vertex

MARKINGS_MAX = 2_000
"""Distributions of tokens, of those that a choice leads to, that are looked at for one process or sub-process; beyond,
it is not decided."""
STEPS_MAX = 20_000
"""Distributions of all kinds, a fifth of a second: a long row of tasks has many, and no choice."""
PATH_MAX = 40
"""Elements of a path that are told."""


def oddities(plan: Plan, file: str = "") -> list[Problem]:
    """What is not sound about a process, its sub-processes and those beside it in the plan."""
    found: list[Problem] = []
    waiting = list(plan.areas.values())
    while waiting:
        area = waiting.pop(0)
        waiting += [vertex.body for vertex in area.vertices.values() if vertex.body is not None]
        if area.owner is None or area.owner.kind != AD_HOC:
            found += _of_area(area, file)
    return found


def _of_area(area: Area, file: str) -> Iterator[Problem]:
    vertices = list(area.vertices.values())
    if any(each.node.start_quantity != 1 or each.node.completion_quantity != 1 for each in vertices):
        yield Problem(f"{area.id!r} counts tokens (startQuantity, completionQuantity): its soundness is not decided")
        return
    entries = [*area.initial, *area.starts]
    if not entries or _has_loose_link(vertices):
        return
    search = _Search(Net(area, entries), file)
    yield from search.unreachable()
    endless = list(search.endless())
    yield from endless
    if endless:
        return
    if area.initial:
        search.run(area.initial)
    for start in area.starts:
        search.run([start])
    yield from search.told()


def _has_loose_link(vertices: list[Vertex]) -> bool:
    """A link that leads nowhere is refused elsewhere."""
    return any(
        event.name not in each.area.links
        for each in vertices
        if each.kind == THROW
        for event in each.events
        if event.kind == LINK
    )


class _Search:
    """The markings of one area that have been seen, and how they came about."""

    def __init__(self, net: Net, file: str) -> None:
        self.net = net
        self.file = file
        self.found: dict[tuple[str, str], Problem] = {}
        self.came: dict[int, tuple[int, tuple[str, ...]]] = {}
        """Each marking: the one before, and the elements passed between them."""
        self.visited: set[str] = set()
        self.is_decided = True
        self.choice_count = 0

    def tell(self, what: str, vertex: Vertex, message: str) -> Problem:
        place = f"{self.file or 'line'}:{vertex.node.line}" if vertex.node.line else ""
        told = Problem(f"<{vertex.kind}> {vertex.id!r} {message}", place)
        return self.found.setdefault((what, vertex.id), told)

    # --- What the drawing alone tells ---------------------------------------------------------------

    def unreachable(self) -> Iterator[Problem]:
        reached = {vertex.id for vertex in self.net.order}
        for vertex in self.net.area.vertices.values():
            if vertex.id not in reached and _is_in_flow(vertex):
                yield self.tell("dead", vertex, "is dead: no way leads to it from a start")

    def endless(self) -> Iterator[Problem]:
        """Circles that nothing leads out of."""
        follow = {vertex.id: [each.id for each in followers(vertex)] for vertex in self.net.order}
        lead: dict[str, list[str]] = {id: [] for id in follow}
        for id, others in follow.items():
            for other in others:
                lead[other].append(id)
        waiting = [id for id, others in follow.items() if not others]
        ending = set(waiting)
        while waiting:
            new = [id for id in lead[waiting.pop()] if id not in ending]
            ending.update(new)
            waiting += new
        lost = next((vertex for vertex in self.net.order if vertex.id not in ending), None)
        if lost is not None:
            path = _told_path(_way_to(self.net, lost))
            yield self.tell("endless", lost, f"has no way to an end: {path}")

    # --- What moving the tokens tells -----------------------------------------------------------------

    def run(self, starts: list[Vertex]) -> None:
        first = self.net.start(starts)
        self.came.setdefault(first, (0, ()))
        waiting = deque([first])
        while waiting and self.is_decided:
            marking = waiting.popleft()
            step = self.net.step(marking)
            if step is None:
                self._stuck(marking)
                continue
            taken, vertex = step
            outcomes = self.net.outcomes(vertex)
            for outcome in outcomes:
                following = self._after(marking, marking & ~taken, vertex, outcome)
                if following and following not in self.came:
                    self.came[following] = (marking, outcome.nodes)
                    waiting.append(following)
                    self.choice_count += len(outcomes) > 1
            self.is_decided = self.choice_count <= MARKINGS_MAX and len(self.came) <= STEPS_MAX

    def _after(self, marking: int, rest: int, vertex: Vertex, outcome: Outcome) -> int:
        """The next marking; 0: all is done, or goes on no further."""
        self.visited.update(outcome.nodes)
        if outcome.ends_all:
            return 0
        for place in outcome.gives:
            if rest >> place & 1:
                path = _told_path([*self._path(marking), *outcome.nodes])
                self.tell("unjoined", vertex, f"lets several tokens pass that nothing has joined: {path}")
                return 0
            rest |= 1 << place
        return rest

    def _stuck(self, marking: int) -> None:
        for place, vertex in enumerate(self.net.targets):
            if marking >> place & 1:
                missing = [arc.id for arc in vertex.incoming if not marking & self.net.bit(arc)]
                path = _told_path([*self._path(marking), vertex.id])
                flows = ", ".join(repr(each) for each in missing)
                self.tell("deadlock", vertex, f"can wait for ever (deadlock), for a token by {flows}: {path}")

    def _path(self, marking: int) -> list[str]:
        passed: list[tuple[str, ...]] = []
        while marking:
            marking, nodes = self.came[marking]
            passed.append(nodes)
        return [node for nodes in reversed(passed) for node in nodes]

    def told(self) -> Iterator[Problem]:
        if not self.is_decided:
            count = MARKINGS_MAX if self.choice_count > MARKINGS_MAX else STEPS_MAX
            yield Problem(
                f"{self.net.area.id!r} has more than {count:,} distributions of tokens: whether it is sound is not "
                "decided"
            )
        stuck = [problem for (what, _), problem in self.found.items() if what in ("deadlock", "unjoined")]
        yield from stuck
        if self.is_decided and not stuck:
            for vertex in self.net.order:
                if vertex.id not in self.visited:
                    yield self.tell("dead", vertex, "is dead: no token ever comes to it")


def _is_in_flow(vertex: Vertex) -> bool:
    node = vertex.node
    if node.by_event or node.for_compensation:
        return False
    around = vertex.area.vertices.values()
    is_compensation = vertex.kind == BOUNDARY and (vertex.attached is None or vertex not in vertex.attached.boundaries)
    return not is_compensation and all(each.compensator is not vertex for each in around)


def _way_to(net: Net, lost: Vertex) -> list[str]:
    """The shortest way from an entry, without regard to what else must happen."""
    came: dict[str, str] = {vertex.id: "" for vertex in net.entries}
    waiting = deque(net.entries)
    while waiting and lost.id not in came:
        vertex = waiting.popleft()
        for each in followers(vertex):
            if each.id not in came:
                came[each.id] = vertex.id
                waiting.append(each)
    path, at = [], lost.id
    while at:
        path.append(at)
        at = came[at]
    return path[::-1]


def _told_path(ids: list[str]) -> str:
    cut = ["…"] if len(ids) > PATH_MAX else []
    return " → ".join([*cut, *ids[-PATH_MAX:]])
