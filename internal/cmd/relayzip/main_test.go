package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"
)

// TestWrite checks the files of a package. The same program must give the same bytes, so that a
// deployment shows no change.
func TestWrite(t *testing.T) {
	const program = "the program"
	var zips [2]bytes.Buffer
	for i := range zips {
		if err := write(&zips[i], strings.NewReader(program), "0.3.0"); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(zips[0].Bytes(), zips[1].Bytes()) {
		t.Error("two zips of one program differ")
	}
	z, err := zip.NewReader(bytes.NewReader(zips[0].Bytes()), int64(zips[0].Len()))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name, text string
		mode       fs.FileMode
	}{{"bootstrap", program, 0o755}, {"VERSION", "0.3.0\n", 0o644}}
	if len(z.File) != len(want) {
		t.Fatalf("the zip has %d files", len(z.File))
	}
	for i, w := range want {
		f := z.File[i]
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil || f.Name != w.name || string(text) != w.text || f.Mode() != w.mode {
			t.Errorf("file %s, mode %v, contains %q, error %v", f.Name, f.Mode(), text, err)
		}
	}
}
