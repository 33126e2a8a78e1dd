// Keys, signed notes and checkpoints: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature.

package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const maxNote = 1 << 20 // bytes

// checkpoint is a signed tree head: c2sp.org/tlog-checkpoint without extension lines.
type checkpoint struct {
	origin   string
	tree     tlog.Tree
	signedBy []string
	witness  []string
	unknown  int
}

// keyring holds the keys that the caller trusts.
type keyring struct{ logs, witnesses []note.Verifier }

func readKeys(vkeys, witnesses []string) (keyring, error) {
	var keys keyring
	for _, vkey := range vkeys {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return keys, fmt.Errorf("-vkey: %w (of a log's keys this program knows Ed25519, type 0x01)", err)
		}
		keys.logs = append(keys.logs, v)
	}
	for _, vkey := range witnesses {
		v, err := newCosigner(vkey)
		if err != nil {
			return keys, fmt.Errorf("-witness: %w", err)
		}
		keys.witnesses = append(keys.witnesses, v)
	}
	return keys, nil
}

// log is the keyring without its witnesses: an old checkpoint need not be cosigned.
func (k keyring) log() keyring { return keyring{logs: k.logs} }

// open checks the signatures of a checkpoint and reads it. A line of an unknown key (another type, such as ML-DSA-44
// 0x06, or a witness that was not named) is skipped; a line of a known key that does not hold refuses the checkpoint.
func (k keyring) open(signed []byte) (checkpoint, error) {
	var head checkpoint
	opened, err := note.Open(signed, note.VerifierList(append(append([]note.Verifier{}, k.logs...), k.witnesses...)...))
	if err != nil {
		return head, err
	}
	if head.origin, head.tree, err = parseCheckpoint(opened.Text); err != nil {
		return head, err
	}
	head.signedBy = signers(k.logs, opened, head.origin)
	head.witness = signers(k.witnesses, opened, "")
	head.unknown = len(opened.UnverifiedSigs)
	if len(head.signedBy) == 0 {
		return head, fmt.Errorf("no known key named %q signed it", head.origin)
	}
	if len(head.witness) != len(k.witnesses) {
		return head, errors.New("a witness that was asked for has not cosigned it")
	}
	return head, nil
}

// signers names those of keys that signed; for a log, the key's name must be the origin.
func signers(keys []note.Verifier, opened *note.Note, name string) []string {
	found := []string{}
	for _, key := range keys {
		for _, sig := range opened.Sigs {
			if sig.Name == key.Name() && sig.Hash == key.KeyHash() && (name == "" || name == key.Name()) {
				found = append(found, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
			}
		}
	}
	return found
}

// parseCheckpoint reads the text of a C2SP checkpoint (tlog.ParseTree reads another header, that of go.sum).
func parseCheckpoint(text string) (origin string, tree tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return "", tree, errors.New("it is not the three lines origin, size and root")
	}
	if tree.N, err = readNumber(lines[1]); err != nil {
		return "", tree, err
	}
	if tree.Hash, err = readHash(lines[2]); err != nil {
		return "", tree, err
	}
	if tree.N == 0 && tree.Hash != sha256.Sum256(nil) { // RFC 6962; older tlog.TreeHash(0) is all zeros
		return "", tree, errors.New("an empty tree has another root")
	}
	return lines[0], tree, nil
}

func readSigned(keys keyring, path, origin string) (checkpoint, error) {
	signed, err := readFile(path, maxNote)
	if err != nil {
		return checkpoint{}, err
	}
	head, err := keys.open(signed)
	if err == nil && head.origin != origin {
		err = errors.New("it is of another log")
	}
	return head, err
}

// cosigner verifies a witness's line, type 0x04 of c2sp.org/tlog-cosignature.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed verifier key")
	}
	material, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(material) != 1+ed25519.PublicKeySize || material[0] != 0x04 {
		return nil, errors.New("this is no Ed25519 witness key, type 0x04")
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(material)))
	if hex.EncodeToString(sum[:4]) != parts[1] {
		return nil, errors.New("the key id is not that of its name and key")
	}
	return &cosigner{parts[0], binary.BigEndian.Uint32(sum[:4]), material[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

// Verify takes 8 bytes of time, which the signed text repeats, and the signature.
func (c *cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	return at < 1<<63 && ed25519.Verify(c.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)), signature[8:])
}
