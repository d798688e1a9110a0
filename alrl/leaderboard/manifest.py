"""What a submission's files are, by their sums, and who signs that."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

from alrl.errors import AlrlError
from alrl.studies.canonical import sums_of

MANIFEST = "MANIFEST.sha256"
SIGNATURE = f"{MANIFEST}.sig"
NAMESPACE = "alrl"
"""What a signature is for, as ssh-keygen has it."""
_LINE = re.compile(r"([0-9a-f]{64})  (\S[^\n\r]*)")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_MOST_FILES = 1000
_MOST_TEXT = 2**20
_MOST_BYTES = 256 * 2**20
_CHUNK = 2**20


class SubmissionError(AlrlError):
    """A submission that cannot be made, or that is not what it says.

    To do: what the message says last; a rejected folder has to be made again by ``alrl submit``, and sent whole.
    """


def write_manifest(folder: Path, key: Path | None = None) -> None:
    """Write the SHA-256 of every file in the folder, and sign that with the SSH ``key`` if one is given.

    Raises SubmissionError if ssh-keygen is missing, or does not sign.
    """
    for name in (MANIFEST, SIGNATURE):
        (folder / name).unlink(missing_ok=True)
    (folder / MANIFEST).write_text(sums_of(folder), encoding="utf-8")
    if key is not None:
        # It asks for the passphrase of the key on the terminal, where there is one.
        done = _keygen("-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(folder / MANIFEST))
        if done.returncode or not (folder / SIGNATURE).is_file():
            raise SubmissionError(f"ssh-keygen did not sign with {key}: {_last(done)}; give a private SSH key")


def signature_of(folder: Path, signers: Path | None = None) -> str:
    """Return who signed the manifest in the folder, in words: ``unsigned`` where nobody did.

    ``signers`` is a file of allowed signers as ssh-keygen reads it (a name and a public key a line): only a signature
    of one of them has a name. Raises SubmissionError for a signature that does not fit.
    """
    if not (folder / SIGNATURE).is_file():
        return "unsigned"
    if which("ssh-keygen") is None:
        return "signed, not checked: ssh-keygen is missing"
    text = (folder / MANIFEST).read_bytes()
    signed = ("-n", NAMESPACE, "-s", str(folder / SIGNATURE))
    done = _keygen("-Y", "check-novalidate", *signed, text=text)
    if done.returncode:
        raise SubmissionError(f"the signature does not fit the manifest: {_last(done)}")
    key = re.search(r"SHA256:[A-Za-z0-9+/=]+", done.stdout.decode(errors="replace"))
    for name in _principals(folder, signers) if signers is not None else ():
        if not _keygen("-Y", "verify", "-f", str(signers), "-I", name, *signed, text=text).returncode:
            return f"signed by {name}"
    return f"signed with {key.group() if key else 'a key'}, which nobody vouches for"


def _principals(folder: Path, signers: Path) -> list[str]:
    done = _keygen("-Y", "find-principals", "-f", str(signers), "-s", str(folder / SIGNATURE))
    return [] if done.returncode else done.stdout.decode(errors="replace").split()


def _keygen(*arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", *arguments], input=text, capture_output=True, timeout=60, check=False)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SubmissionError(f"ssh-keygen cannot be run ({error}): install OpenSSH, or submit unsigned") from error


def _last(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def copy_by_manifest(folder: Path, target: Path) -> str:
    """Copy the files that the manifest lists into ``target``, each checked while it is read; return the manifest's sum.

    What is checked is what is used afterwards, whatever becomes of the folder.

    Raises SubmissionError that names the file for a missing, further, changed or overlarge file, a link, a pipe or a
    device, and a name that leads outside.
    """
    listed = _copied(folder / MANIFEST, target / MANIFEST, _MOST_TEXT)
    if (folder / SIGNATURE).is_symlink() or (folder / SIGNATURE).exists():
        _copied(folder / SIGNATURE, target / SIGNATURE, _MOST_TEXT)
    sums = dict(_entries((target / MANIFEST).read_text(encoding="utf-8", errors="replace")))
    further = [name for name in _names(folder) if name not in {MANIFEST, SIGNATURE, *sums}]
    if further:
        raise SubmissionError(f"{further[0]} is in the folder and not in {MANIFEST}")
    left = _MOST_BYTES
    for name, wanted in sums.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if _copied(folder / name, target / name, left) != wanted:
            raise SubmissionError(f"{name} is not what {MANIFEST} says: its SHA-256 is another")
        left -= (target / name).stat().st_size
    return listed


def _entries(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    if not lines or len(lines) > _MOST_FILES:
        raise SubmissionError(f"{MANIFEST} lists {len(lines)} files; a submission has 1 to {_MOST_FILES}")
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or not all(map(_PART.fullmatch, match.group(2).split("/"))):
            raise SubmissionError(f"{MANIFEST}, line {number}: no sum and name of a file in the folder")
        yield match.group(2), match.group(1)


def _names(folder: Path) -> Iterator[str]:
    """Yield the files below the folder; links are not followed."""
    for place, _, files in os.walk(folder):
        yield from ((Path(place) / file).relative_to(folder).as_posix() for file in files)


def _copied(source: Path, target: Path, most: int) -> str:
    """Copy a regular file of at most ``most`` bytes; return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    # Neither a link out of the folder nor a pipe, on which opening would wait.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(source, flags), "rb") as file, target.open("wb") as copy:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SubmissionError(f"{source.name} is no regular file")
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise SubmissionError(f"{source.name} is too large: a submission has at most {_MOST_BYTES} bytes")
                digest.update(chunk)
                copy.write(chunk)
    except OSError as error:
        raise SubmissionError(f"{source.name} cannot be read ({error.strerror}): send the folder whole") from error
    return digest.hexdigest()
