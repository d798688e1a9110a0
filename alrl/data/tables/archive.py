"""Reads NumPy archives with arrays X and y: nothing is unpickled, and nothing is believed before it is measured."""

from __future__ import annotations

import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from alrl.data.tables.table import MOST_NUMBERS
from alrl.errors import InvalidDataError

_WRITE = "write it with numpy.savez(file, X=X, y=y), X holding numbers and y numbers or strings, not objects"
_DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    AttributeError,
    KeyError,
    # Of an archive that is encrypted, or compressed in a way that zipfile cannot read.
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_archive(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the arrays ``X`` and ``y`` of an archive; others are not looked at.

    Raises InvalidDataError for a file that is no such archive, lacks an array, holds pickled objects, tells of another
    shape than it holds, or holds more than 4 GiB.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            X, y = (_member(archive, members[name], path) for name in ("X", "y"))
    except InvalidDataError:
        raise
    except _DAMAGED as error:
        raise InvalidDataError(f"{path.name} cannot be read without unpickling ({error}); {_WRITE}") from None
    return X, y


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    absent = [name for name in ("X", "y") if name not in members]
    if absent:
        raise InvalidDataError(
            f"{path.name} holds {sorted(members)[:20]} and lacks {absent}; write it with numpy.savez(file, X=X, y=y)"
        )
    return members


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    with archive.open(info) as stream:
        shape, fortran, dtype, head = _header(stream)
        if dtype.hasobject:
            raise ValueError(f"{info.filename} holds objects")
        size = prod(shape) * dtype.itemsize
        if size > 8 * MOST_NUMBERS or prod(shape) > MOST_NUMBERS:
            raise InvalidDataError(
                f"{path.name}: {info.filename} has shape {shape}, more than a data set may hold in memory (4 GiB); take"
                " fewer records, or play a .npy file with alrl.LargePool (docs/large-pools.md)"
            )
        if info.file_size != size + head:
            raise InvalidDataError(
                f"{path.name}: {info.filename} tells of shape {shape} and holds {info.file_size - head} bytes, not"
                f" {size}; {_WRITE}"
            )
        content = stream.read(size)
    if len(content) != size:
        raise ValueError(f"{info.filename} ends early")
    flat = np.frombuffer(content, dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, order and type of an array, and the bytes that tell of them."""
    version = npy.read_magic(stream)
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ValueError(f"version {version} of the format")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    return shape, fortran, dtype, stream.tell()
