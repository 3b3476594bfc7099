"""What checks are about: the closed vocabulary of the marker ``about``, a sentence for each word.

A check declares its topics, and the causes of the diagnosis name the topics that follow from
them: so a test can be renamed or moved, and no diagnosis changes. A new topic is added here.
"""

from collections.abc import Mapping

TRANSPORTS: Mapping[str, str] = {
    "udp": "What is asked, or offered, over UDP.",
    "tcp": "What is asked, or offered, over TCP.",
}
CLUSTER_NAMES: Mapping[str, str] = {
    "cluster-names": "Answers about names of the cluster, from every server and every node.",
    "schema-version": "The record that names the version of the specification.",
    "kubernetes-service": "The names of the API server's Service, which every cluster has.",
    "cluster-ip": "Records of Services that have a cluster IP.",
    "headless": "Records of headless Services and of their endpoints.",
    "external-names": "Services of type ExternalName and the CNAME records that they get.",
    "pod-records": "Names that hold a pod's address.",
    "denials": "NXDOMAIN and NODATA for what does not exist.",
    "zone-apex": "SOA and NS records at the top of the cluster's zone.",
    "record-ttl": "How long records of the cluster may be kept.",
    "denial-ttl": "How long denials of names of the cluster may be kept.",
    "letter-case": "Names are the same in every case.",
    "message-header": "The header and the question section of an answer.",
    "edns": "EDNS in questions and in answers.",
    "edns-options": "The same question with each kind of EDNS.",
    "edns-large-buffer": "A question that offers to take 4096 octets over UDP.",
    "large-answers": "Answers that do not fit into one datagram.",
    "tcp-streams": "Several questions on one connection, and questions in pieces.",
    "malformed-questions": "Questions that no resolver of good will asks.",
    "zone-transfer": "Whole zones are not given away.",
    "more-records": "Records that the specification does not ask for.",
}
OBJECTS: Mapping[str, str] = {
    "dns-service": "The object of the DNS Service: address, ports, labels, selector.",
    "told-nameserver": "Which nameserver the kubelets tell pods to ask.",
    "dns-endpoints": "The EndpointSlices of the DNS Service.",
    "workload": "The Deployment or DaemonSet of cluster DNS, and its replicas.",
    "replica-count": "That there is more than one replica.",
    "replica-spread": "That the replicas are on several nodes.",
    "replica-restarts": "That no replica keeps restarting.",
    "liveness-probe": "By which page the kubelet judges whether a replica lives.",
    "readiness-probe": "By which page the kubelet judges whether a replica is ready.",
    "permissions": "What the ServiceAccount of cluster DNS may and may not do.",
}
COREFILE: Mapping[str, str] = {
    "corefile": "The Corefile in the ConfigMap.",
    "running-corefile": "That the replicas run with the Corefile that the ConfigMap has.",
    "own-names": "Names that the Corefile has rules of its own for.",
    "stub-zones": "Zones that the Corefile forwards to servers of their own.",
    "corefile-advice": "Settings that are legal, and likely to hurt.",
    "plugin-errors": "That the Corefile has the plugin errors.",
    "plugin-health": "That the Corefile has the plugin health.",
    "plugin-ready": "That the Corefile has the plugin ready.",
    "plugin-prometheus": "That the Corefile has the plugin prometheus.",
    "plugin-loop": "That the Corefile has the plugin loop.",
    "plugin-reload": "That the Corefile has the plugin reload.",
    "plugin-cache": "That the Corefile has the plugin cache.",
}
CLIENTS: Mapping[str, str] = {
    "short-names": "What programs in pods find under the names of Services.",
    "ndots": "How many questions one lookup costs.",
    "musl": "The resolver of Alpine's C library.",
    "pod-resolv-conf": "resolv.conf, hostname and hosts file of pods, by DNS policy.",
    "default-policy": "Pods that are told to ask whom their node asks.",
    "node-resolv-conf": "What the nodes' own resolv.conf brings into the cluster.",
    "resolv-conf-limits": "How many nameservers and suffixes of a node's file are used.",
    "node-search-domains": "The search domains of the nodes.",
    "empty-search-domains": "Search domains in which every name exists, without records.",
    "admission": "What becomes of pods on their way into the API.",
    "hidden-names": "Names outside the cluster that Services hide by the search list.",
}
OUTSIDE: Mapping[str, str] = {
    "forwarding": "Names outside the cluster, and what forwards them.",
    "outside-names": "That a name outside resolves in pods as on the node.",
    "told-outside-names": "The same of nameservers that pods are told instead of the DNS Service.",
    "upstream-outage": "What a private CoreDNS says while no upstream answers, and afterwards.",
    "forward-options": "Policy, max_concurrent, transports and exceptions of forward.",
    "upstreams": "That each resolver that the nodes name answers.",
    "upstream-aaaa": "That each resolver that the nodes name answers for AAAA.",
    "loops": "Questions that run in circles.",
    "multiplied-questions": "That one question outside causes only a few.",
    "upstream-loop": "That no upstream asks the cluster's DNS back.",
}
OPERATION: Mapping[str, str] = {
    "paths": "The way from every node to the Service and every replica: answers, losses, time.",
    "updates": "How soon a change of an object is visible on every replica.",
    "health-pages": "What each replica says of itself over HTTP: health, readiness, metrics.",
    "metrics": "Series and counters of the replicas.",
    "metrics-through-service": "Metrics by way of the DNS Service.",
    "logs": "What the plugins log and errors write.",
    "cache": "What is kept, and for how long.",
    "corefile-options": "Pod modes, TTL, cache and autopath, each tried in a private CoreDNS.",
    "reload": "A changed Corefile takes effect without a restart.",
    "own-reload": "A change of the cluster's own Corefile.",
    "api-loss": "A private CoreDNS that loses the API server.",
    "replica-shutdown": "A replica that is deleted while it is asked.",
    "upgrade": "What an upgrade leads to: what refuses, undoes or changes it.",
}
TOPICS: Mapping[str, str] = {
    **TRANSPORTS,
    **CLUSTER_NAMES,
    **OBJECTS,
    **COREFILE,
    **CLIENTS,
    **OUTSIDE,
    **OPERATION,
}


class UnknownTopicError(ValueError):
    """A word that is not in the vocabulary."""

    def __init__(self, word: str) -> None:
        super().__init__(f"no topic is named {word!r}: see clusterdns/report/topics.py")


def known(*words: str) -> frozenset[str]:
    """The words as topics. Raises UnknownTopicError."""
    for word in words:
        if word not in TOPICS:
            raise UnknownTopicError(word)
    return frozenset(words)
