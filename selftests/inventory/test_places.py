"""A remark about the Corefile says where it is to be mended: file, line, ConfigMap and key."""

from typing import cast

import pytest

from clusterdns.cluster import Cluster
from clusterdns.corefile import Corefile, CorefileError, findings
from clusterdns.inventory.inventory import Inventory, mounts_of
from clusterdns.inventory.permissions import rights_needed
from clusterdns.inventory.places import config_map_of, told
from selftests.inventory.test_mounts import Maps, workload

OWN = (
    ".:53 {\n    errors\n    hosts {\n        fallthrough\n    }\n    import custom/*.override\n}\n"
)
PLACE = "key names of configmap kube-system/extra"


def inventory(text: str, imported: str) -> Inventory:
    """A cluster whose Corefile imports a file that has another name than its key."""
    items = [{"key": "names", "path": "names.override"}]
    made = workload({"configMap": {"name": "extra", "items": items}})
    found = mounts_of(
        cast(Cluster, Maps({"coredns": {"Corefile": text}, "extra": {"names": imported}})), made
    )
    return Inventory(
        version="v1",
        nodes=(),
        service=None,
        slices=(),
        workload=made,
        pods=(),
        corefile_text=text,
        config_map=("kube-system", "coredns"),
        files=found.files,
        folders=tuple(found.folders),
        keys=found.keys,
    )


def test_both_places_have_their_config_map() -> None:
    """Of two places that collide both are named with file, line, ConfigMap and key."""
    here = inventory(OWN, "\nhosts {\n  fallthrough\n}\n")
    assert isinstance(here.corefile, Corefile)
    words = told(here, findings(here.corefile, "1.12.1")[0])
    assert words.startswith(f"/etc/coredns/custom/names.override, line 2 ({PLACE}): 'hosts' may")
    assert "stands in Corefile, line 3" in words
    assert words.endswith("; Corefile: key Corefile of configmap kube-system/coredns")


def test_a_file_that_cannot_be_read_has_it_too() -> None:
    """An error of the text itself is told in the same way."""
    here = inventory(OWN, "errors\nimport\n")
    assert isinstance(here.corefile, CorefileError)
    assert PLACE in told(here, here.corefile)


def test_a_file_of_elsewhere_has_none() -> None:
    """Of what the image or a Secret brings nobody knows the place."""
    assert config_map_of(inventory(OWN, ""), "/etc/other") is None


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ("pods verified", {"list-pods", "watch-pods"}),
        ("multicluster b.local", {"list-serviceimports", "watch-serviceimports"}),
        ("pods insecure", set()),
    ],
)
def test_options_of_the_corefile_need_rights(option: str, more: set[str]) -> None:
    """What is asked of the API server follows the Corefile."""
    usual = {str(right) for right in rights_needed(inventory(OWN, ""))}
    text = f".:53 {{\n    kubernetes a.local b.local {{\n        {option}\n    }}\n}}\n"
    assert {str(right) for right in rights_needed(inventory(text, ""))} - usual == more


def test_variables_are_those_of_the_replicas() -> None:
    """A value of the manifest takes its place; one from elsewhere stays a variable."""
    here = inventory(".:53 {\n    cache {$SECONDS}\n    forward . {$UPSTREAM}\n}\n", "")
    container = here.container
    elsewhere = {"secretKeyRef": {"name": "a", "key": "b"}}
    container["env"] = [
        {"name": "SECONDS", "value": "-5"},
        {"name": "UPSTREAM", "valueFrom": elsewhere},
    ]
    assert isinstance(here.corefile, Corefile)
    (fault,) = [one for one in findings(here.corefile, "1.12.1") if one.level == "error"]
    assert (fault.line, fault.message) == (2, "'cache' must keep answers for 1 s or more, not -5")
    assert here.corefile.blocks[0].all("forward")[0].args == (".", "{$UPSTREAM}")
