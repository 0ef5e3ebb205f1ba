// Verifies a ledger directory with Go's reference implementation, golang.org/x/mod/sumdb. It shares no code with Postern.
//
//	go run verify.go DIR VKEY OLD_CHECKPOINT PROOF INDEX...
//
// Checks the signature of DIR/checkpoint and of the file OLD_CHECKPOINT; that every entry in the bundles hashes to the tree of
// the checkpoint; that the tiles prove inclusion of the entries at INDEX; that the old checkpoint's tree begins the new one's; and
// that the file PROOF (a tlog-proof of the entry at its index) holds.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "FAILED %s: %v\n", what, err)
		os.Exit(1)
	}
}

// open verifies a signed checkpoint and returns its tree.
func open(msg []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check(err, "vkey")
	n, err := note.Open(msg, note.VerifierList(verifier))
	check(err, "signature")
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		check(fmt.Errorf("not origin, size and root: %q", n.Text), "checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")
	return tlog.Tree{N: size, Hash: root}
}

// name is the path of tile number n of a row, w wide, as C2SP tlog-tiles wants it.
func name(row string, n int64, w int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if w < 256 {
		path += fmt.Sprintf(".p/%d", w)
	}
	return "tile/" + row + "/" + path
}

type tiles struct{ dir string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := filepath.Join(t.dir, name(strconv.Itoa(tile.L), tile.N, tile.W))
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			data, err = os.ReadFile(filepath.Join(t.dir, name(strconv.Itoa(tile.L), tile.N, 256)))
		}
		if err != nil {
			return nil, err
		}
		if len(data) > tile.W*tlog.HashSize {
			data = data[:tile.W*tlog.HashSize]
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// bundle reads the entries of bundle number n in a log of size entries.
func bundle(dir string, n, size int64) [][]byte {
	w := size - n*256
	if w > 256 {
		w = 256
	}
	data, err := os.ReadFile(filepath.Join(dir, name("entries", n, int(w))))
	check(err, "bundle")
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			check(fmt.Errorf("bundle %d ends inside an entry", n), "bundle")
		}
		length := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if int64(len(entries)) != w {
		check(fmt.Errorf("bundle %d has %d entries, not %d", n, len(entries), w), "bundle")
	}
	return entries
}

func proof(path, dir, vkey string) {
	text, err := os.ReadFile(path)
	check(err, "proof")
	parts := bytes.SplitN(text, []byte("\n\n"), 2)
	tree := open(parts[1], vkey)
	lines := strings.Split(string(parts[0]), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		check(fmt.Errorf("header %q", lines[:2]), "proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	check(err, "proof")
	var hashes tlog.RecordProof
	for _, line := range lines[2:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		check(err, "proof")
		var hash tlog.Hash
		copy(hash[:], raw)
		hashes = append(hashes, hash)
	}
	leaf := bundle(dir, index/256, tree.N)[index%256]
	check(tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(leaf)), "proof")
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err, "checkpoint")
	tree := open(msg, vkey)
	msg, err = os.ReadFile(os.Args[3])
	check(err, "old checkpoint")
	old := open(msg, vkey)

	// Every entry: the root anew, in Go's own storage order.
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := int64(0); n*256 < tree.N; n++ {
		for i, leaf := range bundle(dir, n, tree.N) {
			hashes, err := tlog.StoredHashes(n*256+int64(i), leaf, reader)
			check(err, "entries")
			stored = append(stored, hashes...)
		}
	}
	root, err := tlog.TreeHash(tree.N, reader)
	check(err, "entries")
	if root != tree.Hash {
		check(fmt.Errorf("the entries give root %v, the checkpoint %v", root, tree.Hash), "entries")
	}

	hashes := tlog.TileHashReader(tree, tiles{dir})
	for _, arg := range os.Args[5:] {
		index, err := strconv.ParseInt(arg, 10, 64)
		check(err, "index")
		p, err := tlog.ProveRecord(tree.N, index, hashes)
		check(err, "inclusion "+arg)
		leaf := bundle(dir, index/256, tree.N)[index%256]
		check(tlog.CheckRecord(p, tree.N, tree.Hash, index, tlog.RecordHash(leaf)), "inclusion "+arg)
	}
	consistency, err := tlog.ProveTree(tree.N, old.N, hashes)
	check(err, "consistency")
	check(tlog.CheckTree(consistency, tree.N, tree.Hash, old.N, old.Hash), "consistency")
	proof(os.Args[4], dir, vkey)
	fmt.Printf("%d %v\n", tree.N, tree.Hash)
}
