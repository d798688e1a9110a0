"""Recipes are found by name, parsed strictly, and have one identity."""

from __future__ import annotations

import collections
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from alrl import recipes
from alrl.errors import InvalidRecipeError
from alrl.recipes import Recipe, canonical_json, find, first_line_comment, identity, names, parse, read, resolve
from alrl.studies.study import StudyRecipe


class Count(Recipe):
    count: int = Field(default=32, ge=1)
    margin: float = 0.5


class Record(Recipe):
    kind: Literal["record"]
    candidates: Count = Count()


class Rule(Recipe):
    kind: Literal["rule"]
    rules: tuple[str, ...] = ()

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(rules)) < len(rules):
            raise ValueError("a rule is named twice")
        return rules


Action = Annotated[Record | Rule, Field(discriminator="kind")]


class Budget(Recipe):
    labels: int
    first: Literal["one-per-class", "random"] = "one-per-class"


class Study(Recipe):
    budget: Budget | None = None
    action: Action | None = None
    actions: tuple[Action, ...] = ()
    sets: tuple[str, ...] = ()
    seeds: int | tuple[int, ...] = 50
    price: float = 1.0
    notes: dict[str, Count] = Field(default_factory=dict)


def problems(data: dict[str, object]) -> list[str]:
    with pytest.raises(InvalidRecipeError) as caught:
        parse(Study, data, where="my.toml")
    first, *lines = str(caught.value).splitlines()
    assert first == "my.toml:"
    return [line.strip() for line in lines]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two environments, and an alrl without any recipe of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipes.files, "_PACKAGE", tmp_path / "nowhere" / "alrl")
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "digits.toml").write_text("# Digits, one by one\nlabels = 100\n")
    (tmp_path / "envs" / "tabular.toml").write_text("labels = 60\n")
    (tmp_path / "envs" / "README.md").write_text("no recipe")
    return tmp_path


def packaged(root: Path, name: str) -> Path:
    path = root / "nowhere" / "alrl" / "_recipes" / "envs" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("labels = 1\n")
    return path


class TestFind:
    def test_names_the_toml_files_of_a_folder(self, folder: Path) -> None:
        assert names("envs") == ["digits", "tabular"]
        assert names("agents") == []

    def test_takes_a_path_as_it_is(self, folder: Path) -> None:
        path = folder / "elsewhere.toml"
        path.write_text("")
        assert find("envs", str(path)) == path
        assert find("envs", path) == path

    def test_finds_a_name_in_the_working_directory(self, folder: Path) -> None:
        assert find("envs", "digits") == folder / "envs" / "digits.toml"

    def test_prefers_the_working_directory_to_the_package(self, folder: Path) -> None:
        packaged(folder, "digits")
        only_packaged = packaged(folder, "wine")
        assert find("envs", "digits") == folder / "envs" / "digits.toml"
        assert find("envs", "wine") == only_packaged
        assert names("envs") == ["digits", "tabular", "wine"]

    def test_prefers_the_checkout_to_the_package(self, folder: Path) -> None:
        packaged(folder, "wine")
        checkout = folder / "nowhere"
        (checkout / "envs").mkdir()
        (checkout / "envs" / "iris.toml").write_text("")
        assert "iris" not in names("envs")  # a folder named envs beside a package is not yet a checkout
        (checkout / "pyproject.toml").write_text("")
        assert names("envs") == ["digits", "iris", "tabular"]

    def test_names_the_nearest_of_an_unknown_name(self, folder: Path) -> None:
        with pytest.raises(InvalidRecipeError) as caught:
            find("envs", "digitz")
        assert str(caught.value) == (
            'unknown environment "digitz"; did you mean "digits"? Known: digits, tabular. '
            f"Recipes are looked for in {Path.cwd() / 'envs'}, then among those that come with alrl. "
            "Or give the path of a .toml file."
        )

    def test_names_a_file_beside_the_study_that_is_not_where_recipes_lie(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder)
        (folder / "doubt.toml").write_text("")
        with pytest.raises(InvalidRecipeError) as caught:
            find("agents", "doubt", known=[f"agent-{i}" for i in range(100)])
        assert f"Recipes are looked for in {folder / 'agents'}" in str(caught.value)
        assert 'there is a file doubt.toml: give "doubt.toml", or put it into that folder' in str(caught.value)
        assert "Known are 100: agent-0, agent-1, agent-10" in str(caught.value)
        assert "all: alrl list agents" in str(caught.value)
        assert len(str(caught.value)) < 600

    def test_says_that_a_file_is_missing(self, folder: Path) -> None:
        with pytest.raises(InvalidRecipeError, match=r'no file envs/tabulr\.toml; .*did you mean "tabular"'):
            find("envs", "envs/tabulr.toml")

    def test_never_leaves_the_folder_for_a_name(self, folder: Path) -> None:
        (folder / "secret.toml").write_text("")
        with pytest.raises(InvalidRecipeError, match=r'unknown environment "\.\./secret"'):
            find("envs", "../secret")

    def test_lists_nothing_where_nothing_exists(self, folder: Path) -> None:
        with pytest.raises(InvalidRecipeError, match=r'unknown agent "ppo"\. Known: none'):
            find("agents", "ppo")


