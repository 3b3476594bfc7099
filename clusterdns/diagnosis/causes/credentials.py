"""Credentials of the replicas that the API server no longer takes."""

from clusterdns.diagnosis.causes.api import of_the_cluster
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import restart
from clusterdns.diagnosis.rights import accounts_in_words

# client-go says the status' reason, or its sentence (apimachinery, errors.NewUnauthorized).
REFUSED = (
    r"(?:[Ff]ailed to (?:list|watch)|plugin/kubernetes).*"
    r"(?:Unauthorized|asked for the client to provide credentials)"
)


@cause(
    "api-credentials",
    "api",
    leads_to=("api-unreachable", "dns-svc-endpoints-notready", "watch-frozen"),
)
def refused(facts: Facts) -> Finding | None:
    """The API server does not know who the replicas are: 401, whatever they may do."""
    lines = facts.log_lines(REFUSED)
    unsure = [c for c in facts.reached("/ready") if c.result == "503" and "kubernetes" in c.body]
    servfail = [t for t in facts.to_replicas("absent") if t.result == "SERVFAIL"]
    if not lines or not (facts.unready or unsure or servfail):
        return None
    who = accounts_in_words(facts)
    allowed = facts.rights is not None and all(facts.rights.values())
    return Finding(
        "The API server no longer takes the credentials of the replicas (401 Unauthorized), so "
        "they do not know the cluster's names.",
        (
            *lines,
            *(
                [f"the account itself ({who}) may read all that it needs"]
                if allowed and who
                else []
            ),
            *([f"not ready: {', '.join(facts.unready)}"] if facts.unready else []),
        ),
        (
            *restart(
                facts, "a new pod gets a new token; an account that was made anew takes no old"
            ),
            "if new pods are refused too: the token that is mounted is not one of this cluster "
            "(look at the volumes of the pod template), or kube-apiserver's "
            "--service-account-key-file or --service-account-issuer was changed",
        ),
        of_the_cluster(facts),
    )
