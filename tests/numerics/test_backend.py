from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numba
import pytest
import torch

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.numerics.backend import _private_folder, called, usable_device


@pytest.mark.parametrize("name", ["gpu", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(InvalidRecipeError, match=rf"device '{name}' given"):
        usable_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_loop_says_so_at_once():
    with pytest.raises(InvalidRecipeError, match=r"torch sees 0 GPUs here"):
        Simulator([draw_task(load_data_set("iris"), [0])], SoftmaxRegression(), labels=1, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("name", ["iris", "breast_cancer", "digits"])
def test_a_gpu_plays_what_the_processor_plays(name):
    from alrl.evaluation.simulate import simulate

    here, there = (simulate(name, "margin", labels=12, seeds=6, device=device) for device in ("cpu", "cuda"))
    assert abs(here.accuracy - there.accuracy).max() < 0.05
    assert (here.picks == there.picks).mean() > 0.9


def test_where_no_cache_can_be_written_code_is_compiled_into_a_private_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    space: dict[str, Any] = {}
    # A function of a file in a folder that not even root can write to.
    exec(compile("def double(x):\n    return 2 * x\n", "/proc/version", "exec"), space)  # noqa: S102
    assert called(space["double"])(21) == 42
    assert Path(numba.config.CACHE_DIR).parent == tmp_path
    assert Path(numba.config.CACHE_DIR).stat().st_mode & 0o777 == 0o700


def test_a_cache_folder_that_others_can_write_to_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = _private_folder()
    assert first is not None
    Path(first).chmod(0o777)
    assert _private_folder() not in {None, first}


def test_a_compiled_function_is_compiled_anew_when_one_that_it_calls_from_another_file_has_changed(
    tmp_path, monkeypatch
):
    # Python tells a changed file by its second and its size, and here neither changes.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    inner, outer = tmp_path / "inner.py", tmp_path / "outer.py"
    outer.write_text(
        "from alrl.inner_of_a_test import answer\nfrom alrl.numerics.backend import called\n\n\n"
        "@called\ndef result():\n    return answer()\n"
    )
    for expected in (1, 2):
        inner.write_text(
            f"from alrl.numerics.backend import compiled\n\n\n@compiled\ndef answer():\n    return {expected}\n"
        )
        for name, file in (("alrl.inner_of_a_test", inner), ("alrl.outer_of_a_test", outer)):
            spec = importlib.util.spec_from_file_location(name, file)
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        assert module.result() == expected


COMPILES = """
import multiprocessing, sys
import torch
from alrl.numerics.noise import uniform
if sys.argv[1:]:
    multiprocessing.current_process().name = sys.argv[1]
uniform(torch.tensor([1, 2]), torch.tensor([0, 0]), 3)
uniform(torch.tensor([1]), torch.tensor([0]), 2)
"""


def test_the_first_compilation_of_an_installation_is_told_once_and_by_no_worker(tmp_path: Path) -> None:
    def told(folder: str, *arguments: str) -> str:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / folder)}
        command = [sys.executable, "-c", COMPILES, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=120).stderr

    line = "compiling alrl's inner loops, once for this installation (up to a minute or two)\n"
    assert [told("main"), told("main"), told("worker", "Process-1")] == [line, "", ""]
