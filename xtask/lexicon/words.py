"""Prints ordinary words of English and Spanish, and names, one a line: what must not be taken for a misspelled care word."""
import importlib.util
import pathlib
import re
import sys
import unicodedata

from wordfreq import top_n_list, zipf_frequency

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from lists import family_names, first_names


def fold(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


words = [fold(w) for w in top_n_list("en", 45000) + top_n_list("es", 40000)]
words += first_names()
words += [n for n in family_names() if zipf_frequency(n, "en") >= 1.5]
for word in dict.fromkeys(words):
    if re.fullmatch(r"[a-z]{4,20}", word):
        print(word)
