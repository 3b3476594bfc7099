// What kubeadm decides about a Corefile, by its own library: one JSON object a line, in and out.
//
// The order of the questions is that of cmd/kubeadm/app/phases/upgrade/preflight.go and
// addons/dns/dns.go (Kubernetes 1.32 to 1.35). The v of the tag is taken off for the checks, and not
// for the migration.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sort"
	"strings"

	"github.com/coredns/corefile-migration/migration"
)

type asked struct{ Tag, Target, Corefile string }

type decided struct {
	Kind        string   `json:"kind"`
	Anyway      string   `json:"anyway"`
	Unsupported []string `json:"unsupported"`
	Why         string   `json:"why"`
	Text        *string  `json:"text"`
}

// addon is what becomes of Corefile and Deployment once the checks are passed or ignored.
func addon(question asked, running string) (kind string, why string, text *string) {
	required := false
	if running != "" && running != question.Target {
		notices, err := migration.Deprecated(running, question.Target, question.Corefile)
		if err != nil {
			return "failed", err.Error(), nil
		}
		for _, notice := range notices {
			required = required || notice.Severity == "removed" || notice.Severity == "newdefault"
		}
	}
	if question.Corefile == "" || migration.Default("", question.Corefile) {
		return "default", "", nil
	}
	if !required {
		return "kept", "", nil
	}
	written, err := migration.Migrate(question.Tag, question.Target, question.Corefile, false)
	if err != nil {
		return "left", err.Error(), nil
	}
	return "migrated", "", &written
}

func decide(question asked) (answer decided) {
	answer.Unsupported = []string{}
	running := strings.TrimLeft(question.Tag, "v")
	kind, why, text := addon(question, running)
	if running != question.Target {
		notices, err := migration.Unsupported(running, question.Target, question.Corefile)
		if err == nil {
			_, err = migration.Migrate(running, question.Target, question.Corefile, false)
		}
		if err != nil {
			answer.Kind, answer.Why = "refused", err.Error()
			return
		}
		names := map[string]bool{}
		for _, notice := range notices {
			name := notice.Plugin
			if notice.Option != "" {
				name += "." + notice.Option
			}
			names[name] = true
		}
		for name := range names {
			answer.Unsupported = append(answer.Unsupported, name)
		}
		sort.Strings(answer.Unsupported)
	}
	answer.Kind, answer.Why, answer.Text = kind, why, text
	if len(answer.Unsupported) > 0 {
		answer.Kind, answer.Anyway = "refused", kind
	}
	return
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var question asked
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			panic(err)
		}
		if err := out.Encode(decide(question)); err != nil {
			panic(err)
		}
	}
}
