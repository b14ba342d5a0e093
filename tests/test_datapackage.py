"""The data packages describe every table, and the codebook every column."""

import json

from conftest import OUT
from frictionless import Package

from oda_eras.datapackage import describe_project_tables


def test_the_packages_describe_every_table(project):
    package = Package(str(project / OUT / "datapackage.json"))
    tables = {p.relative_to(project / OUT).as_posix() for p in (project / OUT).rglob("*.csv")}
    assert {resource.path for resource in package.resources} == tables
    assert package.validate().valid, package.validate().flatten(["type", "note"])[:3]


def test_the_raw_tables_package_is_current(project):
    described = json.loads((project / "data/datapackage.json").read_text())
    assert described == describe_project_tables(project)
    tables = {p.relative_to(project / "data").as_posix() for p in (project / "data").rglob("*.csv")}
    assert {resource["path"] for resource in described["resources"]} == tables
    report = Package(str(project / "data/datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])[:3]


def test_the_codebook_names_every_column(project):
    codebook = (project / "data/README.md").read_text()
    for resource in json.loads((project / "data/datapackage.json").read_text())["resources"]:
        section = codebook.split(f"## {resource['path']}\n")[1].split("\n## ")[0]
        for field in resource["schema"]["fields"]:
            assert f"`{field['name']}`" in section, (resource["path"], field["name"])
