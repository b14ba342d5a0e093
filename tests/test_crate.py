"""The RO-Crate: what the standard demands, every hash true, every output made by one action.

The public validator needs the network, so the demands of RO-Crate 1.2 that concern a crate like
this one are asserted here, on what rocrate reads back.
"""

import hashlib
import json
import shutil
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from conftest import OUT
from rocrate.rocrate import ROCrate

from oda_eras.bench import copy_tree
from oda_eras.complete import MODULE, published_files
from oda_eras.crate import build, titles
from oda_eras.sources import load_sources, raw_file

METADATA = "ro-crate-metadata.json"


def references(value) -> list[str]:
    """Every @id that the properties of an entity refer to."""
    if isinstance(value, list):
        return [name for part in value for name in references(part)]
    return [value["@id"]] if isinstance(value, dict) else []


def kinds(entity: dict) -> set[str]:
    return {entity["@type"]} if isinstance(entity["@type"], str) else set(entity["@type"])


def faults(folder: Path) -> list[str]:
    """What is wrong with an unpacked crate; empty where nothing is."""
    document = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    found = [] if set(document) == {"@context", "@graph"} else ["not a flat document"]
    counts = Counter(entity["@id"] for entity in document["@graph"])
    found += [f"{name} is described {n} times" for name, n in counts.items() if n > 1]
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    about = entities.get(METADATA, {})
    if about.get("about") != {"@id": "./"} or about.get("@type") != "CreativeWork":
        found.append("the descriptor describes no root")
    if about.get("conformsTo") != {"@id": "https://w3id.org/ro/crate/1.2"}:
        found.append("the descriptor names no version of the standard")
    root = entities["./"]
    found += [
        f"the root has no {key}"
        for key in ("name", "description", "datePublished", "license")
        if not root.get(key)
    ]
    for name, entity in entities.items():
        if "@type" not in entity:
            found.append(f"{name} has no type")
        for key, value in entity.items():
            outside = {"https://w3id.org/ro/crate/1.2"} if key == "conformsTo" else set()
            missing = set(references(value)) - set(entities) - outside
            found += [f"{name} refers to {other}, which is not described" for other in missing]
            if any(isinstance(v, dict) and set(v) != {"@id"} for v in (value, *listed(value))):
                found.append(f"{name} nests an entity under {key}")
    data = {name for name, entity in entities.items() if "File" in kinds(entity)}
    found += [f"{name} is no part of the root" for name in data - set(references(root["hasPart"]))]
    for name in data:
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != entities[name]["sha256"]:
            found.append(f"{name} is not what its hash says")
        elif str(path.stat().st_size) != entities[name]["contentSize"]:
            found.append(f"{name} has another size")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    found += [f"{name} is not described" for name in there - data - {METADATA}]
    actions = [entity for entity in entities.values() if "CreateAction" in kinds(entity)]
    made = Counter(name for action in actions for name in references(action["result"]))
    for name in data:
        if name.startswith(f"{OUT}/") and made[name] != 1:
            found.append(f"{name} is made by {made[name]} actions")
    return sorted(found)


def listed(value) -> list:
    return value if isinstance(value, list) else []


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("crate") / "project")


