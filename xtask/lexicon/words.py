"""Prints ordinary words of English and Spanish, and names, one a line: what must not be taken for a misspelled care word."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from lists import first_names
from plain_words import english, of_our_corpora, proper, spanish

words = english((10, 20, 35, 40, 50)) | spanish() | of_our_corpora(sys.argv[1])
names = (pathlib.Path(sys.argv[1]) / "family-names.txt").read_text().split()
words |= set(first_names()) | set(names) | proper()
for word in sorted(words):
    if re.fullmatch(r"[a-z]{4,20}", word):
        print(word)
