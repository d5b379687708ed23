package acceptance_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// limited is the summary of the warning that Terraform's parallelism limits the commits.
const limited = "Commits Are Limited by Terraform's Parallelism"

// TestApply_OneCommitPerWave counts the commits of an apply of buckets and users. The
// virtual-time tests of package projects check the exact number; with real processes the members of
// one wave may arrive too far apart for one commit.
func TestApply_OneCommitPerWave(t *testing.T) {
	t.Parallel()
	const n, parallelism = 30, 10
	w := newWorld(t)
	w.workspace(acmeProject).apply()
	var configuration strings.Builder
	for i := range n / 2 {
		configuration.WriteString(bucketOf(fmt.Sprintf("bucket%d", i)) + userOf(fmt.Sprintf("user%d", i)))
	}
	s := w.workspace(configuration.String())
	calls := w.counted(func() {
		o := s.apply(fmt.Sprintf("-parallelism=%d", parallelism)).says(fmt.Sprintf("%d added", n))
		if strings.Contains(o.text, limited) {
			t.Errorf("three commits were called too many:\n%s", o.raw)
		}
	})
	if commits, most := calls["cloudformation.ExecuteChangeSet"], 2*n/parallelism; commits < n/parallelism ||
		commits > most {
		t.Errorf(
			"%d objects at parallelism %d took %d commits, want %d, at most %d", n, parallelism, commits,
			n/parallelism, most,
		)
	}
	w.wantCalls(w.counted(func() { s.planIsEmpty() }), budgets["verified"])
}

// TestSaturatedApplyWarnsOnce applies far more entities than Terraform's parallelism allows at
// once.
func TestSaturatedApplyWarnsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.workspace(acmeProject).apply()
	var configuration strings.Builder
	for i := range 40 {
		configuration.WriteString(userOf(fmt.Sprintf("user%d", i)))
	}
	s := w.workspace(configuration.String())
	o := s.apply("-parallelism=5").says(
		"40 added", "5 changes were in progress at once", "terraform apply -parallelism=100",
		"TFE_PARALLELISM=100",
	)
	if got := strings.Count(o.text, limited); got != 1 {
		t.Errorf("%d warnings, want 1", got)
	}
	if o := s.destroy("-parallelism=100"); strings.Contains(o.text, limited) {
		t.Errorf("an apply that is not limited warns:\n%s", o.raw)
	}
}

// TestPermissionsComeInAnyOrder applies permissions with their users and buckets, in one wave in
// any order, and in two waves. Both end the same.
func TestPermissionsComeInAnyOrder(t *testing.T) {
	t.Parallel()
	templates := map[string]string{}
	for _, order := range []string{"at once", "after one another"} {
		w := newWorld(t)
		w.workspace(acmeProject).apply()
		var configuration strings.Builder
		for i := range 4 {
			user, bucket := fmt.Sprintf("user%d", i), fmt.Sprintf("bucket%d", i)
			arguments := []string{`access = "read"`}
			if order == "after one another" {
				arguments = append(arguments, after("stowage_project_user."+user+", stowage_project_bucket."+bucket))
			}
			configuration.WriteString(permissionOf("p"+user, user, bucket, arguments...) + userOf(user) + bucketOf(bucket))
		}
		calls := w.counted(func() {
			w.workspace(configuration.String()).applied(configuration.String(), "-parallelism=100")
		})
		most := map[string]int{"at once": 2, "after one another": 4}[order] // one more per wave
		if commits := calls["cloudformation.ExecuteChangeSet"]; commits > most {
			t.Errorf("%s: %d commits, want at most %d", order, commits, most)
		}
		templates[order] = alike(t, w.clients().template("acme"))
	}
	if templates["at once"] != templates["after one another"] {
		t.Errorf("the templates differ:\n%s\n%s", templates["at once"], templates["after one another"])
	}
}

// keyID matches the identifier that AWS assigns to a key, which differs between accounts.
var (
	keyID       = regexp.MustCompile(`:key/[0-9a-f-]{36}`)
	incarnation = regexp.MustCompile(`"incarnation":"[a-z0-9]+"`)
)

// alike returns a template without what differs between two accounts with the same content: the
// revision marker, which has a token of the last commit, the identifier of the project's key, and the
// incarnations.
func alike(t *testing.T, text string) string {
	t.Helper()
	var template map[string]any
	if err := json.Unmarshal([]byte(text), &template); err != nil {
		t.Fatal(err)
	}
	delete(template["Resources"].(map[string]any), "Carrier")
	body, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	return incarnation.ReplaceAllString(keyID.ReplaceAllString(string(body), ":key/"), `"incarnation":""`)
}
