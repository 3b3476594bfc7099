"""Corefiles that somebody has when Kubernetes is upgraded, by what is peculiar about them."""

from clusterdns.upgrade.kubeadm import default_corefile

DEFAULT = default_corefile("cluster.local")
BEFORE_131 = DEFAULT.replace(
    """cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }""",
    "cache 30",
)
WITHOUT_LIMIT = BEFORE_131.replace(
    """forward . /etc/resolv.conf {
       max_concurrent 1000
    }""",
    "forward . /etc/resolv.conf",
)
STUB = "example.org:53 {\n    errors\n    cache 30\n    forward . 192.0.2.1\n}\n"


def inside(*lines: str) -> str:
    """The default Corefile of Kubernetes before 1.31 with more lines in its block."""
    more = "".join(f"    {line}\n" for line in lines)
    return BEFORE_131.replace("    loop\n", f"{more}    loop\n")


def of_kubernetes(*lines: str) -> str:
    """The same with more options of the plugin kubernetes."""
    more = "".join(f"       {line}\n" for line in lines)
    return BEFORE_131.replace("       ttl 30\n", f"       ttl 30\n{more}")


COREFILES = {
    "default": DEFAULT,
    "default before 1.31": BEFORE_131,
    "default before 1.19": WITHOUT_LIMIT,
    "default before 1.17": WITHOUT_LIMIT.replace(" {\n       lameduck 5s\n    }", ""),
    "empty": "",
    "only a comment": "# nothing\n",
    "default in another order": BEFORE_131.replace("    errors\n", "").replace(
        "    loop\n", "    loop\n    errors\n"
    ),
    "another port": BEFORE_131.replace(".:53", ".:1053"),
    "another ttl": BEFORE_131.replace("ttl 30", "ttl 5"),
    "a log": inside("log"),
    "stub domain": BEFORE_131 + STUB,
    "no limit, and a stub domain": WITHOUT_LIMIT + STUB,
    "hosts": inside("hosts {", "    192.0.2.7 here.test", "    2001:db8::7 here.test", "}"),
    "rewrites": inside("rewrite stop {", "    name a.test b.test", "    answer auto", "}"),
    "cname target": inside("rewrite {", "    cname_target exact a. b.", "}"),
    "stacktrace": inside("errors {", "    stacktrace", "}"),
    "template": inside("template IN AAAA {", "    rcode NXDOMAIN", "}"),
    "stale": BEFORE_131.replace("cache 30", "cache 30 {\n       serve_stale\n    }"),
    "kept ttl": BEFORE_131.replace("cache 30", "cache 30 {\n       keepttl\n    }"),
    "next": BEFORE_131.replace("max_concurrent 1000", "max_concurrent 1000\n       next NXDOMAIN"),
    "failover": BEFORE_131.replace(
        "max_concurrent 1000", "max_concurrent 1000\n       failover SERVFAIL"
    ),
    "fail fast": BEFORE_131.replace(
        "max_concurrent 1000", "max_concurrent 1000\n       failfast_all_unhealthy_upstreams"
    ),
    "transfer": of_kubernetes("transfer to 192.0.2.9 192.0.2.10"),
    "upstream": of_kubernetes("upstream", "resyncperiod 5m"),
    "endpoints": of_kubernetes("endpoint http://192.0.2.1:8080 http://192.0.2.2:8080"),
    "multicluster": of_kubernetes("multicluster clusterset.local"),
    "autopath": inside("autopath @kubernetes").replace("pods insecure", "pods verified"),
    "external": inside("k8s_external example.org {", "    fallthrough", "}"),
    "snippet": "(common) {\n    errors\n    cache 30\n}\n"
    ".:53 {\n    import common\n    forward . 1.1.1.1\n}\n",
    "import": inside("import custom/*.override") + "import custom/*.server\n",
    "quotes": WITHOUT_LIMIT.replace("    loop\n", '    log . "{remote} {name}"\n    loop\n'),
    "comments": WITHOUT_LIMIT.replace("    loop\n", "    loop # twice\n") + STUB,
    "braces on one line": WITHOUT_LIMIT.replace(
        "    loop\n", "    log { class error }\n    loop\n"
    ),
}
TAGS = (
    *("1.6.7", "1.7.0", "v1.7.0", "v1.8.0", "v1.9.3", "v1.11.1", "v1.11.3", "v1.12.0", "v1.12.1"),
    *("v1.13.1", "v1.14.7", "v1.10.1-eksbuild.2", "latest"),
)
