"""One timed round: latencies, errors, CPU time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any


class Round:
    """Counts what happens between ``start`` and ``stop``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.latencies: list[float] = []
        self.errors: Counter[str] = Counter()
        self.facts: dict[str, float] = {}

    def start(self) -> None:
        """Begins the timed part."""
        self._cpu = time.process_time()
        self._began = time.perf_counter()
        self._end = self._began + self.seconds

    def stop(self) -> None:
        """Ends the timed part."""
        self.elapsed = time.perf_counter() - self._began
        self.cpu = time.process_time() - self._cpu

    def running(self) -> bool:
        """Whether the time is not up."""
        return time.perf_counter() < self._end

    async def timed(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Awaits one operation and notes how long it took. One that fails counts as an error and gives None."""
        began = time.perf_counter()
        try:
            result = await work
        except Exception as error:
            self.errors[f"{type(error).__name__}: {str(error)[:120]}"] += 1
            # A service that refuses everything at once must not spin.
            await asyncio.sleep(0.001)
            return None
        self.latencies.append(time.perf_counter() - began)
        return result

    async def together(self, tasks: Iterable[Coroutine[Any, Any, Any]]) -> None:
        """Runs tasks at once, as the timed part."""
        self.start()
        await asyncio.gather(*tasks)
        self.stop()

    def report(self) -> dict[str, Any]:
        """What goes to the benchmark; times in milliseconds but for ``seconds`` and ``cpuSeconds``."""
        ordered = sorted(self.latencies)
        count = len(ordered)

        def at(share: float) -> float | None:
            return ordered[min(count - 1, int(share * count))] * 1000 if ordered else None

        return {
            "operations": count,
            "seconds": self.elapsed,
            "cpuSeconds": self.cpu,
            "p50": at(0.5),
            "p99": at(0.99),
            "errors": dict(self.errors.most_common(5)),
            "errorCount": sum(self.errors.values()),
            "facts": self.facts,
        }
