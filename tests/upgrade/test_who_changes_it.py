"""Who else has a hand in the upgrade: kubeadm, and whoever puts objects back as they were."""

from collections.abc import Mapping

import pytest

from clusterdns.inventory.owner_places import Owner
from clusterdns.upgrade.owned import in_words
from clusterdns.upgrade.upgrade import Upgrade

pytestmark = [
    pytest.mark.quick,
    pytest.mark.about("upgrade"),
    pytest.mark.needs("dns-objects"),
    pytest.mark.level("advice"),
]


def test_kubeadm_upgrades_it_without_more_ado(kubeadm_decides: Upgrade) -> None:
    """What kubeadm does with Corefile and Deployment should need nobody's attention."""
    found = kubeadm_decides.kubeadm_in_words()
    assert found == [], "\n".join(found)


def test_nobody_undoes_an_edit(owned: Mapping[str, Owner], upgrade: Upgrade) -> None:
    """Objects of cluster DNS that somebody puts back should be changed in that one's place."""
    found = [in_words(thing, owner, upgrade.target) for thing, owner in owned.items()]
    assert found == [], "\n".join(found)
