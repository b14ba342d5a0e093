"""Record the tables of data/ as they are now: `python -m oda_eras.record_raw`.

To be run after a refresh of data/raw or an edit of the codebook. Writes each raw table's sha256
into data/sources.yml and describes the tables of data/ in data/datapackage.json, in the words of
data/README.md. The tables must pass their schemas and identities first.
"""

from pathlib import Path

import yaml

from oda_eras.commands import one_line
from oda_eras.datapackage import describe_project_tables
from oda_eras.own_tables import read_own_tables
from oda_eras.paths import project_root
from oda_eras.schemas import check_across, read_raw_tables
from oda_eras.sources import load_sources, raw_file
from oda_eras.stamps import sha256, write_atomically, write_json


def record(root: Path) -> None:
    """Check and record the tables of a checkout. Raises DataError or WordsError."""
    check_across(read_raw_tables(root))
    read_own_tables(root)
    sources = load_sources(root)
    described = describe_project_tables(root)
    for name, entry in sources.items():
        entry["sha256"] = sha256(root / raw_file(name))
    recorded = yaml.safe_dump(sources, sort_keys=False, allow_unicode=True, width=100)
    write_atomically(root / "data" / "sources.yml", recorded)
    write_json(root / "data" / "datapackage.json", described)


if __name__ == "__main__":
    with one_line():
        record(project_root())
