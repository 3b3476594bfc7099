"""Diagnosis: from what was measured to what is wrong, and what to do about it.

``gather`` collects the facts once something has failed; ``diagnose`` judges them. A cause is a
function of the facts in ``causes/``, one file per layer; CONTRIBUTING.md says how to add one.
"""

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.gather import Sources, gather
from clusterdns.diagnosis.hops.locate import located
from clusterdns.diagnosis.hops.private import bench_in
from clusterdns.diagnosis.ranking import Verdict, diagnose
from clusterdns.diagnosis.rows import Trouble

__all__ = ["Facts", "Sources", "Trouble", "Verdict", "bench_in", "diagnose", "gather", "located"]
