"""The executor of attempts that a cluster computes: they are sent in bundles, and come back as values.

One thread owns the connection: it connects, sends, and notices when the cluster is gone.  Then all that was sent is
given back uncounted, this worker offers the cluster no more, and the thread tries to reach it again, ever less often.
The leases stay here, and are renewed like all others.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping

from msgspec import structs

from mainspring.errors import HandlerUnknownError, MainspringError, SettingInvalidError, TaskExitError
from mainspring.kernel.records import Attempt, Release, Settle
from mainspring.runtime.bundle import Bundle, Ended, Piece, decode_answer, decode_said, encode
from mainspring.runtime.cluster import Answer, Cluster, ClusterAwayError, Fate
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.runs import CANCELLED, STOPPED, Line, Run, Runs, too_late

BUNDLE_COUNT_MAX = 64
"""Attempts of a bundle.  If it is lost they all run again."""
BUNDLE_S = 0.05
"""A bundle is to take so long: what the cluster does for each is small beside that, and no outcome waits for long."""
PARCELS_MAX = 2
"""Bundles of quick attempts of one handler, for each thread of the cluster: one runs and one waits.  What comes
meanwhile makes the next one larger."""
BUNDLE_BYTES_MAX = 256 * 1024
"""Of all payloads of a bundle; a larger one goes alone."""
FORGET_SHARE = 0.2
"""Of what is known of a handler's run time, with each attempt that was faster; a slower one counts at once."""
LOOK_S = 0.5
"""Between two looks at an idle connection."""
BACKOFF_S = (0.2, 15.0)
"""First and longest pause between two tries to connect."""
CLOSE_S_MAX = 5.0
"""For leaving the cluster in good order."""

UNREACHED = "it was not reached yet"

logger = logging.getLogger("mainspring.worker")


class Parcel:
    """A bundle that was sent, with the runs of its pieces."""

    __slots__ = ("handler", "id", "runs")

    def __init__(self, id: str, runs: list[Run]) -> None:
        self.id = id
        self.runs = runs
        self.handler = runs[0].handler


