"""What every test shares: no property test may fail because the machine is slow.

A property test makes the same examples in every run, so that a change is judged by what it changes.
`make properties` draws new ones each time.
"""

import os
import sys
from typing import Any

from hypothesis import HealthCheck, Phase, settings

_PATIENT: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("any machine", derandomize=True, max_examples=40, **_PATIENT)
settings.register_profile("new examples", max_examples=200, **_PATIENT)
# Where a failure is only to be known and not to be made small: shrinking may take minutes.
settings.register_profile(
    "brief", phases=set(Phase) - {Phase.shrink, Phase.explain}, max_examples=60, **_PATIENT
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "any machine"))

# The tests start Python hundreds of times: it may not compile gptexit anew each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