class TestRead:
    def test_reads_toml(self, folder: Path) -> None:
        assert read(find("envs", "digits")) == {"labels": 100}

    def test_a_byte_order_mark_is_no_part_of_a_recipe(self, folder: Path) -> None:
        (folder / "windows.toml").write_bytes("\ufefftitle = 'größer'\r\n".encode())
        assert read("windows.toml") == {"title": "größer"}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"a = 1\nb = = 2\n", r"bad\.toml: not valid TOML: .*line 2"),
            (b"a = 1\na = 2\n", r"bad\.toml: not valid TOML: .*line 2"),
            (b'a = 1\n\nb = "\xff"\n', r"bad\.toml, line 3: not UTF-8"),
        ],
    )
    def test_says_where_a_file_is_wrong(self, folder: Path, content: bytes, message: str) -> None:
        (folder / "bad.toml").write_bytes(content)
        with pytest.raises(InvalidRecipeError, match=message):
            read("bad.toml")

    @pytest.mark.parametrize(
        ("path", "why"),
        [("gone.toml", r"cannot be read \(No such file"), ("envs", "a folder, not a regular file")],
    )
    def test_says_that_a_file_cannot_be_read(self, folder: Path, path: str, why: str) -> None:
        with pytest.raises(InvalidRecipeError, match=f"^{path}: {why}"):
            read(path)

    def test_takes_the_description_from_the_first_line(self, folder: Path) -> None:
        assert first_line_comment(find("envs", "digits")) == "Digits, one by one"
        assert first_line_comment(find("envs", "tabular")) == ""


