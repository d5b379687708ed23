// Command judge checks every kind of template that Stowage produces. It fails on a finding that is
// not an exception, and on an unused exception.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/judge"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	bin := flag.String("bin", "bin/judge/bin", "the folder of cfn-lint and checkov")
	dir := flag.String("dir", "bin/templates", "the folder that the templates are written to")
	golden := flag.String("golden", "internal/template/testdata", "the folder of the golden templates")
	drawn := flag.Int("drawn", 8, "how many templates are drawn for each region")
	seed := flag.Int("seed", 1, "the first seed")
	flag.Parse()

	accepted, err := judge.Exceptions()
	if err != nil {
		return err
	}
	corpus, err := judge.Corpus(*golden, *drawn, *seed)
	if err != nil {
		return err
	}
	// A hub is not made by the accounts' roles, whose rights are compared below.
	ofProjects := maps.Clone(corpus)
	hubs := judge.HubCorpus()
	maps.Copy(corpus, hubs)
	if err := os.RemoveAll(*dir); err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o750); err != nil {
		return err
	}
	// The template for accounts is handwritten, and only the programs check it.
	if err := os.WriteFile(filepath.Join(*dir, "account.yaml"), []byte(onboarding.Account), 0o600); err != nil {
		return err
	}
	var findings []judge.Finding
	for _, name := range slices.Sorted(maps.Keys(corpus)) {
		if err := os.WriteFile(filepath.Join(*dir, name+".json"), corpus[name].Encode(), 0o600); err != nil {
			return err
		}
		findings = append(findings, judge.Controls(name, corpus[name])...)
	}
	fmt.Printf("%d templates, drawn from the seeds %d to %d\n", len(corpus), *seed, *seed+*drawn-1)
	var linted []judge.Finding
	failed := make(chan error)
	go func() { // parallel to checkov, as each of them occupies one core
		var err error
		linted, err = judge.CFNLint(ctx, *bin, *dir, corpus)
		failed <- err
	}()
	scanned, err := judge.Checkov(ctx, *bin, *dir, corpus)
	if err := errors.Join(<-failed, err); err != nil {
		return err
	}
	refused, err := rights(ctx, *bin, ofProjects, hubs)
	if err != nil {
		return err
	}
	findings = slices.Concat(findings, linted, scanned)
	rest, unused := judge.Judge(findings, accepted)
	rest = append(rest, refused...)
	for _, f := range rest {
		fmt.Println(f)
	}
	for _, e := range unused {
		fmt.Printf("exceptions.txt: nothing needs %s %s %s any more\n", e.ID, e.Type, e.Where)
	}
	fmt.Printf(
		"%d findings, %d of them accepted by %d exceptions\n", len(findings), len(findings)-len(rest),
		len(accepted),
	)
	if len(rest)+len(unused) > 0 {
		return fmt.Errorf("%d findings without an exception, %d exceptions without a finding", len(rest), len(unused))
	}
	return nil
}

// rights compares the rights of the accounts' roles with those that the handlers of the corpus's
// resource types require, and checks the actions of these roles and of the hubs'.
func rights(ctx context.Context, bin string, corpus, hubs map[string]*template.Template) ([]judge.Finding, error) {
	data, err := judge.CFNLintData(bin)
	if err != nil {
		return nil, err
	}
	asked, err := judge.HandlerRights(data, judge.Types(corpus))
	if err != nil {
		return nil, err
	}
	reference, err := judge.ReadReference(data)
	if err != nil {
		return nil, err
	}
	exceptions, err := judge.RightExceptions()
	if err != nil {
		return nil, err
	}
	policies, err := judge.Policies(ctx, onboarding.Account, "Stowage")
	if err != nil {
		return nil, err
	}
	provisioner, err := judge.Policies(ctx, onboarding.Account, "StowageProvisioner")
	if err != nil {
		return nil, err
	}
	findings := judge.UnknownResources(append(policies, judge.HubPolicies(hubs)...), reference)
	missing, unused := judge.MissingRights(asked, provisioner, exceptions)
	for _, e := range unused {
		findings = append(findings, judge.Finding{
			Judge:    "rights",
			ID:       e.Action,
			Template: "rights.txt",
			Type:     e.Type,
			Text:     "no handler needs this exception any more",
		})
	}
	fmt.Printf("%d actions of handlers, %d exceptions\n", len(asked), len(exceptions))
	return append(findings, missing...), nil
}
