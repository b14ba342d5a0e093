"""Judge the claims anew and compare: `python -m oda_eras.rejudge OUTPUTS`.

Runs 08_claims and what is stale before it in a scratch copy and compares the ledger there with the
one in the outputs folder, which is left alone. Exits with an error where a verdict has changed.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from oda_eras.bench import copy_tree, scratch_environment
from oda_eras.commands import one_line
from oda_eras.paths import BUILD, build_folder, project_root

CLAIMS, LEDGER = "08_claims", "tables/t06_claims.csv"


def changes(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Every verdict that differs, as "id: old -> new (why)"; claims that came or went too."""
    before, after = old.set_index("id"), new.set_index("id")
    lines = []
    for name in before.index.union(after.index):
        was = before.verdict.get(name, "no row")
        now = after.verdict.get(name, "no row")
        if was != now:
            why = after.arithmetic.get(name, "the claim is gone")
            lines.append(f"{name}: {was} -> {now} ({why})")
    return lines


def main() -> None:
    outputs = sys.argv[1]
    old = pd.read_csv(project_root() / outputs / LEDGER)
    with tempfile.TemporaryDirectory() as folder:
        root = copy_tree(Path(folder) / "project")
        remembered, stamps = build_folder(outputs), root / BUILD / Path(outputs).name
        if remembered.is_dir():
            shutil.copytree(remembered, stamps)
        (stamps / f"{CLAIMS}.json").unlink(missing_ok=True)
        target = f"{BUILD}/{Path(outputs).name}/{CLAIMS}.json"
        run = subprocess.run(
            ["make", "-j2", f"PYTHON={sys.executable}", target],
            cwd=root,
            env=scratch_environment(root),
            stdout=subprocess.DEVNULL,
        )
        if run.returncode:
            sys.exit("the chain stopped before the claims were judged, see above")
        new = pd.read_csv(root / outputs / LEDGER)
    counts = new.verdict.value_counts()
    print(", ".join(f"{verdict} {count}" for verdict, count in counts.items()))
    changed = changes(old, new)
    print(*changed or ["no verdict has changed"], sep="\n")
    sys.exit(bool(changed))


if __name__ == "__main__":
    with one_line():
        main()
