"""Facts of sick clusters, made by hand: what the looks would have brought under each cause."""

from selftests.diagnosis.sick import (
    clients,
    corefile,
    everyday,
    network,
    replicas,
    service,
    upstream,
)
from selftests.diagnosis.studio import Change

SICK: dict[str, tuple[str, Change]] = {
    **service.SICK,
    **network.SICK,
    **upstream.SICK,
    **corefile.SICK,
    **replicas.SICK,
    **clients.SICK,
    **everyday.SICK,
}
