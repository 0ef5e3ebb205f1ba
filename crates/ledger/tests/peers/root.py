"""Computes the root hash of a ledger directory anew from its raw entries, with pymerkle. Shares no code with Postern.

    python root.py DIR

Prints "SIZE ROOT" as they come from the bundles, whatever the checkpoint says.
"""

import base64
import pathlib
import sys

from pymerkle import InmemoryTree


def bundles(directory):
    """Every bundle in order: the full ones, then the widest partial one."""
    entries = pathlib.Path(directory) / "tile" / "entries"
    number = 0
    while True:
        name = f"{number % 1000:03d}"
        above = number // 1000
        while above:
            name = f"x{above % 1000:03d}/{name}"
            above //= 1000
        full = entries / name
        if full.exists():
            yield full.read_bytes()
            number += 1
            continue
        partial = sorted((entries / f"{name}.p").glob("[0-9]*"), key=lambda path: int(path.name))
        if partial:
            yield partial[-1].read_bytes()
        return


def main():
    # Leaves are hashed as SHA-256(0x00 || leaf), nodes as SHA-256(0x01 || left || right): RFC 6962 section 2.1.
    tree = InmemoryTree(algorithm="sha256")
    for data in bundles(sys.argv[1]):
        at = 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            tree.append_entry(data[at + 2 : at + 2 + length])
            at += 2 + length
    print(tree.get_size(), base64.b64encode(tree.get_state()).decode())


main()
