// Small readers: strict, and bounded before they read.

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	maxSize  = 1 << 60 // entries; the arithmetic of package tlog overflows beyond 2**62
	maxProof = 63      // hashes; enough for any tree of 2**63 leaves
)

func readFile(path string, limit int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return data, err
}

func readNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 || number > maxSize || strconv.FormatInt(number, 10) != text {
		return 0, errors.New("this is not a decimal number up to 2**60 without leading zeros")
	}
	return number, nil
}

func readHash(line string) (tlog.Hash, error) {
	var hash tlog.Hash
	data, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil || len(data) != tlog.HashSize || base64.StdEncoding.EncodeToString(data) != line {
		return hash, errors.New("this is not the base 64 of a hash")
	}
	copy(hash[:], data)
	return hash, nil
}

func readHashes(lines []string) ([]tlog.Hash, error) {
	if len(lines) > maxProof {
		return nil, fmt.Errorf("it has more than %d hashes", maxProof)
	}
	hashes := []tlog.Hash{}
	for _, line := range lines {
		hash, err := readHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
