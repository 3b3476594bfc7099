"""report.html: one page without any outside resource, for people."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from clusterdns.report.model import Report
from clusterdns.report.results import HTML, write_whole
from clusterdns.report.sentences import verdict

_ENVIRONMENT = Environment(
    loader=PackageLoader("clusterdns.report", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_html(report: Report, folder: Path) -> None:
    """Write report.html. Raises OSError."""
    page = _ENVIRONMENT.get_template("page.html.j2").render(report=report, verdict=verdict(report))
    write_whole(folder / HTML, page)
