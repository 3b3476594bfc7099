"""Table of contents: every option and fixture of the suite lives in one of these plugins."""

pytest_plugins = [
    "fixtures.options",  # the whole command line
    "fixtures.markers",  # the markers of checks, and what each means
    "fixtures.profiles",  # --profile, --allow-disruptive: what is selected, in which order
    "fixtures.target",  # --target-coredns and others: which version tests/upgrade/ are about
    "fixtures.features",  # --subject: what an implementation is known not to do
    "fixtures.images",  # the images of our pods, --list-images
    "fixtures.outcomes",  # not-run, not-applicable, deviation, cannot judge
    "fixtures.terminal",  # progress and the summary
    "fixtures.lifecycle",  # run id, signals, ledger, --plan, --cleanup-only
    "fixtures.kind",  # the local cluster: made and deleted, or used and left alone
    "fixtures.cluster",  # the cluster under test, connected and ready to be judged
    "fixtures.upgrade",  # what is known of an upgrade before it
    "fixtures.setup",  # namespaces, probes and objects, made side by side in one go
    "fixtures.asking",  # everyone: one question to every node, server and transport
    "fixtures.names",  # pod records: names and addresses that need the API to be known
    "fixtures.own_names",  # what the rules of the Corefile promise about names of their own
    "fixtures.clients",  # client pods of every DNS policy, what they look up and what it costs
    "fixtures.experiments",  # what takes time runs meanwhile in private CoreDNS instances
    "fixtures.metrics",  # metrics of the replicas and through the DNS Service
    "fixtures.admission",  # pods that somebody rewrites, and names that Services hide
    "fixtures.nodefiles",  # what the nodes' own resolv.conf leads to
    "fixtures.diagnosis",  # after a failure: facts, and the cause that explains most
    "fixtures.compare",  # --compare: what has changed since earlier reports; answers are kept
    "fixtures.notes",  # after a run without a failure: what looks like one, and is none
    "fixtures.report",  # results.yaml, junit.xml, report.html, events.jsonl, exit codes
]