@pytest.fixture(scope="module")
def notebooks(project) -> list[str]:
    return sorted(path.stem for path in (project / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def packed(project, notebooks) -> Path:
    return build(project, OUT, notebooks)


@pytest.fixture
def unpacked(packed, tmp_path) -> Path:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "crate")
    return tmp_path / "crate"


def test_the_crate_is_without_fault(unpacked):
    assert faults(unpacked) == []


def test_the_same_bytes_twice(project, notebooks, packed):
    before = packed.read_bytes()
    assert build(project, OUT, notebooks).read_bytes() == before


def test_everything_is_in_it(project, notebooks, packed):
    crate = ROCrate(packed)
    names = {entity.id for entity in crate.data_entities}
    assert {f"{OUT}/{name}" for name in published_files(project / OUT)} <= names
    assert {f"notebooks/{name}.ipynb" for name in notebooks} <= names
    assert {"requirements.lock", "environment.yml", "LICENSE", "CITATION.cff"} <= names
    assert not [name for name in names if f"{OUT}/crate" in name or f"{OUT}/paper" in name]
    for name, source in load_sources(project).items():
        table = crate.get(raw_file(name))
        assert table["sha256"] == source["sha256"] and table["version"] == source["vintage"]
        assert table["license"]["name"] == source["licence"]
        assert table["creator"]["name"] == source["producer"]
        assert table.get("url") == (source["url"] if "://" in source["url"] else None)


def test_who_made_what_from_what(project, notebooks, packed):
    crate = ROCrate(packed)
    runs = {thing.id: thing for thing in crate.contextual_entities if "CreateAction" in thing.type}
    manifest = json.loads((project / OUT / "manifest.json").read_text(encoding="utf-8"))
    makers = {Path(entry.get("notebook", MODULE)).stem for entry in manifest.values()}
    assert set(runs) == {f"#run-{name}" for name in makers}
    for name, entry in manifest.items():
        run = runs["#run-" + Path(entry.get("notebook", MODULE)).stem]
        assert run["instrument"].id == entry.get("notebook", MODULE)
        assert name in {result.id for result in run["result"]}
        if "notebook" not in entry:
            continue
        assert set(entry["inputs"]) <= {thing.id for thing in run["object"]}
        assert run["instrument"]["softwareRequirements"].id == "requirements.lock"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f, d: (f / f"{OUT}/numbers.json").unlink(), "numbers.json is missing"),
        (lambda f, d: (f / "data/eras.csv").write_text("x"), "eras.csv is not what its hash says"),
        (lambda f, d: (f / "notes.txt").write_text("x"), "notes.txt is not described"),
        (lambda f, d: d["@graph"].remove(entity(d, "#run-03_patterns")), "is made by 0 actions"),
        (lambda f, d: d["@graph"].remove(entity(d, "#World-Bank")), "#World-Bank, which is not"),
        (lambda f, d: entity(d, "./").pop("license"), "the root has no license"),
        (lambda f, d: entity(d, METADATA).pop("conformsTo"), "names no version of the standard"),
        (lambda f, d: entity(d, "./")["hasPart"].pop(), "is no part of the root"),
        (lambda f, d: d["@graph"].append(entity(d, "./")), "./ is described 2 times"),
    ],
)
def test_a_fault_would_be_found(unpacked, damage, message):
    document = json.loads((unpacked / METADATA).read_text(encoding="utf-8"))
    damage(unpacked, document)
    (unpacked / METADATA).write_text(json.dumps(document), encoding="utf-8")
    assert message in "\n".join(faults(unpacked))


def entity(document: dict, name: str) -> dict:
    return next(thing for thing in document["@graph"] if thing["@id"] == name)


def test_a_figure_is_described_by_its_caption_whatever_table_it_shows(tmp_path):
    folder = tmp_path / OUT / "figures"
    folder.mkdir(parents=True)
    about = "**Figure 5. Who?**\n\nNet ODA, 2 at most.\n\nSource: a table.\n\nData: data/t.csv.\n"
    for ending in ("md", "pdf"):
        (folder / f"f05_x.{ending}").write_text(about)
    assert titles(tmp_path, OUT) == {
        f"{OUT}/figures/f05_x.{ending}": "Net ODA, 2 at most." for ending in ("md", "pdf")
    }


def test_changed_outputs_are_not_packed(project, notebooks, packed, tmp_path):
    root = tmp_path / "project"
    shutil.copytree(project, root)
    before = (root / packed.relative_to(project)).read_bytes()
    with (root / OUT / "data" / "totals.csv").open("a") as table:
        table.write("2024,1,1\n")
    with pytest.raises(ValueError, match=r"totals\.csv is not what notebooks/03_patterns"):
        build(root, OUT, notebooks)
    assert (root / packed.relative_to(project)).read_bytes() == before


@pytest.fixture
def checkout(project, tmp_path) -> Path:
    """A git checkout that tracks what the project consists of."""
    root = shutil.copytree(project, tmp_path / "checkout")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_what_git_does_not_track_is_not_packed(checkout, notebooks, capsys):
    for name in ("notes.txt", "data/letter.txt", "src/oda_eras/tried.py"):
        (checkout / name).write_text("x")
    names = {entity.id for entity in ROCrate(build(checkout, OUT, notebooks)).data_entities}
    assert not [name for name in names if Path(name).stem in ("notes", "letter", "tried")]
    assert {"CONTRIBUTING.md", ".ci/run", "notebooks/.jupyter/kernels/python3/kernel.json"} <= names
    assert capsys.readouterr().out == ""


def test_what_a_notebook_used_and_git_does_not_track_is_named(checkout, notebooks):
    subprocess.run(["git", "rm", "-q", "--cached", "data/claims.csv"], cwd=checkout, check=True)
    with pytest.raises(ValueError, match=r"data/claims\.csv was used and is not tracked by git"):
        build(checkout, OUT, notebooks)


def test_without_git_all_that_lies_in_the_folders_is_packed(project, notebooks, capsys):
    (project / "data/letter.txt").write_text("x")
    (project / "data/.hidden").write_text("x")
    names = {entity.id for entity in ROCrate(build(project, OUT, notebooks)).data_entities}
    (project / "data/letter.txt").unlink()
    (project / "data/.hidden").unlink()
    assert "data/letter.txt" in names and "data/.hidden" not in names
    assert "git can't tell what belongs to the project" in capsys.readouterr().out
