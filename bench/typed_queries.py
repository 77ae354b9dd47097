"""Three hundred things as people type them, and what a ticket says instead: the second list of search_quality.py.

Each of KINDS has patterns of what is said and what is typed for it. A generator with a fixed seed fills in numbers and
takes words from real tickets, so the list is the same on every run. Each pair goes into one ticket: the sentence that
says it is added to the description of a real one, among 24,000 others.
"""

import random
from dataclasses import dataclass

SEED, EACH = 11, 30
NAMES = [
    "Łukasz Wójcik",
    "Søren Kjær",
    "Đorđe Jovanović",
    "Ægir Þórsson",
    "Jürgen Müller",
    "Zoë Lefèvre",
    "Günther Groß",
    "Íñigo Núñez",
    "Işık Çelik",
    "Anaïs Bœuf",
]
PLAIN = [
    "lukasz wojcik",
    "soren kjaer",
    "dorde jovanovic",
    "aegir thorsson",
    "juergen mueller",
    "zoe lefevre",
    "guenther gross",
    "inigo nunez",
    "isik celik",
    "anais boeuf",
]
GERMAN = ["Drucker", "Rechner", "Server", "Zugang", "Ordner", "Postfach", "Kalender", "Bildschirm", "Laufwerk", "Konto"]
UMLAUTS = {
    "Schlüssel": "schluessel",
    "Büro": "buero",
    "Störung": "stoerung",
    "Gerät": "geraet",
    "Prüfung": "pruefung",
    "Übersicht": "uebersicht",
    "Lösung": "loesung",
    "Empfänger": "empfaenger",
    "Zubehör": "zubehoer",
    "Größe": "groesse",
}
PRODUCTS = {
    "Wi-Fi": ["wifi", "wi fi"],
    "E-Mail": ["email", "e mail"],
    "Azure AD": ["azuread", "azure-ad"],
    "Office 365": ["office365", "o365"],
    "OneDrive": ["one drive", "onedrive"],
    "Share Point": ["sharepoint"],
    "TeamViewer": ["team viewer", "teamviewer"],
    "Power BI": ["powerbi", "power-bi"],
    "log in": ["login", "log-in"],
    "Windows 10": ["windows10", "win10"],
    "AzureAD": ["azure ad"],
    "notebook": ["note book", "note-book"],
    "2FA": ["2-fa", "2 fa"],
}


@dataclass(frozen=True)
class Pair:
    """What one ticket says, and what somebody types to find it."""

    kind: str
    said: str
    typed: str


def pairs(words):
    """The list. `words` are rare words of real tickets, each in one ticket or a few."""
    chance = random.Random(SEED)
    return [Pair(kind, *make(chance, number, words)) for kind, make in KINDS.items() for number in range(EACH)]


def _version(chance, number, _words):
    version = f"{chance.randint(1, 30)}.{chance.randint(0, 20)}.{chance.randint(100, 999)}"
    said = [f"client v{version}.{number + 1000}", f"build {version}", f"agent-v{version}-x64.msi", f"Agent{version}"]
    return chance.choice(said), chance.choice(
        [version, f"v{version}", f"{version}.", f"version {version}"][: 3 + number % 2]
    )


def _update(chance, number, _words):
    digits = str(5_000_000 + chance.randrange(100_000) * 9 + number)
    return chance.choice([(f"KB{digits}", digits), (f"update {digits}", f"KB{digits}"), (f"INC{digits}", digits)])


def _error(chance, number, _words):
    code = f"8{chance.randrange(16**6):06X}{number % 10}"
    said = [(f"error 0x{code}", code.lower()), (f"code {code}", f"0x{code}"), (f"(0x{code.lower()})", f"0x{code}")]
    return chance.choice([*said, (f"Err:0x{code}", f"error {code[:6]}"), (f"ERR_{code}", f"err {code}")])


def _host(chance, number, _words):
    name = f"{chance.choice(['srv', 'fs', 'db', 'prn'])}-{chance.choice(['ber', 'lon', 'waw'])}{number + 100}"
    address = f"10.{number}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"
    mac = ":".join(f"{chance.randrange(256):02x}" for _ in range(6))
    said = [
        (f"\\\\{name}.corp.example\\share", typed)
        for typed in (name, name.upper(), name.replace("-", ""), name.partition("-")[2])
    ]
    said += [(f"http://{address}:8080/x", address), (f"at {mac.upper()}", mac), (mac.replace(":", "-"), mac)]
    return chance.choice([*said, (f"at {mac}", mac.replace(":", ""))])


def _name(chance, number, _words):
    place = number % len(NAMES)
    first, last = NAMES[place].split()
    words = PLAIN[place].split()
    return f"{first} {last}-{number + 500} called", f"{chance.choice(words)} {number + 500}"


def _two_words(chance, number, words):
    first, second = chance.sample(words, 2)
    return f"{first} and then {second}", f"{second} {first}"


def _three_words(chance, number, words):
    return " ".join(said := chance.sample(words, 3)), " ".join(reversed(said))


def _umlaut(chance, number, words):
    word, plain = chance.choice([*UMLAUTS.items()])
    rare = chance.choice(words)
    said, typed = chance.choice([(word, plain), (plain, word), (word, word.lower())])
    return f"{said} {rare}", f"{typed} {rare}"


def _written_together(chance, number, words):
    rare = chance.choice(words)
    if number % 3:
        said = chance.choice([*PRODUCTS])
        return f"{said} {rare}", f"{chance.choice(PRODUCTS[said])} {rare}"
    first, second = chance.sample(GERMAN, 2)
    one, two = first + second.lower(), f"{first}-{second}"
    said, typed = chance.choice(
        [(two, one), (one, two), (f"{first}\u00ad{second.lower()}", one), (f"{first} {second}", one)]
    )
    return f"{said} {rare}", f"{typed} {rare}"


def _part_of_a_word(chance, number, words):
    first, second = (word for word in chance.sample([word for word in words if len(word) > 6], 2))
    return f"{first} {second}", f"{first[:-2]} {second[:-1]}"


KINDS = {
    "versions": _version,
    "updates and tickets of others": _update,
    "error codes": _error,
    "hosts": _host,
    "names": _name,
    "two words": _two_words,
    "three words": _three_words,
    "umlauts": _umlaut,
    "written together or apart": _written_together,
    "parts of words": _part_of_a_word,
}
