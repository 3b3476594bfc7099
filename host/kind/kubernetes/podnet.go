package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	configuration = "/etc/cni/net.d/10-podnet.conflist"
	repairEvery   = 5 * time.Second // a deleted route is back after at most this
)

// podnet is the pod network of one node. It writes the CNI configuration for the node's own pod
// ranges, and keeps a route to every other node's ranges by way of that node's address of the same
// family. What leaves the pod network is masqueraded.
func podnet() error {
	own := os.Getenv("NODE_NAME")
	subnets := strings.Split(os.Getenv("POD_SUBNETS"), ",")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	access, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	// A connection that began before kube-proxy was there never reaches the API server.
	access.Dial = (&net.Dialer{Timeout: time.Second}).DialContext
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	nodes := factory.Core().V1().Nodes()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	if _, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	cache.WaitForCacheSync(ctx.Done(), nodes.Informer().HasSynced)

	repair := time.NewTicker(repairEvery)
	defer repair.Stop()
	configured := false
	for {
		all, err := nodes.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		for _, node := range all {
			switch {
			case node.Name != own:
				err = route(node)
			case !configured && len(node.Spec.PodCIDRs) > 0:
				if err = configure(node.Spec.PodCIDRs, subnets); err == nil {
					configured = true
				}
			}
			if err != nil {
				log.Printf("node %s: %v", node.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-repair.C:
		}
	}
}

// family is "4" or "6", of an address or a range.
func family(text string) string {
	if strings.Contains(text, ":") {
		return "6"
	}
	return "4"
}

// route makes the pod ranges of another node reachable through it.
func route(node *v1.Node) error {
	var failures []error
	for _, cidr := range node.Spec.PodCIDRs {
		_, target, err := net.ParseCIDR(cidr)
		if err != nil {
			return err
		}
		for _, address := range node.Status.Addresses {
			if address.Type == v1.NodeInternalIP && family(address.Address) == family(cidr) {
				err := netlink.RouteReplace(&netlink.Route{Dst: target, Gw: net.ParseIP(address.Address)})
				failures = append(failures, err)
			}
		}
	}
	return errors.Join(failures...)
}

// configure masquerades what leaves the pod network, then lets kubelet start pods.
func configure(own, subnets []string) error {
	type object = map[string]any
	var ranges, routes []any
	for _, cidr := range own {
		tables, everywhere := "iptables", "0.0.0.0/0"
		if family(cidr) == "6" {
			tables, everywhere = "ip6tables", "::/0"
		}
		ranges = append(ranges, []any{object{"subnet": cidr}})
		routes = append(routes, object{"dst": everywhere})
		for _, subnet := range subnets {
			if family(subnet) != family(cidr) {
				continue
			}
			rule := []string{"POSTROUTING", "-s", cidr, "!", "-d", subnet, "-j", "MASQUERADE"}
			if exec.Command(tables, append([]string{"-w", "-t", "nat", "-C"}, rule...)...).Run() == nil {
				continue
			}
			add := exec.Command(tables, append([]string{"-w", "-t", "nat", "-A"}, rule...)...)
			if output, err := add.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", add, err, output)
			}
		}
	}
	text, err := json.MarshalIndent(object{
		"cniVersion": "0.4.0",
		"name":       "podnet",
		"plugins": []any{
			object{
				"type": "ptp", "ipMasq": false, "mtu": 1500,
				"ipam": object{
					"type": "host-local", "dataDir": "/run/cni-ipam-state",
					"ranges": ranges, "routes": routes,
				},
			},
			object{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	unfinished := filepath.Join(filepath.Dir(configuration), ".podnet")
	if err := os.WriteFile(unfinished, text, 0o644); err != nil {
		return err
	}
	return os.Rename(unfinished, configuration)
}
