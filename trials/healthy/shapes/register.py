"""All shapes, in the order of the table."""

from dataclasses import replace

from trials.faults.dns_objects import KUBEADM, DnsObjects
from trials.healthy.shapes import distributions, layouts, providers
from trials.healthy.shapes.mutants import (
    CUSTOM_INVALID,
    INSTEAD,
    SELECTS_NOBODY,
    of_caches,
    usual,
)
from trials.healthy.shapes.shape import Shape

OPENSHIFT = DnsObjects(
    "openshift-dns",
    "dns-default",
    "dns-default",
    "dns.operator.openshift.io/daemonset-dns=default",
    5353,
)
RKE2 = DnsObjects(service="rke2-coredns-rke2-coredns", config_map="rke2-coredns-rke2-coredns")
CHART = DnsObjects(config_map="chart-coredns", labels="k8s-app=coredns")
REMEMBERED_S = 60.0  # a record may be kept 30 s, and a question late in them be answered by it
INVALID = ("corefile-invalid",)

SHAPES = (
    Shape(
        "openshift",
        "DaemonSet dns-default on 5353, metrics on loopback, no loop",
        distributions.openshift,
        OPENSHIFT,
        mutants=usual(),
    ),
    Shape(
        "openshift-consul",
        "OpenShift's, beside another DNS Service",
        distributions.openshift_with_consul,
        OPENSHIFT,
        mutants=usual(),
    ),
    Shape(
        "rke2-nodelocal",
        "RKE2's names, a cache on each node that pods are told",
        distributions.rke2_nodelocal,
        RKE2,
        mutants=usual(
            *of_caches("node-local-dns", "kube-dns-upstream"), without=INSTEAD, within=REMEMBERED_S
        ),
    ),
    Shape(
        "k3s",
        "NodeHosts, and imports that may be empty",
        distributions.k3s,
        KUBEADM,
        mutants=usual(CUSTOM_INVALID, without=INVALID),
    ),
    Shape(
        "eks-addon",
        "the EKS add-on: fields managed by eks",
        providers.eks_addon,
        KUBEADM,
        mutants=usual(),
    ),
    Shape("no-objects", "EKS Auto Mode: DNS is a program on each node", providers.without_objects),
    Shape(
        "aks",
        "AKS: imports of coredns-custom, objects that are reconciled, konnectivity beside them",
        providers.aks,
        KUBEADM,
        mutants=usual(CUSTOM_INVALID, without=INVALID),
    ),
    Shape(
        "kubespray",
        "a Service coredns; the DaemonSet nodelocaldns wears the label of kube-dns",
        distributions.kubespray,
        replace(KUBEADM, service="coredns"),
        mutants=usual(*of_caches("nodelocaldns", "coredns"), without=INSTEAD, within=REMEMBERED_S),
    ),
    Shape(
        "microk8s",
        "one replica, a log of errors only, an addon manager",
        distributions.microk8s,
        KUBEADM,
        truly=("single-or-colocated",),
        mutants=usual(without=("one-replica-deaf",)),
    ),
    Shape(
        "kops", "kOps' add-on, a dot behind the zone", distributions.kops, KUBEADM, mutants=usual()
    ),
    Shape(
        "chart",
        "the chart's CoreDNS behind kOps' old Service",
        layouts.chart_beside_old_service,
        CHART,
        mutants=usual(SELECTS_NOBODY, without=(SELECTS_NOBODY.name,)),
    ),
    Shape(
        "two-daemonsets",
        "two workloads behind one Service",
        layouts.two_daemonsets,
        KUBEADM,
        mutants=usual(),
    ),
    Shape(
        "host-network",
        "replicas on the nodes' own network",
        layouts.host_network,
        replace(KUBEADM, on_host=True),
        mutants=usual(),
    ),
)
