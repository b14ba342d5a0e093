"""The data package of a run describes every table."""

from conftest import OUT
from frictionless import Package


def test_the_packages_describe_every_table(project):
    package = Package(str(project / OUT / "datapackage.json"))
    tables = {p.relative_to(project / OUT).as_posix() for p in (project / OUT).rglob("*.csv*")}
    assert {resource.path for resource in package.resources} == tables
    assert package.validate().valid, package.validate().flatten(["type", "note"])[:3]
