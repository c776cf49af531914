"""Calls a function of a client's `run-tests`, so that what installs the client's tools is written once.

python3 call.py clients/python/run-tests python_of adk-2.13.0
"""

from __future__ import annotations

import contextlib
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

sys.dont_write_bytecode = True
file, function, *arguments = sys.argv[1:]
loader = SourceFileLoader("run_tests", file)
spec = spec_from_loader("run_tests", loader)
assert spec is not None
module = module_from_spec(spec)
sys.modules["run_tests"] = module
loader.exec_module(module)
# What it tells of its progress is not its result.
with contextlib.redirect_stdout(sys.stderr):
    result = getattr(module, function)(*arguments)
print(result or "")
