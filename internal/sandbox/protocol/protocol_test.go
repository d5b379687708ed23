package protocol_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func request(operation string) *cloud.Request {
	return &cloud.Request{
		Service: "test", Operation: operation,
		HTTP: &http.Request{Method: http.MethodPost, Header: http.Header{protocol.RequestIDHeader: {"id-1"}}},
	}
}

func TestQueryAnswers(t *testing.T) {
	t.Parallel()
	q := protocol.Query{Namespace: "urn:x", Version: "1"}
	type result struct {
		IDs []string `xml:"Ids>member"`
	}
	got, err := q.Result(request("ListThings"), result{IDs: []string{"a", "<b>"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `<ListThingsResponse xmlns="urn:x"><ListThingsResult><Ids><member>a</member><member>&lt;b&gt;</member></Ids></ListThingsResult>` +
		`<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></ListThingsResponse>`
	if string(got.Body) != want {
		t.Errorf("result\n got %s\nwant %s", got.Body, want)
	}
	got, err = q.Result(request("Drop"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got.Body), "DropResult") {
		t.Errorf("an operation without output has a result element: %s", got.Body)
	}
	failure := q.Error(request("Drop"), &cloud.Error{Code: "InternalFailure", Message: "x & y", Status: 500})
	want = `<ErrorResponse xmlns="urn:x"><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>x &amp; y</Message></Error><RequestId>id-1</RequestId></ErrorResponse>`
	if string(failure.Body) != want || failure.Status != 500 {
		t.Errorf("error %d\n got %s\nwant %s", failure.Status, failure.Body, want)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	form, err := url.ParseQuery(
		"Action=X&Version=1&P.member.2.K=b&P.member.10.K=c&P.member.1.K=a&P.member.1.V.member.1=deep&" +
			"L.member.1=x&L.member.2=y&M.entry.1.key=k&M.entry.1.value=v&S.F=1&E=",
	)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range protocol.Members(form, "P") {
		keys = append(keys, m.Get("K"))
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"deep"}, protocol.Strings(protocol.Members(form, "P")[0], "V")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"x", "y"}, protocol.Strings(form, "L")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"k": "v"}, protocol.Map(form, "M")); diff != "" {
		t.Error(diff)
	}
	if protocol.Sub(form, "S").Get("F") != "1" {
		t.Error("a structure's member is lost")
	}
	if !protocol.Has(form, "E") || !protocol.Has(form, "P") || protocol.Has(form, "Q") {
		t.Error("Has is wrong about a parameter")
	}
	if got := protocol.Unknown(form, "P", "L", "M", "S"); got != "E" {
		t.Errorf("unknown parameter %q, want E", got)
	}
}

func TestJSONAnswers(t *testing.T) {
	t.Parallel()
	j := protocol.JSON{Version: "1.0", Prefix: "com.example#"}
	got := j.Error(
		request("X"),
		&cloud.Error{Code: "Gone", Message: "<gone>", Extra: map[string]any{"Item": map[string]any{"a": 1}}},
	)
	if want := `{"Item":{"a":1},"__type":"com.example#Gone","message":"<gone>"}`; string(got.Body) != want {
		t.Errorf("got %s, want %s", got.Body, want)
	}
	if got.Header.Get("X-Amzn-ErrorType") != "Gone" || got.Header.Get("Content-Type") != "application/x-amz-json-1.0" ||
		got.Status != 400 {
		t.Errorf("status %d, header %v", got.Status, got.Header)
	}
	if s := protocol.Seconds(time.UnixMilli(1700000000042)); s != "1700000000.042" {
		t.Errorf("timestamp %s", s)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	r := request("X")
	r.Body = []byte(`{"Name":"n","Other":123456789012345678901}`)
	var loose map[string]any
	if err := protocol.Decode(r, &loose); err != nil {
		t.Fatal(err)
	}
	if s, ok := loose["Other"].(interface{ String() string }); !ok || s.String() != "123456789012345678901" {
		t.Errorf("a big number came out as %v", loose["Other"])
	}
	var strict struct{ Name string }
	var refused *cloud.Error
	if err := protocol.DecodeStrict(r, &strict); !errors.As(err, &refused) || refused.Code != "SandboxNotModelled" {
		t.Errorf("an unknown member was taken: %v", err)
	}
	for _, body := range []string{`{`, `{"Name":1}`, `{} {}`} {
		r.Body = []byte(body)
		if err := protocol.Decode(r, &strict); !errors.As(err, &refused) || refused.Code != "SerializationException" {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestS3Errors(t *testing.T) {
	t.Parallel()
	r := request("GetObject")
	e := &cloud.Error{
		Code: "NoSuchKey", Message: "The specified key does not exist.", Status: 404,
		Extra: map[string]any{"Key": "a&b"},
	}
	got := string(protocol.XMLError(r, e).Body)
	if !strings.Contains(
		got,
		"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key><RequestId>id-1</RequestId>",
	) {
		t.Error(got)
	}
	r.HTTP.Method = http.MethodHead
	if head := protocol.XMLError(r, e); len(head.Body) != 0 || head.Status != 404 {
		t.Errorf("HEAD answered status %d and %q", head.Status, head.Body)
	}
}
