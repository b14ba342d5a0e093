"""Where a notebook's outputs wait until it has ended, and what make is told about them."""

import os
import shutil
import sys
from pathlib import Path

from oda_eras.paths import build_folder, name_in_project, outputs_folder
from oda_eras.stamps import sha256, write_json


class Staging:
    """The outputs of one notebook run, moved into place together.

    Everything staged waits in a hidden folder of the outputs until `publish()`; a notebook that
    fails before its end leaves the last good outputs as they were.

    Parameters
    ----------
    notebook : str
        Name of the notebook without its ending, such as "03_patterns".
    outputs : str
        The run's outputs folder; a relative path starts at the project's root.
    """

    def __init__(self, notebook: str, outputs: str):
        self.notebook = notebook
        self.outputs = outputs_folder(outputs)
        self.fragment_file = build_folder(outputs) / "fragments" / f"{notebook}.json"
        self.folder = self.outputs / ".staging" / notebook
        self.staged: dict[str, dict] = {}
        shutil.rmtree(self.folder, ignore_errors=True)

    def stage(self, name: str, **about) -> Path:
        """Announce an output such as "data/panel.csv"; returns where to write it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.staged[name] = about
        return path

    def publish(self, **about) -> None:
        """Move everything staged into place and write the fragment that the stamp is made of.

        A file whose content is as before is left alone, so that nothing later reruns for it.
        """
        outputs = {}
        for name, described in self.staged.items():
            staged, final = self.folder / name, self.outputs / name
            digest = sha256(staged)
            if not final.is_file() or sha256(final) != digest:
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(staged, final)
            outputs[name_in_project(final)] = {"sha256": digest, **described}
        shutil.rmtree(self.folder, ignore_errors=True)
        modules = sorted(
            name_in_project(Path(file))
            for name, module in sys.modules.items()
            if name.split(".")[0] == "oda_eras" and (file := getattr(module, "__file__", None))
        )
        fragment = {"notebook": self.notebook, "modules": modules, "outputs": outputs}
        write_json(self.fragment_file, fragment | about)
