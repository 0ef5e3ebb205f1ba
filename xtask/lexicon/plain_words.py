"""Ordinary words of English and Spanish from lists that may be used for anything: SCOWL (Debian `scowl`) and the Spanish list of
the game Letterpress (npm `an-array-of-spanish-words`, MIT). `cargo xtask lexicon` unpacks both beside this script's environment.
"""
import json
import pathlib
import re
import unicodedata

HOME = pathlib.Path(__file__).resolve().parents[2] / "target" / "lexicon"


def fold(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def english(levels):
    """The words of these levels; 10 are the commonest."""
    words = set()
    for level in levels:
        for kind in ("english", "american"):
            path = HOME / "scowl/usr/share/dict/scowl" / f"{kind}-words.{level}"
            if path.exists():
                words.update(re.findall(r"^[a-z]{3,20}$", fold(path.read_text(encoding="latin-1")), re.M))
    return words


def proper():
    """Names of places, peoples and persons."""
    words = set()
    for path in (HOME / "scowl/usr/share/dict/scowl").glob("*"):
        if path.name in {f"{kind}.{level}" for kind in ("english-upper", "american-upper", "american-proper-names", "english-proper-names") for level in (10, 20, 35, 40, 50, 60)}:
            words.update(re.findall(r"^[a-z]{3,20}$", fold(path.read_text(encoding="latin-1")), re.M))
    return words


def spanish():
    path = HOME / "spanish/package/index.json"
    return {w for w in map(fold, json.loads(path.read_text(encoding="utf-8"))) if re.fullmatch(r"[a-z]{4,16}", w)}


def of_our_corpora(data):
    """The words of clean messages in the corpora of the classifier, which were written by hand."""
    words = set()
    for name in ("train.txt", "dev.txt"):
        clean = False
        for line in (pathlib.Path(data).parent / "corpus" / name).read_text(encoding="utf-8").splitlines():
            if line.startswith("=="):
                clean = line.split()[1] == "clean"
            elif clean and not line.startswith(("#", "@")):
                words.update(re.findall(r"[a-z]{3,16}", fold(line)))
    return words
