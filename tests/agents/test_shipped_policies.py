"""What is shipped is what its card says, and reading it does nothing but read."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alrl import recipes
from alrl.agents import policy_file
from alrl.agents.policy_file import load_policy, shipped_policies
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
from alrl.envs.recipe import load_env_recipe
from alrl.errors import PolicyFileError

SHIPPED = Path(policy_file.__file__).resolve().parent.parent / "policies"


@pytest.fixture(params=shipped_policies())
def name(request: pytest.FixtureRequest) -> str:
    """Each shipped policy."""
    return str(request.param)


def test_general_is_shipped() -> None:
    assert shipped_policies() == ["general"]


def test_file_weights_and_card_agree(name: str) -> None:
    policy, folder = load_policy(name), SHIPPED / name
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    data = (folder / "weights.safetensors").read_bytes()
    assert policy.name == content["name"] == name
    assert policy.fingerprint == content["sha256"] == hashlib.sha256(data).hexdigest()
    assert policy.weights() == data
    assert policy.card["trained_on"]
    for recipe in ("agent", "environment"):
        text = policy.card[recipe]
        assert hashlib.sha256(text.encode()).hexdigest() == policy.card[f"{recipe}_sha256"]
        # The hash is one of the canonical text: no other text of the same recipe would do.
        again = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert again == text


def test_it_was_trained_by_the_recipes_that_are_here(name: str) -> None:
    card = load_policy(name).card
    assert card["agent_sha256"] == recipes.identity(load_agent_recipe(f"{name}-tens"))
    assert card["environment_sha256"] == recipes.identity(load_env_recipe("tabular-coverage"))


def test_it_goes_on_from_a_policy_of_the_first_recipe_and_has_weights_of_its_own_for_tens(name: str) -> None:
    policy = load_policy(name)
    first = load_agent_recipe(f"{name}-training")
    assert isinstance(first, TrainedRecipe)
    assert first.network.members == len(policy.network.prior.scorers)
    assert first.candidates.build() == policy.mixture
    assert policy.network.sizes.tolist() == [1, 10]
    assert len(policy.card["start"]) == 64


def test_it_was_trained_and_validated_on_the_data_sets_of_its_environment_alone(name: str) -> None:
    card = load_policy(name).card
    data = json.loads(card["environment"])["data"]
    made = {f"synthetic/{family}-{data['offset'] + i}" for family, n in data["synthetic"].items() for i in range(n)}
    trained, validated = set(card["trained_on"]), set(card["validated_on"])
    assert trained | validated == made | set(data["sets"])
    assert not trained & validated


def test_it_is_smaller_than_a_megabyte(name: str) -> None:
    assert sum(path.stat().st_size for path in (SHIPPED / name).iterdir()) < 1e6


@pytest.mark.parametrize("file", ["weights.safetensors", "policy.json"])
def test_one_changed_bit_is_refused(name: str, file: str, tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED / name, tmp_path / name)
    data = bytearray((folder / file).read_bytes())
    for place in (len(data) // 7, len(data) // 2, len(data) - 9):
        changed = data.copy()
        changed[place] ^= 1
        (folder / file).write_bytes(changed)
        with pytest.raises(PolicyFileError):
            load_policy(folder)
    (folder / file).write_bytes(data)
    assert load_policy(folder).fingerprint == load_policy(name).fingerprint


_WATCHED = """
import sys
from pathlib import Path
import alrl
alrl.load_policy("general")  # what has to be imported is imported now
seen, opened = [], []

def watch(event, args):
    if event in ("exec", "compile", "import", "pickle.find_class", "marshal.loads", "os.system", "subprocess.Popen"):
        seen.append(event)
    if event == "open":
        opened.append(Path(str(args[0])).name)

sys.addaudithook(watch)
compile("1", "watched", "eval")
assert seen == ["compile"], seen
seen.clear()
alrl.load_policy(sys.argv[1])
print(sorted(set(seen)), sorted(set(opened)))
"""


def test_loading_runs_imports_and_unpickles_nothing(name: str) -> None:
    command = [sys.executable, "-c", _WATCHED, str(SHIPPED / name)]
    given = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert given.stdout.strip() == "[] ['policy.json', 'weights.safetensors']"
