// Proof files (c2sp.org/tlog-proof), consistency proofs (c2sp.org/tlog-witness), older checkpoints.

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// proof is a c2sp.org/tlog-proof file whose checkpoint's signatures hold.
type proof struct {
	index  int64
	hashes tlog.RecordProof
	head   checkpoint
}

func readProof(keys keyring, text []byte) (proof, error) {
	var p proof
	parts := strings.SplitN(string(text), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(parts) != 2 {
		return p, errors.New("it does not begin as c2sp.org/tlog-proof@v1")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") { // opaque, and no proof of anything
		if _, err := base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):]); err != nil {
			return p, err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return p, errors.New("it has no index")
	}
	var err error
	if p.index, err = readNumber(lines[0][len("index "):]); err != nil {
		return p, err
	}
	hashes, err := readHashes(lines[1:])
	if err != nil {
		return p, err
	}
	p.hashes = hashes
	p.head, err = keys.open([]byte(parts[1]))
	return p, err
}

// checkProof checks a proof file for an entry of this log, and that this log begins with the tree that it names.
func (l *logFiles) checkProof(keys keyring, path, origin string) error {
	text, err := readFile(path, maxNote)
	if err != nil {
		return err
	}
	p, err := readProof(keys, text)
	if err != nil {
		return err
	}
	if p.head.origin != origin {
		return errors.New("it is of another log")
	}
	if err := l.checkBeginsWith(p.head.tree); err != nil {
		return err
	}
	if p.index >= p.head.tree.N {
		return errors.New("the index lies outside the tree")
	}
	entries, err := l.bundle(p.index / width)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(entries[p.index%width])
	return tlog.CheckRecord(p.hashes, p.head.tree.N, p.head.tree.Hash, p.index, leaf)
}

// checkHistory checks older checkpoints and consistency proofs; it returns the sizes of the former.
func (l *logFiles) checkHistory(keys keyring, q question, origin string) ([]int64, error) {
	sizes, olds := []int64{}, map[int64]checkpoint{}
	for _, file := range q.olds {
		old, err := readSigned(keys, file, origin)
		if err == nil {
			err = l.checkBeginsWith(old.tree)
		}
		if err != nil {
			return nil, fmt.Errorf("old checkpoint %s: %w", file, err)
		}
		olds[old.tree.N] = old
		sizes = append(sizes, old.tree.N)
	}
	for _, file := range q.growths {
		if err := checkGrowth(keys, file, origin, olds); err != nil {
			return nil, fmt.Errorf("consistency proof %s: %w", file, err)
		}
	}
	return sizes, nil
}

// checkGrowth checks a consistency proof as a log sends it to a witness: "old <size>", hashes, a blank line, the newer
// checkpoint. The older checkpoint is one of those given with -old.
func checkGrowth(keys keyring, path, origin string, olds map[int64]checkpoint) error {
	text, err := readFile(path, maxNote)
	if err != nil {
		return err
	}
	parts := strings.SplitN(string(text), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || !strings.HasPrefix(lines[0], "old ") {
		return errors.New("it is no body of add-checkpoint")
	}
	size, err := readNumber(lines[0][len("old "):])
	if err != nil {
		return err
	}
	hashes, err := readHashes(lines[1:])
	if err != nil {
		return err
	}
	newer, err := keys.open([]byte(parts[1]))
	if err != nil {
		return err
	}
	older, given := olds[size]
	if !given || newer.origin != origin {
		return errors.New("no -old checkpoint of this log has its old size")
	}
	if size == 0 && len(hashes) == 0 {
		return nil
	}
	return tlog.CheckTree(hashes, newer.tree.N, newer.tree.Hash, older.tree.N, older.tree.Hash)
}
