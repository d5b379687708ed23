package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Limits of packages in bytes (Lambda developer guide, gettingstarted-limits).
const (
	maxUnzipped = 250 << 20
)

// bootstrap is the file that a custom runtime runs.
const bootstrap = "bootstrap"

// code is a package.
type code struct {
	body   []byte
	sha256 string // in base64
}

// readCode reads a package from S3 with the rights of the caller. Users report the texts.
func (s *Service) readCode(c cloud.Caller, p codeProperties) (code, error) {
	switch {
	case p.S3ObjectVersion != "":
		return code{}, cloud.NotModelled("versions of packages")
	case p.S3Bucket == "" || p.S3Key == "":
		return code{}, invalid("Please provide a source for function code.")
	case s.world.Objects() == nil:
		return code{}, cloud.NotModelled("packages without S3")
	}
	body, err := s.world.Objects().ReadObject(c, p.S3Bucket, p.S3Key)
	var refused *cloud.Error
	switch {
	case errors.As(err, &refused):
		return code{}, invalid(
			"Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", refused.Code, refused.Message,
		)
	case err != nil:
		return code{}, fmt.Errorf("read the package: %w", err)
	}
	if err := checkZip(body); err != nil {
		return code{}, err
	}
	sum := sha256.Sum256(body)
	return code{body: body, sha256: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

// checkZip refuses a package that is cut off or damaged: each file's checksum is verified.
func checkZip(body []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return unreadableZip()
	}
	size := uint64(0)
	for _, file := range archive.File {
		if size += file.UncompressedSize64; size > maxUnzipped {
			return invalid("Unzipped size must be smaller than %d bytes", maxUnzipped)
		}
		if !filepath.IsLocal(file.Name) || readFile(file, io.Discard) != nil {
			return unreadableZip()
		}
	}
	return nil
}

func unreadableZip() error {
	return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

// readFile writes the content of a packed file.
func readFile(file *zip.File, to io.Writer) error {
	from, err := file.Open()
	if err != nil {
		return fmt.Errorf("unzip %s: %w", file.Name, err)
	}
	_, err = io.Copy(to, io.LimitReader(from, maxUnzipped))
	if err := errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("unzip %s: %w", file.Name, err)
	}
	return nil
}

// unpack writes the files of a package to a directory, with their modes.
func (c code) unpack(to string) error {
	archive, err := zip.NewReader(bytes.NewReader(c.body), int64(len(c.body)))
	if err != nil {
		return fmt.Errorf("unzip: %w", err)
	}
	for _, file := range archive.File {
		path := filepath.Join(to, filepath.FromSlash(file.Name)) // is local: see checkZip
		if file.FileInfo().IsDir() {
			if err := os.MkdirAll(path, 0o700); err != nil {
				return fmt.Errorf("unzip %s: %w", file.Name, err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("unzip %s: %w", file.Name, err)
		}
		out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, file.Mode().Perm()|0o400)
		if err != nil {
			return fmt.Errorf("unzip %s: %w", file.Name, err)
		}
		if err := errors.Join(readFile(file, out), out.Close()); err != nil {
			return err
		}
	}
	return nil
}
