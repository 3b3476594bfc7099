"""Facts of faulty clusters, made by hand: what the looks would have brought under each cause."""

from selftests.diagnosis.edit_facts import Change
from selftests.diagnosis.faulty_facts import (
    before_asking,
    caches,
    clients,
    corefile,
    everyday,
    network,
    replicas,
    service,
    starved,
    upstream,
    written,
)

FAULTY: dict[str, tuple[str, Change]] = {
    **service.FAULTY,
    **network.FAULTY,
    **upstream.FAULTY,
    **corefile.FAULTY,
    **replicas.FAULTY,
    **clients.FAULTY,
    **everyday.FAULTY,
    **starved.FAULTY,
    **written.FAULTY,
    **before_asking.FAULTY,
    **caches.FAULTY,
}
