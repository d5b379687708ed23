package template

import "testing"

// FuzzParse looks for texts that make decoding and parsing panic, or that are not written back
// unchanged.
func FuzzParse(f *testing.F) {
	f.Add([]byte(foreign))
	f.Add(seed().Encode())
	f.Add(
		[]byte(`{"Resources":{"A":{"Metadata":{"Stowage":{"format":1,"of":{"kind":"user","name":"x"},"grants":[{}]}}}}}`),
	)
	f.Add([]byte("Resources:\n  A: {}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		tpl, err := Decode(body)
		if err != nil {
			return
		}
		again, err := Decode(tpl.Encode())
		if err != nil || !again.Equal(tpl) {
			t.Fatalf("it does not come back: %v", err)
		}
		if _, err := Parse(tpl, testEnv()); err != nil {
			return
		}
		if _, err := Edit(tpl, testEnv(), nil); err != nil {
			t.Fatal(err)
		}
	})
}
