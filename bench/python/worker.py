"""A process that runs rounds of one case with one service.

Reads one JSON object a line: first ``{"setup": CASE, "service", "address", "database", "parameters"}``, then
``{"seconds": N}`` for every round. Answers each with one line, ``{"ok": …}`` or ``{"error": …}``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
import warnings
from typing import Any


async def main() -> None:
    """Serves until the input ends."""
    loop = asyncio.get_running_loop()
    case: Any = None
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        try:
            if "setup" in order:
                # Loaded here, so that a failed import is an answer too.
                from cases import open_case

                case = await open_case(order)
                answer: Any = {"ok": case.facts}
            else:
                answer = {"ok": await case.round(order["seconds"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    if case is not None:
        await case.close()


# What the libraries print must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
asyncio.run(main())
