"""What is worth knowing about the Corefile has a place: the page, results.yaml, and -v."""

from dataclasses import replace

from clusterdns.inventory.facts import corefile_notes
from clusterdns.report.blocks import verdict_lines
from clusterdns.report.brief import brief
from clusterdns.report.html import render
from selftests.diagnosis.healthy_facts import healthy
from selftests.report.examples import REPORT

NOTE = "line 3: a note <for> people"


def test_page_and_verbose_summary_have_it_and_the_brief_one_has_not() -> None:
    """It asks for nothing, so a screen is too small for it."""
    assert "<h2>Worth knowing about the Corefile</h2>" in render(REPORT)
    assert "a note &lt;for&gt; people" in render(REPORT)
    assert f"worth knowing: {NOTE}" in [line.text for line in verdict_lines(REPORT, "page")]
    assert not [line for line in brief(REPORT, "page", (), columns=100) if NOTE in line.text]
    plain = replace(REPORT, cluster={**REPORT.cluster, "dns": None})
    assert "Worth knowing" not in render(plain)


def test_notes_are_the_findings_that_ask_for_nothing() -> None:
    """With file, line, ConfigMap and key; none without a Corefile."""
    shown = healthy().inventory
    rule = "    rewrite name suffix .a.lab .b.lab\n    loop\n"
    text = (shown.corefile_text or "").replace("    loop\n", rule)
    (note,) = [n for n in corefile_notes(replace(shown, corefile_text=text)) if "other name" in n]
    assert "key Corefile of configmap kube-system/coredns" in note
    assert corefile_notes(replace(shown, corefile_text=None)) == []
