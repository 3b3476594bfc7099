"""A pytest plugin: the suite's own test files against DNS servers on loopback, honest or lying.

The environment says what is wanted. CLUSTERDNS_LIARS_JSON names a file: then every check is run
once for each liar, on a stage of its own, and its verdicts are written there; CLUSTERDNS_LIARS
is the share of the liars that come, such as 1/2. Without it the session is an ordinary one with
honest servers.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from selftests.liars import local_fixtures
from selftests.liars.edges import EDGES
from selftests.liars.liars import LIARS

RESULTS, SHARE = "CLUSTERDNS_LIARS_JSON", "CLUSTERDNS_LIARS"


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """After all other plugins, so that these fixtures override theirs."""
    session.config.stash[local_fixtures.LIAR_KEY] = local_fixtures.HONEST
    session.config.pluginmanager.register(local_fixtures, "liars")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """All checks for each liar, if that is wanted."""
    if RESULTS not in os.environ:
        return None
    results = {}
    number, of = map(int, os.environ.get(SHARE, "1/1").split("/"))
    for liar in (*LIARS, *EDGES)[number - 1 :: of]:
        session.config.stash[local_fixtures.LIAR_KEY] = liar
        began = time.monotonic()
        failed = failures([item for item in session.items if liar.meets(item.path.stem)])
        results[liar.name] = {"failed": failed, "seconds": time.monotonic() - began}
        Path(os.environ[RESULTS]).write_text(json.dumps(results))
    return True


def failures(items: Sequence[pytest.Item]) -> dict[str, str]:
    """The message of each check that does not pass, by file, name and parameter.

    After the last one all fixtures have ended, so that the next round begins with none.
    """
    failed = {}
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.user_properties.clear()
        for report in runtestprotocol(item, log=False, nextitem=after):
            if getattr(report, "verdict", None):
                failed[f"{item.path.stem}::{item.name}"] = str(report.longreprtext)
    return failed
