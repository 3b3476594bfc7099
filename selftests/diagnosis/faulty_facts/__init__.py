"""Facts of sick clusters, made by hand: what the looks would have brought under each cause."""

from selftests.diagnosis.edit_facts import Change
from selftests.diagnosis.faulty_facts import (
    clients,
    corefile,
    everyday,
    network,
    replicas,
    service,
    upstream,
    written,
)

SICK: dict[str, tuple[str, Change]] = {
    **service.SICK,
    **network.SICK,
    **upstream.SICK,
    **corefile.SICK,
    **replicas.SICK,
    **clients.SICK,
    **everyday.SICK,
    **written.SICK,
}
