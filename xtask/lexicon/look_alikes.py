"""Writes data/look-alikes.txt: what characters outside ASCII look like in ASCII.

Sources: the Unicode Character Database of the running Python (decompositions, categories, digit values) and Unicode's
confusables through the package confusable_homoglyphs (MIT; Unicode data under the Unicode licence).
"""
import json
import pathlib
import sys
import unicodedata as ud

import confusable_homoglyphs

EXTRA = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "ð": "d", "ł": "l", "Ł": "L", "ħ": "h",
    "ŧ": "t", "ŋ": "n", "ı": "i", "ſ": "s", "þ": "th", "¢": "c", "€": "e", "£": "l", "¥": "y", "℮": "e", "×": "x", "…": "...",
    "«": '"', "»": '"', "·": ".", "•": ".", "∙": ".", "‧": ".", "。": ".", "⁄": "/", "∕": "/", "÷": "/", "−": "-", "‐": "-",
    "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "ー": "-", "・": "-", "‘": "'", "’": "'", "‚": ",", "‛": "'", "′": "'", "´": "'",
    "`": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "в": "b", "н": "h", "к": "k", "м": "m", "т": "t", "п": "n",
    "г": "r", "я": "r", "и": "n", "з": "3", "є": "e", "ё": "e", "э": "e", "ь": "b", "ъ": "b", "л": "n", "д": "d", "ш": "w", "щ": "w",
    "α": "a", "β": "b", "γ": "y", "δ": "d", "ε": "e", "η": "n", "θ": "o", "ι": "i", "κ": "k", "λ": "l", "μ": "u", "ν": "v", "ξ": "e",
    "π": "n", "ρ": "p", "σ": "o", "ς": "s", "τ": "t", "υ": "u", "φ": "o", "χ": "x", "ψ": "y", "ω": "w", "Σ": "E", "Λ": "A", "Δ": "A",
    "Ξ": "E", "Π": "N", "Ω": "O", "Я": "R", "И": "N", "Г": "r", "Д": "D", "∂": "d", "ƒ": "f", "∑": "E", "√": "v", "∫": "f", "µ": "u",
    "ᗩ": "A", "ᗷ": "B", "ᑕ": "C", "ᗪ": "D", "ᗴ": "E", "ᖴ": "F", "ᕼ": "H", "ᒍ": "J", "ᒪ": "L", "ᗰ": "M", "ᑎ": "N", "ᑭ": "P", "ᖇ": "R",
    "ᔕ": "S", "ᑌ": "U", "ᐯ": "V", "ᗯ": "W", "Ꭺ": "A", "Ᏼ": "B", "Ꭼ": "E", "Ꮋ": "H", "Ꮶ": "K", "Ꮇ": "M", "Ꮲ": "P", "Ꮪ": "S", "Ꭲ": "T",
}
ASCII = {chr(c) for c in range(0x20, 0x7F)}
# What is never a letter although Unicode's table says that it can be taken for one.
NOT_BELOW = 0x80


def confusable():
    path = pathlib.Path(confusable_homoglyphs.__file__).parent / "confusables.json"
    table = json.loads(path.read_text())
    found = {}
    for char, alike in table.items():
        if len(char) != 1 or ord(char) < NOT_BELOW:
            continue
        plain = [a["c"] for a in alike if a["c"] and all(c in ASCII for c in a["c"])]
        letters = [p for p in plain if len(p) == 1 and p.isalpha()]
        if letters or plain:
            found[char] = (letters or plain)[0]
    return found


def plain(char, alike):
    if char in EXTRA:
        return EXTRA[char]
    category = ud.category(char)
    if category in ("Mn", "Me", "Cf") or char in "\u115f\u1160\u3164\uffa0\u2800":
        return ""
    if category in ("Zs",):
        return "\\s"
    if category in ("Zl", "Zp") or char == "\x85":
        return "\\n"
    digit = ud.decimal(char, None)
    if digit is None:
        digit = ud.digit(char, None)
    if digit is not None:
        return str(digit)
    folded = "".join(c for c in ud.normalize("NFKD", char) if ud.category(c) not in ("Mn", "Me", "Cf"))
    if folded and all(c in ASCII for c in folded):
        inner = folded.strip("()") if len(folded) == 3 else folded
        return inner.strip() or "\\s"
    if char in alike:
        return alike[char]
    if folded != char and len(folded) == 1:
        return plain(folded, alike)
    name = ud.name(char, "")
    for head in ("LATIN SMALL LETTER ", "LATIN LETTER SMALL CAPITAL ", "LATIN CAPITAL LETTER ", "MODIFIER LETTER SMALL "):
        if name.startswith(head):
            letter = name[len(head):].split(" ")[0]
            if len(letter) == 1:
                return letter if "CAPITAL LETTER" in name else letter.lower()
    for head in ("NEGATIVE SQUARED LATIN CAPITAL LETTER ", "NEGATIVE CIRCLED LATIN CAPITAL LETTER ", "SQUARED LATIN CAPITAL LETTER ",
                 "REGIONAL INDICATOR SYMBOL LETTER ", "CROSSED NEGATIVE SQUARED LATIN CAPITAL LETTER "):
        if name.startswith(head):
            return name[len(head):][:1]
    if name.startswith("TAG "):
        return ""
    return None


def main(out):
    alike = confusable()
    rows = []
    for code in list(range(NOT_BELOW, 0xD800)) + list(range(0xE000, 0x30000)) + list(range(0xE0000, 0xE01F0)):
        if 0x3400 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3 or 0x20000 <= code:
            if not 0xE0000 <= code:
                continue
        text = plain(chr(code), alike)
        if text is None or len(text) > 4:
            continue
        rows.append((code, text))
    lines, i = [], 0
    while i < len(rows):
        j = i
        while j + 1 < len(rows) and rows[j + 1] == (rows[j][0] + 1, rows[i][1]):
            j += 1
        code = f"{rows[i][0]:x}" if i == j else f"{rows[i][0]:x}-{rows[j][0]:x}"
        lines.append(code if rows[i][1] == "" else f"{code} {rows[i][1]}")
        i = j + 1
    several = {t for _, t in rows if len(t) > 1 and not t.startswith("\\")}
    if len(several) > 120:
        keep = set(sorted(several, key=lambda t: (not t.isalpha() or len(t) > 2, t not in EXTRA.values(), len(t), t))[:120])
        lines = [l for l in lines if " " not in l or l.split(" ", 1)[1] not in several or l.split(" ", 1)[1] in keep]
    head = [
        "# What characters outside ASCII look like. Generated by `cargo xtask lexicon`; do not edit.",
        f"# Sources: Unicode Character Database {ud.unidata_version}; Unicode confusables; a few rows of our own (xtask/lexicon/look_alikes.py).",
        "# A line: code point or range in hexadecimal, then its plain form; nothing = it shows nothing, \\s blank, \\n line break.",
    ]
    pathlib.Path(out).write_text("\n".join(head + lines) + "\n")
    print(len(rows), "code points,", len(lines), "lines,", len(several), "of several letters")


if __name__ == "__main__":
    main(sys.argv[1])
