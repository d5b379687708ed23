package main

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
)

// Lambda runs one executable of that name. The same program must give the same bytes, so that a
// deployment shows no change.
func TestAZipHoldsAnExecutable(t *testing.T) {
	const program = "the program"
	var zips [2]bytes.Buffer
	for i := range zips {
		if err := write(&zips[i], strings.NewReader(program)); err != nil {
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
	if len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode() != 0o755 {
		t.Fatalf("the zip holds %d files, first %+v", len(z.File), z.File[0])
	}
	file, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(file); err != nil || string(text) != program {
		t.Errorf("it holds %q, error %v", text, err)
	}
}
