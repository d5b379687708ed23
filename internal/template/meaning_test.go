package template

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/evaluate"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// granted is what a stack grants a user: the policies on the user's group, those on its role, and
// the boundary.
type granted struct {
	group, role []*policydoc.Document
	boundary    *policydoc.Document
}

// grantedBy reads the policies of the user partner from a template, each checked by IAM's grammar
// and limit.
func grantedBy(t *rapid.T, tpl *Template, boundary *policydoc.Document) granted {
	g := granted{boundary: boundary}
	for _, id := range tpl.LogicalIDs() {
		properties := tpl.Properties(id)
		if _, isPolicy := properties["ManagedPolicyName"]; !isPolicy {
			continue
		}
		text, err := policydoc.Text(properties["PolicyDocument"])
		if err != nil {
			t.Fatal(err)
		}
		document, err := policydoc.Parse(text, policydoc.Identity)
		if err != nil {
			t.Fatalf("%s: %v: %s", id, err, text)
		}
		if size := policydoc.Size(text); size > MaxPolicySize {
			t.Fatalf("%s has %d characters", id, size)
		}
		groups, _ := properties["Groups"].([]any)
		roles, _ := properties["Roles"].([]any)
		if slices.Contains(groups, any("acme-partner")) {
			g.group = append(g.group, document)
			if slices.Contains(roles, any("acme-partner-sftp")) {
				g.role = append(g.role, document)
			}
		}
	}
	return g
}

// request is an attempt with the rights of the user partner.
type request struct {
	action string
	bucket model.Bucket
	key    string  // of an object; "" for actions on buckets
	prefix *string // of a listing; nil for none
	source string
	sftp   bool // by the user's SFTP role
	tls    bool
	via    string // the service that uses a key
}

var (
	readActions   = []string{"s3:GetObject", "s3:GetObjectVersion"}
	writeActions  = []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
	listings      = []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}
	neverAnObject = []string{
		"s3:PutObjectAcl", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention",
		"s3:GetObjectAcl",
	}
	neverABucket = []string{
		"s3:PutBucketPolicy", "s3:DeleteBucket", "s3:ListBucketVersions", "s3:GetBucketPolicy",
		"s3:PutLifecycleConfiguration",
	}
)

func drawRequest(t *rapid.T, buckets []model.Bucket, prefixes []string) request {
	// Keys are inside the prefixes, just beside them, or anywhere.
	near := rapid.Custom(func(t *rapid.T) string {
		p := rapid.SampledFrom(append([]string{""}, prefixes...)).Draw(t, "near")
		if len(p) > 0 && rapid.IntRange(0, 3).Draw(t, "beside") == 0 {
			runes := []rune(p)
			at := rapid.IntRange(0, len(runes)-1).Draw(t, "at")
			runes[at] = rapid.SampledFrom([]rune("ax*?$/ü")).Draw(t, "other")
			p = string(runes)
		}
		return p + rapid.SampledFrom([]string{"", "a", "b/c", "*", "ü.txt"}).Draw(t, "rest")
	})
	r := request{
		bucket: rapid.SampledFrom(buckets).Draw(t, "bucket"),
		tls:    rapid.IntRange(0, 9).Draw(t, "tls") > 0,
		sftp:   rapid.IntRange(0, 3).Draw(t, "sftp") == 0,
		source: rapid.SampledFrom([]string{"203.0.113.0", "203.0.113.1", "198.51.100.7"}).Draw(t, "source"),
	}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		r.action, r.key = rapid.SampledFrom(
			slices.Concat(readActions, writeActions, []string{"s3:DeleteObject"}, neverAnObject),
		).Draw(t, "action"), near.Draw(t, "key")
		if r.key == "" {
			r.key = "x"
		}
	case 1:
		r.action = rapid.SampledFrom(listings).Draw(t, "action")
		if rapid.IntRange(0, 4).Draw(t, "bare") > 0 {
			prefix := near.Draw(t, "prefix")
			r.prefix = &prefix
		}
	case 2:
		r.action = rapid.SampledFrom(append([]string{"s3:GetBucketLocation"}, neverABucket...)).Draw(t, "action")
	default:
		r.action, r.via = rapid.SampledFrom(
			[]string{"kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:ScheduleKeyDeletion"},
		).Draw(t, "action"),
			rapid.SampledFrom([]string{"s3.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com", ""}).Draw(t, "via")
	}
	return r
}

