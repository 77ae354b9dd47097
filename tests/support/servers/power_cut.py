"""A power cut, by the record of what processes wrote and synced: what a disk may hold when the current fails.

strace records every write, sync and change of names. A cut keeps what was synced before it. Of the rest each 512 bytes
and each name may be there or not, in whatever order they came.
"""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,rename,"
    "renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,sendfile,copy_file_range"
)
LINE = re.compile(r"(\d+) +(\d+\.\d+) (\w+)\((.*)\) += (-?\d+)")
BEGUN = re.compile(r"(\d+) +(\d+\.\d+) (\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
HANDLE = re.compile(r"(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})+)>(\(deleted\))?")
# Calls that change files in ways that this record could not follow. SQLite and the desk make none of them.
UNKNOWN = {"writev", "pwritev", "pwritev2", "fallocate", "truncate", "link", "linkat", "sendfile", "copy_file_range"}


def recorder(record):
    """What to put before a command, so that it and all its children are recorded."""
    options = ["-f", "-qq", "-ttt", "-y", "-xx", "-s", "4000000", "--seccomp-bpf", "-e", f"trace={CALLS}"]
    return ["strace", *options, "-e", "signal=none", "-o", str(record)]


def why_not():
    """Why nothing can be recorded here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is missing. Try: sudo apt install strace"
    if os.system("strace -f -qq --seccomp-bpf -o /dev/null true 2>/dev/null"):
        return "strace may not follow processes here"
    return ""


# ---- the record


@dataclass(frozen=True)
class Call:
    """One call that succeeded, between its first and its last line in the record. `at` is when it began."""

    first: int
    last: int
    at: float
    name: str
    paths: list[str]
    gone: bool
    content: bytes
    numbers: list[int]
    flags: str


def calls(record: Path, folder: str) -> Iterator[Call]:
    """The calls on the folder and what is below it, in the order in which they ended."""
    waiting = {}
    with open(record, errors="replace") as lines:
        for number, line in enumerate(lines):
            if found := LINE.match(line):
                begun = number, float(found[2]), found[3], found[4]
                result = found[5]
            elif found := BEGUN.match(line):
                waiting[found[1]] = number, float(found[2]), found[3], found[4]
                continue
            elif (found := RESUMED.match(line)) and found[1] in waiting:
                first, at, name, given = waiting.pop(found[1])
                begun, result = (first, at, name, given + found[4]), found[5]
            else:
                continue
            if int(result) >= 0 and (call := _call(*begun, number, int(result), folder)):
                yield call


def _call(first, at, name, given, last, result, folder):
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in TEXT.findall(given)]
    handles = [(bytes.fromhex(path.replace("\\x", "")).decode(), bool(gone)) for path, gone in HANDLE.findall(given)]
    rest = HANDLE.sub("", TEXT.sub("", given))
    by_path = name in (
        "openat",
        "open",
        "creat",
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "unlinkat",
        "mkdir",
        "mkdirat",
    )
    if by_path or name in ("rmdir", "link", "linkat", "truncate"):
        base = handles[0][0] if handles else "/"
        paths = [os.path.normpath(os.path.join(base, text.decode(errors="replace"))) for text in texts]
    else:
        paths = [path for path, _gone in handles]
    if not any(path == folder or path.startswith(folder + "/") for path in paths):
        return None
    assert name not in UNKNOWN, f"{name} on {paths} cannot be replayed"
    content = texts[0][:result] if name in ("write", "pwrite64") else b""
    numbers = [int(number) for number in re.findall(r"(?<![\w.])\d+(?![\w.<])", rest)]
    return Call(first, last, at, name, paths, any(gone for _path, gone in handles), content, numbers, rest)


# ---- the disk


@dataclass
class File:
    """What of a file is safe, what is not yet, and how long it is for whoever reads it now."""

    safe: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, int, bytes | None]] = field(default_factory=list)
    size: int = 0

    def write(self, when, offset, content):
        self.waiting.append((when, offset, content))
        self.size = max(self.size, offset + len(content))

    def truncate(self, when, size):
        self.waiting.append((when, size, None))
        self.size = size

    def sync(self, before):
        """What was written before the sync began is safe when it ends."""
        for _when, offset, content in (change for change in self.waiting if change[0] < before):
            _apply(self.safe, offset, content)
        self.waiting = [change for change in self.waiting if change[0] >= before]

    def after_cut(self, dice, chance):
        content = bytearray(self.safe)
        for _when, offset, written in self.waiting:
            if written is None:
                if dice.random() < chance:
                    _apply(content, offset, None)
                continue
            for start, part in _sectors(offset, written):
                if dice.random() < chance:
                    _apply(content, start, part)
        if dice.random() < chance / 2 and len(content) < self.size:
            content.extend(bytes(self.size - len(content)))
        return bytes(content)


def _apply(content, offset, written):
    if written is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(written)] = written


def _sectors(offset, written):
    start = 0
    while start < len(written):
        stop = min(len(written), start + SECTOR - (offset + start) % SECTOR)
        yield offset + start, written[start:stop]
        start = stop


FOLDER = None


class Disk:
    """A folder as the record leaves it, call by call. A name maps to a File, or to FOLDER."""

    def __init__(self, folder: Path):
        """What is in the folder now is safe."""
        self.folder = str(folder)
        self.now = {}
        for path in sorted(folder.rglob("*")):
            content = bytearray() if path.is_dir() else bytearray(path.read_bytes())
            self.now[str(path)] = FOLDER if path.is_dir() else File(content, size=len(content))
        self.safe = dict(self.now)
        # Changes of names that are not synced: the folder whose sync makes it safe, and the change itself.
        self.waiting = []

    def apply(self, call: Call):
        match call.name:
            case "openat" | "open" | "creat":
                self._open(call)
            case "write" | "pwrite64" if not call.gone and (file := self.now.get(call.paths[0])):
                offset = call.numbers[-1] if call.name == "pwrite64" else file.size
                file.write(call.last, offset, call.content)
            case "ftruncate" if not call.gone and (file := self.now.get(call.paths[0])):
                file.truncate(call.last, call.numbers[-1])
            case "fsync" | "fdatasync" if not call.gone:
                self._sync(call)
            case "rename" | "renameat" | "renameat2":
                self._change(call.last, call.paths[1], ("move", *call.paths, self.now.get(call.paths[0])))
            case "unlink" | "unlinkat" | "rmdir":
                self._change(call.last, call.paths[0], ("remove", call.paths[0]))
            case "mkdir" | "mkdirat":
                self._change(call.last, call.paths[0], ("add", call.paths[0], FOLDER))

    def _open(self, call):
        path = call.paths[-1]
        if "O_TMPFILE" in call.flags:
            return
        if "O_CREAT" in call.flags and path not in self.now:
            self._change(call.last, path, ("add", path, File()))
        elif "O_TRUNC" in call.flags and (file := self.now.get(path)):
            file.truncate(call.last, 0)

    def _change(self, when, path, change):
        _rename(self.now, change)
        self.waiting.append((when, os.path.dirname(path), change))

    def _sync(self, call):
        path = call.paths[0]
        if file := self.now.get(path):
            file.sync(call.first)
            return
        for when, folder, change in self.waiting:
            if folder == path and when < call.first:
                _rename(self.safe, change)
        self.waiting = [one for one in self.waiting if one[1] != path or one[0] >= call.first]

    def after_cut(self, target: Path, dice, chance):
        """Write into `target` what a cut may leave, where a change that is not safe is there with this chance.

        Returns how many changes were not safe.
        """
        unsafe = len(self.waiting)
        names = dict(self.safe)
        for _when, _folder, change in self.waiting:
            if dice.random() < chance:
                _rename(names, change)
        for path, file in sorted(names.items()):
            new = target / os.path.relpath(path, self.folder)
            # A name in a folder whose own name is gone cannot be reached. Shared memory does not outlive a cut.
            if not new.parent.is_dir() or path.endswith("-shm"):
                continue
            new.mkdir() if file is FOLDER else new.write_bytes(file.after_cut(dice, chance))
            unsafe += len(file.waiting) if file is not FOLDER else 0
        return unsafe


def _rename(names, change):
    match change:
        case ("add", path, file):
            names[path] = file
        case ("remove", path):
            names.pop(path, None)
        case ("move", source, target, file):
            names.pop(source, None)
            names[target] = file
