"""A pytest plugin that writes down what it collected, as JSON: one entry for each check."""

import inspect
import json
import os
from pathlib import Path

import pytest

from fixtures.items import check_id, group_of, param_of
from fixtures.outcomes import level_of

FILE = "CLUSTERDNS_ITEMS_JSON"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """All that is selected, with what the contract is about."""
    entries = [
        {
            "id": check_id(item),
            "param": param_of(item),
            "level": level_of(item),
            "rule": inspect.getdoc(getattr(item, "function", None)) or "",
            "group": group_of(item),
            "file": item.path.stem,
            "fixtures": sorted(getattr(item, "fixturenames", ())),
        }
        for item in session.items
    ]
    Path(os.environ[FILE]).write_text(json.dumps(entries))
