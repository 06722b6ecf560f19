"""Write zip files that have the same bytes for the same content: sorted names, one time, one mode."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""
MODE = 0o644


def files_of(tree: Path) -> list[Path]:
    """Yield every file under `tree`, in the order of storage."""
    return sorted((path for path in tree.rglob("*") if path.is_file()), key=lambda path: path.as_posix())


def write(tree: Path, target: Path, level: int = 6) -> Path:
    """Store every file under `tree` in the zip file `target`, at a compression level from 1 to 9."""
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=level) as archive:
        for path in files_of(tree):
            entry = ZipInfo(path.relative_to(tree).as_posix(), WHEN)
            entry.external_attr = MODE << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=level)
    return target


def unpacked(zipped: Path) -> int:
    """Return the unpacked size of a zip file, in bytes."""
    with ZipFile(zipped) as archive:
        return sum(entry.file_size for entry in archive.infolist())
