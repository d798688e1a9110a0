"""Where numbers come from."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path

import numpy as np

from alrl.numerics.streams import generator
from alrl.studies.provenance import provenance


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.hooksPath=/dev/null"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)  # noqa: S607


def test_provenance_names_versions_and_machine_and_is_json() -> None:
    result = json.loads(json.dumps(provenance()))
    assert result["python"] == platform.python_version()
    assert result["packages"]["numpy"] == np.__version__
    assert result["cpu"]["count"] >= 1
    assert result["time"].endswith("+00:00")


def test_outside_git_there_is_no_commit(tmp_path: Path) -> None:
    assert provenance(tmp_path)["git"] is None


def test_commit_and_dirty_flag_follow_the_checkout(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("a")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-q", "-m", "a")
    clean = provenance(tmp_path)["git"]
    assert (len(clean["commit"]), clean["dirty"]) == (40, False)
    assert clean["changes"] is None
    hashes = set()
    for name, text in (("a.txt", "b"), ("a.txt", "c"), ("new.txt", "d"), ("new.txt", "e")):
        (tmp_path / name).write_text(text)
        result = provenance(tmp_path)["git"]
        assert (result["commit"], result["dirty"]) == (clean["commit"], True)
        assert provenance(tmp_path)["git"] == result
        hashes.add(result["changes"])
    assert len(hashes) == 4
    assert all(len(each) == 64 for each in hashes)


def test_the_seed_tree_gives_the_streams_of_an_episode() -> None:
    tree = provenance()["seed_tree"]
    made = np.random.default_rng(np.random.SeedSequence([7], spawn_key=(tree["streams"]["split"],)))
    assert made.random() == generator([7], "split").random()


def test_a_folder_inside_someone_elses_checkout_claims_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    inner = tmp_path / "site-packages"
    inner.mkdir()
    assert provenance(inner)["git"] is None