// means computes the meaning of permissions without policies: the union of what each of them
// allows.
func means(user model.User, permissions []model.Permission, buckets []model.Bucket, r request) bool {
	if !r.tls && strings.HasPrefix(r.action, "s3:") {
		return false
	}
	if len(user.SourceIPs) > 0 && !r.sftp && strings.HasPrefix(r.action, "s3:") &&
		!slices.Contains(user.SourceIPs, r.source+"/32") {
		return false
	}
	keyOf := func(name string) string {
		i := slices.IndexFunc(buckets, func(b model.Bucket) bool { return b.Name == name })
		return bucketKey(testEnv(), buckets[i])
	}
	return slices.ContainsFunc(permissions, func(p model.Permission) bool {
		switch {
		case r.action == "kms:Decrypt", r.action == "kms:GenerateDataKey" && p.Access != model.Read:
			return keyOf(p.Bucket) == bucketKey(testEnv(), r.bucket) && r.via == "s3.eu-west-1.amazonaws.com"
		case p.Bucket != r.bucket.Name:
			return false
		case r.action == "s3:GetBucketLocation":
			return true
		case slices.Contains(listings, r.action):
			return p.Access != model.Write && (p.Prefix == "" || r.prefix != nil && strings.HasPrefix(*r.prefix, p.Prefix))
		case r.key == "" || !strings.HasPrefix(r.key, p.Prefix):
			return false
		case slices.Contains(readActions, r.action):
			return p.Access != model.Write
		case slices.Contains(writeActions, r.action):
			return p.Access != model.Read
		default:
			return r.action == "s3:DeleteObject" && p.AllowDelete
		}
	})
}

// decide evaluates the request as IAM does.
func (g granted) decide(r request) bool {
	resource := testEnv().bucketARN(r.bucket.BucketName)
	if r.key != "" {
		resource += "/" + r.key
	}
	context := map[string][]string{
		"aws:SecureTransport": {
			map[bool]string{true: "true", false: "false"}[r.tls],
		},
		"aws:SourceIp":        {r.source},
		"aws:ResourceAccount": {modeltest.Account},
		"aws:PrincipalType":   {"User"},
		"aws:username":        {"acme-partner"},
	}
	if r.prefix != nil {
		context["s3:prefix"] = []string{*r.prefix}
	}
	policies := evaluate.Policies{Identity: g.group, Boundary: g.boundary}
	asked := evaluate.Request{
		Principal: "arn:aws:iam::111122223333:user/stowage/acme/acme-partner", Action: r.action, Context: context,
	}
	if r.sftp {
		policies.Identity = g.role
		asked.Principal, asked.Role = "arn:aws:sts::111122223333:assumed-role/acme-partner-sftp/partner", "arn:aws:iam::111122223333:role/stowage/acme/acme-partner-sftp"
		context["aws:PrincipalType"], context["aws:SourceIp"] = []string{"AssumedRole"}, []string{"192.0.2.200"}
	}
	if strings.HasPrefix(r.action, "kms:") {
		resource = bucketKey(testEnv(), r.bucket)
		context["kms:ViaService"] = []string{r.via}
		if r.via == "" {
			delete(context, "kms:ViaService")
		}
	}
	asked.Resource = resource
	return evaluate.Evaluate(asked, policies).Allowed
}

// TestPolicies_SameMeaning evaluates random requests by IAM's rules, near what is
// allowed and far from it: the result is exactly that of the permissions.
func TestPolicies_SameMeaning(t *testing.T) {
	boundary := accountBoundary(t)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(modeltest.Name(), 1, 4, rapid.ID).Draw(t, "buckets")
		user := modeltest.User("partner").Draw(t, "user")
		user.SFTP = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}}
		changes := []Change{
			{
				Op: Create,
				Entity: model.Project{
					Name: "acme", AccountID: modeltest.Account, Region: modeltest.Region, OnDelete: model.Refuse,
					SFTP: true,
				},
			},
			{Op: Create, Entity: user},
			{Op: Create, Entity: model.User{Name: "other"}},
		}
		var buckets []model.Bucket
		for _, name := range names {
			b := modeltest.Bucket(name).Draw(t, name)
			buckets = append(buckets, b)
			changes = append(changes, Change{Op: Create, Entity: b})
		}
		permissions := rapid.SliceOfNDistinct(
			modeltest.Permission([]string{"partner"}, names), 0, 12,
			func(p model.Permission) model.ID { return p.ID() },
		).Draw(t, "permissions")
		var prefixes []string
		for _, p := range permissions {
			changes = append(changes, Change{Op: Create, Entity: p})
			prefixes = append(prefixes, p.Prefix)
		}
		changes = append(
			changes,
			Change{
				Op:     Create,
				Entity: model.Permission{User: "other", Bucket: names[0], Access: model.ReadWrite, AllowDelete: true},
			},
		)
		tpl := edit(t, seed(), rapid.Permutation(changes).Draw(t, "order")...)
		g := grantedBy(t, tpl, boundary)
		for range 60 {
			r := drawRequest(t, buckets, prefixes)
			if got, want := g.decide(r), means(user, permissions, buckets, r); got != want {
				t.Fatalf("%+v with %+v: IAM says %v, the permissions say %v\n%s", r, permissions, got, want, tpl.Encode())
			}
		}
	})
}