class ClusterExecutor:
    """Runs attempts on a cluster."""

    def __init__(
        self,
        handlers: Handlers,
        runs: Runs,
        cluster: Cluster,
        *,
        states: MutableMapping[str, str],
        offer: Callable[[], None],
    ) -> None:
        """`states`: where it says why its kind of cluster is away (empty: it is there); then it calls `offer`."""
        self.runs = runs
        self._handlers = handlers
        self._cluster = cluster
        self._states, self._offer = states, offer
        states[cluster.kind] = UNREACHED
        self._line = Line()
        self._again: deque[Run] = deque()
        """To be sent once more, each alone: something is wrong with one of a bundle."""
        self._words: deque[tuple[dict[str, list[int]], bool]] = deque()
        self._parcels: dict[str, Parcel] = {}
        self._seconds: dict[str, float] = {}
        """How long an attempt may take, by handler."""
        self._sender = secrets.token_hex(6)
        self._sent = 0
        self._bell = threading.Event()
        self._lost = ""
        """A parcel that went down with the cluster."""
        self._draining = self._stopping = False
        self._thread = threading.Thread(target=self._serve, name=f"mainspring-{cluster.kind}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, attempts: list[Attempt]) -> None:
        self._line.extend(attempts)
        self._bell.set()

    def cancel(self, instance: int, key: str) -> None:
        """Take waiting attempts back; tell those that were sent."""
        self.runs.release(self._line.withdraw(instance, key))
        self._tell(self.runs.find(instance, key), CANCELLED, is_end=True)

    def release(self) -> None:
        """Give back what never began, here or there."""
        self._draining = True
        self.runs.release(self._line.withdraw())
        self._tell(tuple(self.runs.live), "", is_end=False)

    def interrupt(self) -> None:
        """Tell all that run to end; nothing can make them."""
        self._tell(tuple(self.runs.live), STOPPED, is_end=True)

    def stop(self) -> None:
        """Leave the cluster; what still runs there is given up."""
        self._stopping = True
        self._bell.set()
        if self._thread.is_alive() and not self._states[self._cluster.kind]:
            self._thread.join(CLOSE_S_MAX)  # a thread that still looks for the cluster is left to find that out

    def _tell(self, runs: Iterable[Run], verdict: str, *, is_end: bool) -> None:
        words: dict[str, list[int]] = {}
        for run in runs:
            run.verdict = run.verdict or verdict
            parcel = run.carrier
            if parcel is not None:
                words.setdefault(parcel.id, []).append(parcel.runs.index(run))
        if words:
            self._words.append((words, is_end))
            self._bell.set()

    # --- The connection -----------------------------------------------------------------------

    def _serve(self) -> None:
        pause_s, longest_s = BACKOFF_S
        while not self._stopping:
            try:
                self._cluster.connect(self._hear)
            except ClusterAwayError as error:
                self._leave(str(error))
                self._rest(pause_s)
                pause_s = min(pause_s * 2, longest_s)
                continue
            pause_s = BACKOFF_S[0]
            self._say("")
            self._leave(self._work())
            self._rest(pause_s)
        self._cluster.close()

    def _work(self) -> str:
        """Send what comes, until the cluster is gone; returns the story."""
        threads = self._cluster.threads
        try:
            while self._cluster.is_there() and self._lost not in self._parcels:
                if self._stopping:
                    return "the worker stops"
                self._speak()
                self._send_all()
                if not self._bell.wait(LOOK_S) and threads != self._cluster.threads:
                    # Workers came or went: handlers that could not be imported there may be now.
                    threads = self._cluster.threads
                    self._offer()
                self._bell.clear()
        except ClusterAwayError as error:
            return str(error)
        except Exception as error:
            logger.exception("the connection to the %s cluster is given up", self._cluster.kind)
            return _text(error)
        return "the connection was lost"

    def _leave(self, problem: str) -> None:
        """The cluster is away: offer it no more, and give back what it had, uncounted."""
        if self._stopping:
            return
        self._say(problem)
        self._words.clear()
        self._again.clear()
        lost = [run for run in tuple(self.runs.live) if self.runs.claim(run)]
        self._parcels.clear()
        self.runs.release([run.record for run in lost])
        self.runs.release(self._line.withdraw())
        self._cluster.close()

    def _rest(self, seconds: float) -> None:
        """Pause; what is dispatched meanwhile was claimed before others heard that the cluster is away."""
        until = time.monotonic() + seconds
        while not self._stopping and (left_s := until - time.monotonic()) > 0:
            self._bell.wait(left_s)
            self._bell.clear()
            self.runs.release(self._line.withdraw())

    def _say(self, problem: str) -> None:
        kind = self._cluster.kind
        before, self._states[kind] = self._states[kind], problem
        if before == problem:
            return
        if problem:
            logger.warning("the %s cluster is away, its tasks wait for another worker or its return: %s", kind, problem)
        else:
            logger.info("the %s cluster is there", kind)
        self._offer()

    # --- There --------------------------------------------------------------------------------

    def _speak(self) -> None:
        while self._words:
            words, is_end = self._words.popleft()
            known = {id: (places, self._parcels.get(id)) for id, places in words.items()}
            live = {id: places for id, (places, parcel) in known.items() if parcel is not None}
            whole = [id for id, (places, parcel) in known.items() if parcel and len(places) == len(parcel.runs)]
            if live:
                self._cluster.tell(live, is_end=is_end, whole=whole)

    def _send_all(self) -> None:
        while self._again:
            run = self._again.popleft()
            if run.verdict or self._draining:
                self._report(run, Release(run.record))
            else:
                self._send([run])
        by_handler: dict[str, list[Attempt]] = {}
        for attempt in tuple(self._line):
            by_handler.setdefault(attempt.handler, []).append(attempt)
        for handler, attempts in by_handler.items():
            for together in self._bundles(handler, attempts):
                self._begin(together)

    def _bundles(self, handler: str, attempts: list[Attempt]) -> Iterable[list[Attempt]]:
        """What is to go now: as many together as are quick enough, and something left for each thread."""
        threads, known_s = self._cluster.threads, self._seconds.get(handler)
        count_max, room = 1, len(attempts)
        if known_s is not None and known_s < BUNDLE_S:
            count_max = max(1, min(BUNDLE_COUNT_MAX, -(-len(attempts) // threads), int(BUNDLE_S / max(known_s, 1e-6))))
            room = PARCELS_MAX * threads - sum(parcel.handler == handler for parcel in tuple(self._parcels.values()))
        together: list[Attempt] = []
        bytes_count = 0
        for attempt in attempts:
            if together and (len(together) == count_max or bytes_count + len(attempt.payload) > BUNDLE_BYTES_MAX):
                if room > 0:
                    yield together
                together, bytes_count, room = [], 0, room - 1
            together.append(attempt)
            bytes_count += len(attempt.payload)
        if room > 0:
            yield together

    def _begin(self, attempts: list[Attempt]) -> None:
        """Send them together, those that nobody has taken back."""
        runs = []
        for attempt in filter(self._line.take, attempts):
            try:
                run = self.runs.make(attempt, self._handlers.get(attempt.handler))
                _check(run, self._cluster.kind)
            except MainspringError as error:
                self.runs.report([self.runs.unstarted(attempt, error)])
                continue
            self.runs.live.add(run)
            runs.append(run)
        if runs:
            self._send(runs)

    def _send(self, runs: list[Run]) -> None:
        self._sent += 1
        parcel = Parcel(f"{self._sender}-{self._sent}", runs)
        pieces = [
            Piece(
                run.handler, run.target.path, run.instance, run.key, run.attempt, run.record.payload,
                run.record.timeout_s,
            )
            for run in runs
        ]  # fmt: skip
        for run in runs:
            run.carrier = parcel
        self._parcels[parcel.id] = parcel
        bundle = encode(Bundle(parcel.id, self._cluster.kind, pieces, self.runs.bytes_max))
        self._cluster.send(parcel.id, runs[0].target.path, bundle, self._done)

    # --- And back, in threads of the cluster's own --------------------------------------------

    def _hear(self, message: bytes) -> None:
        said = decode_said(message)
        parcel = self._parcels.get(said.bundle)
        if parcel is None:
            return  # it came after the outcome, which had all lines
        run = parcel.runs[said.place]
        lines = said.lines if said.before == run.heard else ()
        run.heard += len(lines)
        run.relay(said.fraction, lines)

    def _done(self, id: str, answer: Answer) -> None:
        if answer is Fate.AWAY:
            self._lost = id  # all are given back together, once this worker has said that it offers the cluster no more
            self._bell.set()
            return
        parcel = self._parcels.pop(id, None)
        if parcel is None:
            return
        if self._line:
            self._bell.set()
        match answer:
            case bytes():
                self._take(parcel, decode_answer(answer))
            case Fate.UNBEGUN:
                self._take(parcel, [None] * len(parcel.runs))
            case Exception() if len(parcel.runs) > 1:
                self._again.extend(parcel.runs)
                self._bell.set()
            case Exception():
                self._report(parcel.runs[0], self._broken(parcel.runs[0], answer))

    def _take(self, parcel: Parcel, ends: list[Ended | None]) -> None:
        outcomes = []
        for run, ended in zip(parcel.runs, ends, strict=True):
            outcome = Release(run.record) if ended is None else self._outcome(run, ended)
            if self.runs.claim(run):
                outcomes.append(outcome)
        if outcomes:
            self.runs.report(outcomes)

    def _report(self, run: Run, outcome: Settle | Release) -> None:
        if self.runs.claim(run):
            self.runs.report([outcome])

    def _outcome(self, run: Run, ended: Ended) -> Settle | Release:
        finished_at = self.runs.now() - ended.ago_s
        run.started_at = finished_at - ended.seconds
        known_s = self._seconds.get(run.handler, 0.0)
        self._seconds[run.handler] = max(ended.seconds, known_s + FORGET_SHARE * (ended.seconds - known_s))
        if rest := ended.lines[run.heard :]:
            run.relay(None, rest)
        run.drop(ended.dropped)
        if ended.is_late:
            settle = self._late(run, ended)
        elif ended.output is not None:
            settle = self.runs.completed(run, ended.output)
        elif run.verdict == STOPPED:
            return Release(run.record)
        else:
            settle = self.runs.failed_with(run, ended.failure)
        settle.event = structs.replace(settle.event, finished_at=finished_at)
        return settle

    def _late(self, run: Run, ended: Ended) -> Settle:
        if ended.failure is not None:
            return self.runs.failed(run, too_late(run), ended.failure.traceback)
        why = "" if ended.output is not None else "; it goes on in its thread on the cluster, which nobody can end"
        return self.runs.failed(run, too_late(run, why), ended.trace)

    def _broken(self, run: Run, error: Exception) -> Settle | Release:
        """The cluster could not perform a bundle of one."""
        kind = self._cluster.kind
        if run.verdict == STOPPED:
            return Release(run.record)
        if _is_stranger(error):
            told = f"the workers of the {kind} cluster could not load what is to run it: {_text(error)}"
            return self.runs.failed(run, HandlerUnknownError(run.handler, told), "")
        return self.runs.failed(run, TaskExitError(f"the {kind} cluster could not run it: {_text(error)}"), "")


def _check(run: Run, kind: str) -> None:
    """Raises `SettingInvalidError` for what a cluster cannot do."""
    if run.target.is_transactional:
        raise SettingInvalidError(f"{run.target.where} asks for a transaction, which there is none of on {kind}")
    if run.memory_max_mb is not None:
        raise SettingInvalidError(f'memory_max_mb takes effect with isolation="process" only, not on {kind}')


def _is_stranger(error: BaseException | None) -> bool:
    """Whether the cluster lacks modules that are here."""
    while error is not None:
        if isinstance(error, ImportError) or "eserializ" in str(error):
            return True
        error = error.__cause__
    return False


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
