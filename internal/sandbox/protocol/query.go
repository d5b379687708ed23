package protocol

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Query encodes the answers of a service with the query protocol.
type Query struct {
	// Namespace is the XML namespace of answers, such as
	// http://cloudformation.amazonaws.com/doc/2010-05-15/.
	Namespace string
	// Version is the API version that requests must name, such as 2010-05-15.
	Version string
}

// Result encodes a result as
// <OperationResponse><OperationResult>...</OperationResult><ResponseMetadata>. The result is a
// struct with xml tags (lists as `xml:"Stacks>member"`) and any Go name; nil omits the result
// element, as AWS does for operations without output. Services must encode timestamps with Time.
func (q Query) Result(r *cloud.Request, result any) (*cloud.Response, error) {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	envelope := xml.StartElement{
		Name: xml.Name{Local: r.Operation + "Response"},
		Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: q.Namespace}},
	}
	if err := e.EncodeToken(envelope); err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Operation, err)
	}
	if result != nil {
		if err := e.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: r.Operation + "Result"}}); err != nil {
			return nil, fmt.Errorf("encode the result of %s: %w", r.Operation, err)
		}
	}
	metadata := struct {
		RequestID string `xml:"RequestId"`
	}{RequestID(r)}
	if err := e.EncodeElement(metadata, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}); err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Operation, err)
	}
	if err := e.EncodeToken(envelope.End()); err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Operation, err)
	}
	if err := e.Flush(); err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Operation, err)
	}
	return &cloud.Response{Header: header(r, "text/xml"), Body: b.Bytes()}, nil
}

// CheckVersion refuses a request for another version of the API than the service's.
func (q Query) CheckVersion(r *cloud.Request) error {
	if version := r.Form.Get("Version"); version != q.Version {
		return cloud.Errorf("InvalidAction", "Could not find operation %s for version %s", r.Operation, version)
	}
	return nil
}

// Error encodes an error as <ErrorResponse><Error>: Type is Sender for client errors and Receiver
// for server errors.
func (q Query) Error(r *cloud.Request, e *cloud.Error) *cloud.Response {
	status := statusOf(e)
	body := struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}{Namespace: q.Namespace, Type: "Sender", Code: e.Code, Message: e.Message, RequestID: RequestID(r)}
	if status >= http.StatusInternalServerError {
		body.Type = "Receiver"
	}
	return &cloud.Response{Status: status, Header: header(r, "text/xml"), Body: mustXML(body)}
}

// Members reads a list of structures: Members(form, "Parameters") turns
// Parameters.member.1.ParameterKey=k into a list whose first element has ParameterKey=k. Elements
// are in the order of their numbers, which may have gaps.
func Members(form url.Values, name string) []url.Values {
	byIndex := make(map[int]url.Values)
	for key, values := range form {
		rest, ok := strings.CutPrefix(key, name+".member.")
		if !ok {
			continue
		}
		number, field, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		if byIndex[i] == nil {
			byIndex[i] = make(url.Values)
		}
		byIndex[i][field] = values
	}
	members := make([]url.Values, 0, len(byIndex))
	for _, i := range sortedIndexes(byIndex) {
		members = append(members, byIndex[i])
	}
	return members
}

// Strings reads a list of strings: Capabilities.member.1=... and so on. An empty list
// (Capabilities=) is nil, like a missing one; Has distinguishes them.
func Strings(form url.Values, name string) []string {
	var list []string
	for _, member := range Members(form, name) {
		list = append(list, member.Get(""))
	}
	return list
}

// Map reads a map: Attributes.entry.1.key=..., Attributes.entry.1.value=....
func Map(form url.Values, name string) map[string]string {
	renamed := make(url.Values)
	for key, values := range form {
		if rest, ok := strings.CutPrefix(key, name+".entry."); ok {
			renamed["x.member."+rest] = values
		}
	}
	m := make(map[string]string)
	for _, entry := range Members(renamed, "x") {
		m[entry.Get("key")] = entry.Get("value")
	}
	return m
}

// Has reports whether a request names a parameter: as itself, as a list, a map or a structure.
func Has(form url.Values, name string) bool {
	for key := range form {
		if key == name || strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// Sub reads a structure: Sub(form, "RollbackConfiguration") turns RollbackConfiguration.X=1 into
// X=1.
func Sub(form url.Values, name string) url.Values {
	sub := make(url.Values)
	for key, values := range form {
		if rest, ok := strings.CutPrefix(key, name+"."); ok {
			sub[rest] = values
		}
	}
	return sub
}

// Unknown returns the first parameter, in alphabetical order, with an unknown top-level name; ""
// for none. Services use it to refuse unmodelled parameters instead of ignoring them. Action and
// Version are known.
func Unknown(form url.Values, known ...string) string {
	var unknown []string
next:
	for key := range form {
		top, _, _ := strings.Cut(key, ".")
		if top == "Action" || top == "Version" {
			continue
		}
		for _, k := range known {
			if top == k {
				continue next
			}
		}
		unknown = append(unknown, top)
	}
	if len(unknown) == 0 {
		return ""
	}
	sort.Strings(unknown)
	return unknown[0]
}

func sortedIndexes(m map[int]url.Values) []int {
	indexes := make([]int, 0, len(m))
	for i := range m {
		indexes = append(indexes, i)
	}
	sort.Ints(indexes)
	return indexes
}