class TestParse:
    def test_builds_nested_recipes(self) -> None:
        data = {"budget": {"labels": 60}, "action": {"kind": "record", "candidates": {"count": 8}}, "sets": ["iris"]}
        study = parse(Study, data, where="my.toml")
        assert study == Study(
            budget=Budget(labels=60), action=Record(kind="record", candidates=Count(count=8)), sets=("iris",)
        )

    def test_names_the_nearest_key_of_the_table(self) -> None:
        assert problems({"budjet": {}}) == [
            'budjet: unknown key, did you mean "budget"?; allowed: budget, action, actions, sets, seeds, price, notes'
        ]
        assert problems({"budget": {"labels": 1, "fist": "random"}}) == [
            'budget.fist: unknown key, did you mean "first"?; allowed: labels, first'
        ]

    def test_names_no_key_where_none_is_near(self) -> None:
        assert problems({"budget": {"labels": 1, "xyz": 1}}) == ["budget.xyz: unknown key; allowed: labels, first"]

    def test_names_the_nearest_key_of_the_member_chosen_by_kind(self) -> None:
        assert problems({"action": {"kind": "record", "candidats": {}}}) == [
            'action.candidats: unknown key, did you mean "candidates"?; allowed: kind, candidates'
        ]
        assert problems({"actions": [{"kind": "rule"}, {"kind": "record", "candidates": {"cuont": 3}}]}) == [
            'actions[1].candidates.cuont: unknown key, did you mean "count"?; allowed: count, margin'
        ]

    def test_names_the_nearest_key_in_a_table_of_tables(self) -> None:
        assert problems({"notes": {"a": {"margn": 1}}}) == [
            'notes.a.margn: unknown key, did you mean "margin"?; allowed: count, margin'
        ]

    def test_names_the_nearest_kind(self) -> None:
        assert problems({"action": {"kind": "recrod"}}) == [
            'action.kind: "recrod" given, did you mean "record"?; allowed: record, rule'
        ]
        assert problems({"actions": [{}]}) == ["actions[0].kind: missing; allowed: record, rule"]

    def test_names_the_nearest_allowed_value(self) -> None:
        assert problems({"budget": {"labels": 1, "first": "randon"}}) == [
            "budget.first: \"randon\" given, did you mean \"random\"?; allowed: 'one-per-class' or 'random'"
        ]

    def test_says_what_is_missing(self) -> None:
        assert problems({"budget": {}}) == ["budget.labels: missing; an integer is needed"]

    @pytest.mark.parametrize(
        ("data", "line"),
        [
            ({"budget": {"labels": "60"}}, 'budget.labels: "60" given; input should be a valid integer'),
            ({"budget": {"labels": True}}, "budget.labels: true given; input should be a valid integer"),
            ({"budget": {"labels": 1.0}}, "budget.labels: 1.0 given; input should be a valid integer"),
            ({"sets": "iris"}, 'sets: "iris" given; input should be a valid array'),
            ({"sets": ["iris", 3]}, "sets[1]: 3 given; input should be a valid string"),
            ({"price": math.nan}, "price: NaN given; input should be a finite number"),
            ({"price": math.inf}, "price: Infinity given; input should be a finite number"),
            (
                {"action": {"kind": "record", "candidates": {"count": 0}}},
                "action.candidates.count: 0 given; input should be greater than or equal to 1",
            ),
            (
                {"action": {"kind": "rule", "rules": ["a", "a"]}},
                'action.rules: ["a", "a"] given; a rule is named twice',
            ),
        ],
    )
    def test_says_what_was_given_and_what_is_allowed(self, data: dict[str, object], line: str) -> None:
        assert problems(data) == [line]

    def test_reports_every_problem_at_once(self) -> None:
        assert len(problems({"budget": {"lables": 1}, "price": "1", "sets": 3})) == 4

    def test_names_a_wrong_item_of_a_list_once(self) -> None:
        given = {"title": "t", "data": ["iris"], "agents": ["margin"], "labels": 6, "seeds": 3}
        for wrong, line in (([0], "batches[0]: 0 given"), ([], "batches: [] given; tuple should have at least 1 item")):
            with pytest.raises(InvalidRecipeError) as error:
                recipes.parse(StudyRecipe, {**given, "batches": wrong}, where="study.toml")
            assert line in str(error.value)
            assert str(error.value).count("batches") == 1

    def test_reports_each_way_of_an_untagged_union(self) -> None:
        assert problems({"seeds": "all"}) == [
            'seeds: "all" given; input should be a valid integer',
            'seeds: "all" given; input should be a valid array',
        ]

    def test_shortens_what_was_given(self) -> None:
        assert all(len(line) < 120 for line in problems({"price": "x" * 1000}))

    def test_takes_an_integer_for_a_number(self) -> None:
        study = parse(Study, {"price": 2}, where="my.toml")
        assert isinstance(study.price, float)

    def test_refuses_what_no_recipe_holds(self) -> None:
        with pytest.raises(InvalidRecipeError, match="a recipe cannot hold <object"):
            parse(Study, {"price": object()}, where="my.toml")

    def test_a_recipe_is_frozen(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            Budget(labels=1).labels = 2  # type: ignore[misc]

    @given(st.text(max_size=12))
    def test_refuses_every_unknown_key(self, key: str) -> None:
        if key in Study.model_fields:
            return
        (line,) = [line for line in problems_of_key(key) if "unknown key" in line]
        assert line.endswith("allowed: budget, action, actions, sets, seeds, price, notes")


def problems_of_key(key: str) -> list[str]:
    with pytest.raises(InvalidRecipeError) as caught:
        parse(Study, {key: 1}, where="my.toml")
    return str(caught.value).split("\n  ")[1:]


plain_studies = st.fixed_dictionaries(
    {},
    optional={
        "budget": st.fixed_dictionaries(
            {"labels": st.integers(1, 10**6)}, optional={"first": st.sampled_from(["one-per-class", "random"])}
        ),
        "sets": st.lists(st.text(max_size=5), max_size=3),
        "price": st.one_of(st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False)),
        "actions": st.lists(st.just({"kind": "rule", "rules": ["margin"]}), max_size=2),
    },
)


