"""Which of the desk's own files everybody on the machine may read: they hold all tickets and password hashes."""

from __future__ import annotations

import stat
from pathlib import Path

from sqlalchemy import URL


def open_to_others(database: URL, files_dir: str, root: str) -> list[Path]:
    """The SQLite database with what lies beside it, its copies, the folder of files, and the settings."""
    candidates = [Path(files_dir).absolute(), Path(root) / ".env"]
    if database.get_backend_name() == "sqlite" and database.database:
        path = Path(database.database).absolute()
        candidates += [*path.parent.glob(f"{path.name}*"), *path.parent.glob("backups/*")]
    return sorted(path for path in candidates if _is_open(path))


def _is_open(path: Path) -> bool:
    """Its own mode lets others read it, and they get as far as it."""
    try:
        below_open_folders = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
        return below_open_folders and bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
    except OSError:
        return False
