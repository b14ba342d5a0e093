"""`make lab` opens on the reading order, and a notebook runs there from first cell to last."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import pytest
from conftest import ROOT

from oda_eras.bench import copy_tree, scratch_environment
from oda_eras.stamps import read_json

TOKEN = "reading"
SECONDS = 60  # a server, a page or a notebook that needs longer hangs
READING_ORDER = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """`make lab` in a scratch copy, with settings of its own: (root, address)."""
    folder = tmp_path_factory.mktemp("lab")
    root, port = copy_tree(folder / "project"), free_port()
    settings = {"open_browser": False, "port": port, "port_retries": 0}
    (folder / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": settings}))
    own = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"]
    environment = scratch_environment(root) | dict.fromkeys(own, str(folder))
    environment |= {"JUPYTER_TOKEN": TOKEN, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
    log = (folder / "log").open("w")
    server = subprocess.Popen(
        ["make", f"PYTHON={sys.executable}", "lab"],
        cwd=root,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}/?token={TOKEN}"
    try:
        wait_for(lambda: answers(address) or server.poll() is not None, "the server")
        assert server.poll() is None, (folder / "log").read_text()
        yield root, address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address.replace("/?", "/api/status?"), timeout=5):
            return True
    except OSError:
        return False


def wait_for(condition, what: str) -> None:
    """Ask until the answer is yes and return it; fails in time where it never is."""
    end = time.monotonic() + SECONDS
    while not (answer := condition()):
        assert time.monotonic() < end, f"{what} took more than {SECONDS} s"
        time.sleep(0.2)
    return answer


def test_the_reading_order_names_every_notebook_in_order():
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", READING_ORDER)
    chain, on_request = (
        sorted((ROOT / "notebooks").glob(f"{f}*.ipynb")) for f in ("", "on_request/")
    )
    assert links == [p.relative_to(ROOT / "notebooks").as_posix() for p in chain + on_request]


def test_lab_opens_on_the_reading_order_and_runs_a_notebook(lab, browser):
    root, address = lab
    notebook = root / "notebooks" / "01_clean.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:  # so that what is found afterwards was made here
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook.write_text(json.dumps(content), encoding="utf-8")

    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    page.goto(address)
    preview = page.locator(".jp-MarkdownViewer")
    preview.get_by_role("heading", name="Reading order").wait_for()
    preview.get_by_role("link", name="01_clean").click()
    page.get_by_text(
        re.compile(r"^Python 3.* \| Idle$")
    ).wait_for()  # the kernel, in the status bar
    page.wait_for_timeout(1000)  # for what the kernel tells the notebook, and for news
    assert page.locator(".jp-mod-dirty").all_inner_texts() == []
    assert page.locator(".Toastify__toast").all_inner_texts() == []
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def executed() -> list[dict]:
        page.keyboard.press("Control+s")
        cells = read_json(notebook).get("cells", [])  # none while it is being written
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return code if code and code[-1]["execution_count"] else []

    cells = wait_for(executed, "01_clean")
    page.close()
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert "Writes, in `outputs/JPN/`" in "".join(outputs[-1]["data"]["text/markdown"])
