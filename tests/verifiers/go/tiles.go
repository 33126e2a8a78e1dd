// Tiles and bundles of entries in a directory: c2sp.org/tlog-tiles.

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height    = 8 // a full tile has 2**8 hashes
	width     = 1 << height
	maxBundle = width * (2 + maxEntry) // bytes
	maxEntry  = 65535                  // bytes
)

// tileFiles reads the tiles of a C2SP tlog-tiles directory for tlog.TileHashReader, which checks every one of them
// against the root before it uses it.
type tileFiles struct {
	directory string
	kept      map[tlog.Tile][]byte // tiles above the leaves, already checked; they are needed again and again
}

func (t *tileFiles) Height() int { return height }

func (t *tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if data, known := t.kept[tile]; known {
			all[i] = data
			continue
		}
		data, found, err := t.read(tile, width*tlog.HashSize)
		if err != nil {
			return nil, err
		}
		if len(data) != found.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, not %d", path(found), len(data), found.W*tlog.HashSize)
		}
		all[i] = data[:tile.W*tlog.HashSize]
	}
	return all, nil
}

func (t *tileFiles) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, tile := range tiles {
		if tile.L > 0 || tile.W < width {
			t.kept[tile] = data[i]
		}
	}
}

// read returns the bytes of a tile's file, and the tile whose file it is: a partial one may be gone where the full one,
// which begins with it, is there.
func (t *tileFiles) read(tile tlog.Tile, limit int) ([]byte, tlog.Tile, error) {
	data, err := readFile(filepath.Join(t.directory, filepath.FromSlash(path(tile))), limit)
	if errors.Is(err, os.ErrNotExist) && tile.W < width {
		full := tile
		full.W = width
		if data, fullErr := readFile(filepath.Join(t.directory, filepath.FromSlash(path(full))), limit); fullErr == nil {
			return data, full, nil
		}
	}
	return data, tile, err
}

// path maps a tile to its C2SP path: tlog's tile/8/<L>/<N> is tile/<L>/<N>, its tile/8/data/<N> is tile/entries/<N>.
func path(tile tlog.Tile) string {
	name := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	if tile.L < 0 {
		name = "entries/" + strings.TrimPrefix(name, "data/")
	}
	return "tile/" + name
}

// logFiles is a log directory under a checkpoint that is already trusted.
type logFiles struct {
	tree   tlog.Tree
	hashes tlog.HashReader // every hash that comes from here is proven to be in the tree
	tiles  *tileFiles
}

// checkEntries reads each entry from the one at minimum on and compares its hash with the tree's.
func (l *logFiles) checkEntries(minimum int64) (int64, error) {
	if l.tree.N == 0 {
		return 0, nil
	}
	if root, err := tlog.TreeHash(l.tree.N, l.hashes); err != nil || root != l.tree.Hash {
		return 0, fmt.Errorf("the tiles do not lead to the checkpoint's root: %v", err)
	}
	if minimum > l.tree.N {
		return 0, errors.New("the minimum lies beyond the log's end")
	}
	var count int64
	for n := minimum / width; minimum < l.tree.N && n*width < l.tree.N; n++ {
		entries, err := l.bundle(n)
		if err != nil {
			return 0, err
		}
		count += int64(len(entries))
	}
	return count, nil
}

// bundle returns the entries of the n-th bundle, each of which is proven to be in the tree.
func (l *logFiles) bundle(n int64) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: -1, N: n, W: width}
	if rest := l.tree.N - n*width; rest < width {
		tile.W = int(rest)
	}
	data, found, err := l.tiles.read(tile, maxBundle)
	if err != nil {
		return nil, err
	}
	entries, err := splitBundle(data, found.W)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path(found), err)
	}
	entries = entries[:tile.W]
	indexes := make([]int64, tile.W)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, n*width+int64(i))
	}
	hashes, err := l.hashes.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("tile of entries %d and on: %w", n*width, err)
	}
	for i, entry := range entries {
		if tlog.RecordHash(entry) != hashes[i] {
			return nil, fmt.Errorf("entry %d is not the one that the tree holds", n*width+int64(i))
		}
	}
	return entries, nil
}

// splitBundle cuts a bundle into its entries, each behind its length as two bytes, big end first.
func splitBundle(data []byte, count int) ([][]byte, error) {
	entries := make([][]byte, count)
	for i := range entries {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("it ends within entry %d", i)
		}
		size := 2 + int(binary.BigEndian.Uint16(data))
		entries[i], data = data[2:size], data[size:]
	}
	if len(data) > 0 {
		return nil, errors.New("it has bytes behind its last entry")
	}
	return entries, nil
}

// checkBeginsWith proves that this log begins with an older tree, by a proof made from this log's tiles.
func (l *logFiles) checkBeginsWith(old tlog.Tree) error {
	if old.N == 0 { // parseCheckpoint made sure of its root; tlog knows no proof from an empty tree
		return nil
	}
	if old.N > l.tree.N {
		return fmt.Errorf("it is larger (%d) than this log (%d): something was taken away", old.N, l.tree.N)
	}
	proof, err := tlog.ProveTree(l.tree.N, old.N, l.hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, l.tree.N, l.tree.Hash, old.N, old.Hash)
}
