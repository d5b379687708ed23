package unproven

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

func TestRules_Complete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules {
		if seen[r.ID] {
			t.Errorf("rule %q is listed twice", r.ID)
		}
		seen[r.ID] = true
		if r.Belief == "" || r.Source == "" || r.Otherwise == "" || r.Test == "" {
			t.Errorf("rule %q: belief, source, otherwise and test are mandatory", r.ID)
		}
		if r.OffOn() != (r.Other != "") {
			t.Errorf("rule %q: the other answer is mandatory where the answers are off and on, and only there", r.ID)
		}
		if len(r.Answers) == 1 ||
			!slices.Equal(
				slices.Compact(slices.Sorted(slices.Values(r.Answers))),
				slices.Sorted(slices.Values(r.Answers)),
			) {
			t.Errorf("rule %q: a switch has two answers or more, not %q", r.ID, r.Answers)
		}
		if len(r.Answers) == 0 && r.Unmeasured == "" {
			t.Errorf("rule %q is measured, but no switch takes the answer", r.ID)
		}
	}
}

func TestRules_TestsExist(t *testing.T) {
	t.Parallel()
	for _, r := range Rules {
		if !exists(t, r.Test) {
			t.Errorf("rule %q: there is no test %s", r.ID, r.Test)
		}
	}
	if exists(t, "internal/stack:TestNone") || exists(t, "internal/none:TestNone") {
		t.Error("a test that does not exist was found")
	}
}

func exists(t *testing.T, test string) bool {
	t.Helper()
	folder, name, _ := strings.Cut(test, ":")
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(paths, func(path string) bool {
		for _, d := range parse(t, path).Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name {
				return true
			}
		}
		return false
	})
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var (
	// doubt matches the words with which comments of the sandbox mark what is not proven.
	doubt = regexp.MustCompile(`(?i)\b(deduced|deductions?|unconfirmed|unproven:)`)
	named = regexp.MustCompile(`unproven:\s+([a-z0-9-]+(?:,\s+[a-z0-9-]+)*)`)
)

// TestRules_CommentsAndList compares the comments of the sandbox with the list: a comment that
// doubts names a rule.
func TestRules_CommentsAndList(t *testing.T) {
	t.Parallel()
	found := 0
	for _, path := range sources(t) {
		for _, group := range parse(t, path).Comments {
			for paragraph := range strings.SplitSeq(group.Text(), "\n\n") {
				if !doubt.MatchString(paragraph) || strings.HasPrefix(paragraph, "#") {
					continue
				}
				match := named.FindStringSubmatch(paragraph)
				if match == nil && !strings.Contains(paragraph, "package unproven") {
					t.Errorf("%s: the comment names no rule: %s", path, paragraph)
				}
				for _, id := range ids(match) {
					if _, ok := Find(id); !ok {
						t.Errorf("%s: the comment names the rule %q, which does not exist", path, id)
					}
					found++
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d comments were found", found)
	}
}

func ids(match []string) []string {
	if match == nil {
		return nil
	}
	return strings.Fields(strings.ReplaceAll(match[1], ",", " "))
}

// TestSwitches_AreAsked compares the switches of the list with the constants that the sandbox uses.
func TestSwitches_AreAsked(t *testing.T) {
	t.Parallel()
	constants := constantsOf(t)
	asked := map[string]bool{}
	for _, path := range sources(t) {
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if p, ok := s.X.(*ast.Ident); ok && (p.Name == "unproven" || p.Name == "cloud") &&
					constants[s.Sel.Name] != "" {
					asked[constants[s.Sel.Name]] = true
				}
			}
			return true
		})
	}
	for _, r := range Switches() {
		if !asked[r.ID] {
			t.Errorf("rule %q has a switch, but the sandbox never asks for the answer", r.ID)
		}
	}
	for id := range asked {
		if r, ok := Find(id); ok && len(r.Answers) == 0 {
			t.Errorf("the sandbox asks for the answer to the rule %q, which has no switch", id)
		}
	}
}

func constantsOf(t *testing.T) map[string]string {
	t.Helper()
	constants := map[string]string{}
	ast.Inspect(parse(t, "rules.go"), func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					if literal, ok := v.Values[i].(*ast.BasicLit); ok {
						constants[name.Name] = strings.Trim(literal.Value, `"`)
					}
				}
			}
		}
		return true
	})
	return constants
}

func sources(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") &&
			!strings.Contains(path, "unproven") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	return paths
}

func TestAnswers_Of(t *testing.T) {
	t.Parallel()
	if got := (Answers)(nil).Of(AdditionsHaveReplacement); got != Off {
		t.Errorf("the believed answer is %q", got)
	}
	if got := (Answers{AdditionsHaveReplacement: On}).Of(AdditionsHaveReplacement); got != On {
		t.Errorf("the answer is %q", got)
	}
	if got := (Answers{ChangesPerPage: "5"}).Number(ChangesPerPage); got != 5 {
		t.Errorf("the number is %d", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("the answer to a rule without a switch was given")
		}
	}()
	_ = Answers{}.Of("dynamodb-details")
}

func TestAnswers_Check(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers Answers
		want    string
	}{
		"none":           {nil, ""},
		"each":           {Draw(rand.New(rand.NewPCG(1, 2))), ""}, //nolint:gosec // chance, not a secret
		"another number": {Answers{ChangesPerPage: "33"}, ""},
		"no number":      {Answers{ChangesPerPage: "many"}, `rule "change-set-changes-per-page": the sandbox cannot answer "many", expected a number`},
		"zero":           {Answers{ChangesPerPage: "0"}, "expected a number"},
		"another answer": {Answers{AdditionsHaveReplacement: "False"}, `expected off or on`},
		"no switch":      {Answers{"dynamodb-details": "x"}, "the sandbox has no switch"},
		"no rule":        {Answers{"x": "y"}, `unknown rule "x"`},
	} {
		err := test.answers.Check()
		if test.want == "" && err != nil ||
			test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	report := Report{Format: ReportFormat, Findings: []Finding{
		{
			Rule:     AdditionsHaveReplacement,
			Measured: On,
		},
		{Rule: EventSecrets, Reason: "no measurement"},
		{Rule: "dynamodb-details", Measured: "x"},
		{Rule: "of a later version", Measured: "x"},
	}}
	load := func(r Report) (Answers, error) {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(path, bytes.TrimSpace(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path)
	}
	answers, err := load(report)
	if err != nil || len(answers) != 1 || answers[AdditionsHaveReplacement] != On {
		t.Errorf("got %v, %v", answers, err)
	}
	report.Findings[0].Measured = "sometimes"
	if _, err := load(report); err == nil || !strings.Contains(err.Error(), "cannot answer") {
		t.Errorf("an answer that the sandbox cannot give: %v", err)
	}
	report.Format = 2
	if _, err := load(report); err == nil || !strings.Contains(err.Error(), "format 2, expected 1") {
		t.Errorf("another format: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a missing file was loaded")
	}
}
