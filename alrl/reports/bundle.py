"""One archive of a run for a paper: data, code, versions, policies, tables, figures, and a script that checks them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from alrl import recipes
from alrl.errors import AlrlError
from alrl.recipes.code_identity import own_sources
from alrl.reports.bundle_texts import SCRIPT, datasheet, neurips_checklist
from alrl.reports.report import report
from alrl.studies.canonical import SOURCE, sums_of
from alrl.studies.cell_data import data_of
from alrl.studies.description import read_description
from alrl.studies.store.store import RESULTS, Store, StoredCell, run_id

_STAMP = (1980, 1, 1, 0, 0, 0)
_KEPT = (
    "*.md",
    "*.csv",
    "*.tex",
    "*.html",
    "*.json",
    "*.png",
    "*.pdf",
    "figures/*",
    "policies/*/policy.json",
    "policies/*/*.safetensors",
)


class BundleError(AlrlError):
    """A run that cannot be bundled: unfinished, or without its data."""


def bundle(run: Path | str, archive: Path | str | None = None) -> Path:
    """Write the report of a finished run anew and everything of the run into one zip archive; return its path.

    It holds the run (store, policies, tables, figures, page), the tables of one's own that it was played on and how to
    get the other data, own classes' source, hashes of the code, versions of all packages, a datasheet, a NeurIPS
    checklist, SHA-256 sums of all that, and ``reproduce.sh``, which plays every cell again and ends in the same table.

    Raises IncompleteStudyError, RunDirectoryError or StoreError as a report does, BundleError if a table is gone.
    """
    folder = Path(run)
    target = Path(archive) if archive is not None else folder.with_name(f"{folder.resolve().name}.zip")
    report(folder)
    description = read_description(folder)
    with Store(folder / RESULTS, read_only=True) as store:
        cells = store.cells([run_id(cell) for cell in description["cells"]])
    with tempfile.TemporaryDirectory(prefix="alrl-bundle-") as made:
        place = Path(made)
        _copy_run(folder, place / "run")
        _copy_data(cells, place)
        _copy_code(cells, description, place)
        _write_texts(description, cells, place)
        _write_archive(place, target)
    return target


def _copy_run(folder: Path, place: Path) -> None:
    place.mkdir()
    for pattern in _KEPT:
        for file in sorted(folder.glob(pattern)):
            if file.is_file():
                (place / file.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place / file.relative_to(folder))
    # As SQLite has it: a copy of the file alone would miss what its log still holds.
    store = f"{(folder / RESULTS).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(store, uri=True)) as source, closing(sqlite3.connect(place / RESULTS)) as copy:
        source.backup(copy)


def _copy_data(cells: Sequence[StoredCell], place: Path) -> None:
    (place / "data").mkdir()
    copied: dict[str, Path] = {}
    for cell in cells:
        if SOURCE not in cell.spec:
            continue
        file = Path(cell.spec[SOURCE]["file"])
        if not file.is_file():
            raise BundleError(
                f"data set {cell.spec['data_set']!r} is no longer at {file}: put it back, or bundle there"
            )
        if copied.setdefault(file.name, file) != file:
            raise BundleError(f"{copied[file.name]} and {file} have one name: rename one, and run the study again")
        shutil.copyfile(file, place / "data" / file.name)


def _copy_code(cells: Sequence[StoredCell], description: Mapping[str, Any], place: Path) -> None:
    """Copy the source of classes of one's own that no package brings, and write the identity of all code."""
    (place / "code").mkdir()
    codes = {json.dumps(cell.code, sort_keys=True): cell.code for cell in cells}
    text = json.dumps(list(codes.values()), indent=1, sort_keys=True)
    (place / "code" / "identity.json").write_text(text + "\n", encoding="utf-8")
    classes = {name for code in codes.values() if code is not None for name in code.get("classes", ())}
    modules = {name.partition(":")[0] for name in classes}
    recipes.let_import(sorted(classes), list(map(Path, description.get("modules", ()))))
    modules |= {imported for module in modules for imported in own_sources(module)}
    for module in sorted({name.partition(".")[0] for name in modules}):
        spec = PathFinder.find_spec(module, [str(folder) for folder in description.get("modules", ())])
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        # Beside the run, where `alrl reproduce` looks for it.
        if spec.submodule_search_locations:
            shutil.copytree(origin.parent, place / "run" / module, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copyfile(origin, place / "run" / origin.name)


def _write_texts(description: Mapping[str, Any], cells: Sequence[StoredCell], place: Path) -> None:
    firsts = {cell.spec.get("data_set", "?"): cell for cell in reversed(cells)}
    sets = {name: data_of(cell.spec) for name, cell in sorted(firsts.items()) if "data_set" in cell.spec}
    own = {name for name, cell in firsts.items() if SOURCE in cell.spec}
    texts = {
        "DATASHEET.md": datasheet(sets, own),
        "NEURIPS-CHECKLIST.md": neurips_checklist(description, cells),
        "requirements.lock": "".join(f"{line}\n" for line in _versions(cells)),
        "reproduce.sh": SCRIPT,
    }
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")


def _versions(cells: Sequence[StoredCell]) -> Iterator[str]:
    recorded: dict[str, str] = {}
    for cell in cells:
        recorded |= dict(cell.provenance.get("packages", {}))
    commits = sorted({str(dict(cell.provenance.get("git") or {}).get("commit", "not a checkout")) for cell in cells})
    yield f"# alrl {recorded.pop('alrl', metadata.version('alrl'))}, git commit {', '.join(commits)}: install it first."
    yield "# As the run recorded them; those it did not record are of where the bundle was made."
    installed = (package for package in metadata.distributions() if package.name not in (None, "alrl"))
    here = {package.name: package.version for package in installed}
    for name, version in sorted({**here, **recorded}.items(), key=lambda pair: pair[0].lower()):
        yield f"{name}=={version}"


def _write_archive(place: Path, target: Path) -> None:
    files = sorted(file for file in place.rglob("*") if file.is_file())
    (place / "MANIFEST.sha256").write_text(sums_of(place), encoding="utf-8")
    part = target.with_name(target.name + ".part")
    root = target.name.removesuffix(".zip")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (*files, place / "MANIFEST.sha256"):
            info = zipfile.ZipInfo(f"{root}/{file.relative_to(place).as_posix()}", _STAMP)
            info.external_attr = (0o755 if file.suffix == ".sh" else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())
    part.replace(target)