class TestIdentity:
    def test_is_the_hash_of_the_canonical_json(self) -> None:
        assert canonical_json(Budget(labels=60)) == '{"first":"one-per-class","labels":60}'
        assert identity(Budget(labels=60)) == "9766dff904bcaf846f0025720502c33af70d8fe8f3e6188ee6eddc1d03222187"

    def test_does_not_depend_on_what_is_spelt_out(self) -> None:
        assert identity(Study()) == identity(parse(Study, {"price": 1, "sets": []}, where="my.toml"))

    def test_keeps_the_fields_of_a_subclass(self) -> None:
        class Wide(Count):
            width: int = 2

        class Holder(Recipe):
            count: Count

        assert canonical_json(Holder(count=Wide())) == '{"count":{"count":32,"margin":0.5,"width":2}}'

    def test_orders_a_set(self) -> None:
        class Tags(Recipe):
            tags: frozenset[str]

        words = [f"tag{number}" for number in range(20)]
        assert json.loads(canonical_json(Tags(tags=frozenset(words))))["tags"] == sorted(words)

    @given(plain_studies, st.randoms())
    def test_does_not_depend_on_the_order_of_keys(self, data: dict[str, object], random: object) -> None:
        keys = list(data)
        random.shuffle(keys)  # type: ignore[attr-defined]
        shuffled = {key: data[key] for key in keys}
        assert identity(parse(Study, data, where="a")) == identity(parse(Study, shuffled, where="b"))

    @given(plain_studies)
    def test_canonical_json_reads_back_as_the_same_recipe(self, data: dict[str, object]) -> None:
        study = parse(Study, data, where="a")
        assert parse(Study, json.loads(canonical_json(study)), where="b") == study

    @given(st.integers(1, 10**6), st.integers(1, 10**6))
    def test_differs_where_the_recipe_differs(self, one: int, other: int) -> None:
        same = identity(Budget(labels=one)) == identity(Budget(labels=other))
        assert same == (one == other)


class TestResolve:
    def test_takes_a_registered_name(self) -> None:
        assert resolve("plain", {"plain": dict}) is dict

    def test_imports_a_class_by_its_path(self) -> None:
        assert resolve("collections:OrderedDict", {}, base=dict) is collections.OrderedDict

    @pytest.mark.parametrize(
        ("reference", "message"),
        [
            ("entorpy", 'unknown name "entorpy"; did you mean "entropy"\\? Known: entropy'),
            ("os:system", '"os:system" is no class, and os holds none; name one that is'),
            ("nowhere_at_all:X", "cannot import nowhere_at_all"),
            ("collections:OrderdDict", 'unknown class in collections "OrderdDict"; did you mean "OrderedDict"'),
            ("collections:namedtuple", 'unknown class in collections "namedtuple"'),
            ("subprocess:Popen", '"subprocess:Popen" is no builtins.dict; derive the class from it'),
            ("os:system('true')", "is no class; write package.module:Class"),
            ("a b:C", "is no class"),
            (":C", "is no class"),
            (".relative:C", "is no class"),
            ("collections:abc.Mapping", "is no class"),
        ],
    )
    def test_says_why_a_reference_is_no_class(self, reference: str, message: str) -> None:
        with pytest.raises(InvalidRecipeError, match=message):
            resolve(reference, {"entropy": dict}, base=dict)


def test_finding_recipes_does_not_import_pydantic() -> None:
    code = "import sys, alrl.recipes as r; r.names('envs'); sys.exit('pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_is_no_other_lazy_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Recipes'"):
        _ = recipes.Recipes  # type: ignore[attr-defined]
