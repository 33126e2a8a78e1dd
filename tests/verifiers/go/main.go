// Command audit-check tells whether an audit log is what it claims to be.
//
// It shares no code with the program that writes the log: signatures and hashes are checked by the Go project's own
// packages golang.org/x/mod/sumdb/note and .../tlog, which serve the Go checksum database. The formats are those of
// c2sp.org: signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, tlog-cosignature (Ed25519) and tlog-witness.
//
//	audit-check -vkey KEY [-witness KEY] [-minimum N] [-proof FILE] [-old FILE [-growth FILE]] DIRECTORY
//	audit-check -vkey KEY -proof FILE -entry FILE
//
// The first form checks the log in DIRECTORY: the checkpoint's signature, every hash tile and every entry below the
// checkpoint. The second checks one proof and one entry alone, without the log. KEY is a verifier key that you got from
// somebody other than the holder of the directory. It prints one line of JSON; the exit status is 0 if all holds, 1 if
// anything does not, 2 if it was asked wrongly.
//
// To build it on Debian, without a network: apt-get install golang-go golang-golang-x-mod-dev, then in this folder
// GO111MODULE=off GOPATH=/usr/share/gocode go build -o audit-check . (elsewhere: go mod init audit-check && go mod tidy
// && go build).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// many is a flag that may be given several times.
type many []string

func (m *many) String() string     { return strings.Join(*m, " ") }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }

// question is what the command line asks.
type question struct {
	vkeys, witnesses, proofs, olds, growths many
	entry, directory                        string
	minimum                                 int64
}

// report is what was found to hold; it is printed only when all of it does.
type report struct {
	OK         bool     `json:"ok"`
	Origin     string   `json:"origin"`
	Size       int64    `json:"size"`
	Root       string   `json:"root"`
	SignedBy   []string `json:"signed_by"`  // log keys whose signatures hold, as name+id
	Witnesses  []string `json:"witnesses"`  // witness keys whose cosignatures hold
	Unknown    int      `json:"unknown"`    // signature lines of keys that were not given: skipped
	Entries    int64    `json:"entries"`    // read and found in the tree
	Minimum    int64    `json:"minimum"`    // first entry that was asked for
	Proofs     int      `json:"proofs"`     // tlog-proof files that hold
	Consistent []int64  `json:"consistent"` // sizes of older checkpoints that this log begins with
}

func main() {
	var q question
	flag.Var(&q.vkeys, "vkey", "Ed25519 verifier key of the log; repeat it while keys rotate: one must have signed")
	flag.Var(&q.witnesses, "witness", "Ed25519 verifier key of a witness; each one given must have cosigned")
	flag.Var(&q.proofs, "proof", "a tlog-proof file")
	flag.Var(&q.olds, "old", "an older checkpoint that this log must begin with")
	flag.Var(&q.growths, "growth", "a consistency proof from an -old checkpoint, as sent to a witness (add-checkpoint)")
	flag.StringVar(&q.entry, "entry", "", "the entry of the one -proof, where there is no directory")
	flag.Int64Var(&q.minimum, "minimum", 0, "first entry that a pruned log still holds")
	flag.Parse()
	q.directory = flag.Arg(0)
	alone := q.entry != "" && len(q.proofs) == 1 && len(q.olds)+len(q.growths) == 0
	if len(q.vkeys) == 0 || flag.NArg() > 1 || q.minimum < 0 || (q.directory == "") != alone || (q.entry != "" && !alone) {
		flag.Usage()
		os.Exit(2)
	}
	found, err := answer(q)
	if err != nil {
		found = map[string]interface{}{"ok": false, "why": err.Error()}
	}
	line, jsonErr := json.Marshal(found)
	if jsonErr != nil {
		line = []byte(`{"ok":false,"why":"the answer cannot be written"}`)
	}
	fmt.Println(string(line))
	if err != nil || jsonErr != nil {
		os.Exit(1)
	}
}

func answer(q question) (interface{}, error) {
	keys, err := readKeys(q.vkeys, q.witnesses)
	if err != nil {
		return nil, err
	}
	if q.directory == "" {
		return answerAlone(q, keys)
	}
	signed, err := readFile(filepath.Join(q.directory, "checkpoint"), maxNote)
	if err != nil {
		return nil, err
	}
	head, err := keys.open(signed)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	tiles := &tileFiles{directory: q.directory, kept: map[tlog.Tile][]byte{}}
	log := &logFiles{head.tree, tlog.TileHashReader(head.tree, tiles), tiles}
	found := newReport(head, q)
	if found.Entries, err = log.checkEntries(q.minimum); err != nil {
		return nil, err
	}
	if found.Consistent, err = log.checkHistory(keys.log(), q, head.origin); err != nil {
		return nil, err
	}
	for _, file := range q.proofs {
		if err := log.checkProof(keys, file, head.origin); err != nil {
			return nil, fmt.Errorf("proof %s: %w", file, err)
		}
	}
	return found, nil
}

// answerAlone checks one proof and one entry without the log's directory.
func answerAlone(q question, keys keyring) (interface{}, error) {
	text, err := readFile(q.proofs[0], maxNote)
	if err != nil {
		return nil, err
	}
	entry, err := readFile(q.entry, maxEntry)
	if err != nil {
		return nil, err
	}
	p, err := readProof(keys, text)
	if err == nil {
		err = tlog.CheckRecord(p.hashes, p.head.tree.N, p.head.tree.Hash, p.index, tlog.RecordHash(entry))
	}
	if err != nil {
		return nil, fmt.Errorf("proof %s: %w", q.proofs[0], err)
	}
	found := newReport(p.head, q)
	found.Entries = 1
	return found, nil
}

func newReport(head checkpoint, q question) *report {
	return &report{
		OK: true, Origin: head.origin, Size: head.tree.N, Root: fmt.Sprintf("%x", head.tree.Hash[:]), SignedBy: head.signedBy,
		Witnesses: head.witness, Unknown: head.unknown, Minimum: q.minimum, Proofs: len(q.proofs), Consistent: []int64{},
	}
}
