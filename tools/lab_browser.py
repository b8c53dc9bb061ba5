"""Drives a notebook in a real JupyterLab in Chromium; the browser test and the screenshot tool share it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 90
CELLS_MILLISECONDS = 120_000
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
KERNEL_IS_IDLE = """() => {
  const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel?.status === "idle";
}"""
START_COMMAND = """([name, args]) => {
  window.commandEnded = false;
  window.jupyterapp.commands.execute(name, args).finally(() => { window.commandEnded = true; });
}"""
NO_BROWSER = "no Chromium: install it, or name one in the variable CHROMIUM"
Theme = Literal["light", "dark"]


def chromium() -> str | None:
    """The Chromium to drive: the one that the variable CHROMIUM names, or one on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@dataclass(frozen=True)
class Server:
    """A JupyterLab over `folder` that listens on this machine alone; `token` lets a browser in."""

    folder: Path
    port: int
    token: str

    def url(self, notebook: str) -> str:
        """The address of a notebook, relative to the repository, in a workspace of its own."""
        return f"http://127.0.0.1:{self.port}/lab/workspaces/test/tree/{notebook}?reset&token={self.token}"


@contextlib.contextmanager
def jupyterlab(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A JupyterLab of this environment over `folder`, with settings, workspaces and caches of its own below it."""
    server = Server(folder, _free_port(), secrets.token_hex(16))
    own = folder / ".jupyter"
    homes = {f"JUPYTER_{name}_DIR": str(own / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    labs = {f"JUPYTERLAB_{name}_DIR": str(own / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    variables = {
        **os.environ,
        **homes,
        **labs,
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
        **(environment or {}),
    }
    _settings(own / "settings")
    flags = [f"--ServerApp.port={server.port}", f"--IdentityProvider.token={server.token}"]
    flags += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder}", "--no-browser", "--allow-root"]
    flags += ["--KernelManager.transport_encryption=auto", "--LanguageServerManager.autodetect=False"]
    flags += ["--LabApp.expose_app_in_browser=True"]
    log = folder / "jupyter.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *flags], env=variables, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(server, process, log)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def page(theme: Theme = "light", *, size: tuple[int, int] = (1400, 1000)) -> Iterator[Page]:
    """An empty page of a headless Chromium with a profile of its own. RuntimeError where there is no Chromium."""
    path = chromium()
    if path is None:
        raise RuntimeError(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
        try:
            yield context.new_page()
        finally:
            browser.close()


def open_notebook(tab: Page, server: Server, notebook: str, *, theme: Theme = "light") -> None:
    """Open a notebook and wait for its kernel."""
    tab.goto(server.url(notebook), timeout=CELLS_MILLISECONDS)
    # Attached, not visible: the body has no height of its own.
    tab.wait_for_selector(".jp-Notebook .jp-Cell", state="attached", timeout=CELLS_MILLISECONDS)
    _execute(tab, "apputils:change-theme", {"theme": f"JupyterLab {theme.title()}"})
    # Cells that are run before the kernel is there bring up a dialog.
    tab.wait_for_function(KERNEL_IS_IDLE, timeout=CELLS_MILLISECONDS)


def run_all(tab: Page) -> None:
    """Run every cell and wait for the last; RuntimeError with the traceback when one failed."""
    _execute(tab, "notebook:run-all-cells", {})
    errors = tab.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']")
    if errors.count():
        raise RuntimeError(errors.first.inner_text())


def panel(tab: Page) -> Locator:
    """The panel that chooses files, which has the only list of several choices."""
    return tab.locator(".jp-Notebook .jp-OutputArea-output").filter(has=tab.locator("select[multiple]"))


def choose(panel: Locator, paths: Collection[str]) -> None:
    """Choose files of the panel; RuntimeError when it does not offer one of them."""
    options = panel.locator("select option").all_inner_texts()
    wanted = [option for path in paths for option in options if option.split()[0] == path]
    if len(wanted) != len(paths):
        raise RuntimeError(f"the panel offers {options}")
    panel.get_by_label("Files").select_option(wanted)


def screenshot(tab: Page, item: Locator, path: Path) -> None:
    """A picture of the page with `item` at its top."""
    item.evaluate("element => element.scrollIntoView({block: 'start'})")
    tab.screenshot(path=path)


def hide_sidebar(tab: Page) -> None:
    """Close the file browser, so that a picture has room for the notebook."""
    _execute(tab, "application:toggle-left-area", {})


def _settings(folder: Path) -> None:
    """JupyterLab puts only the cells in sight into the page; here all of them are wanted."""
    path = folder / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    path.parent.mkdir(parents=True)
    path.write_text('{"windowingMode": "none"}', encoding="utf-8")


def _execute(tab: Page, command: str, arguments: Mapping[str, str]) -> None:
    """Let JupyterLab execute one of its commands, and wait for its end."""
    tab.wait_for_function("() => window.jupyterapp?.commands", timeout=CELLS_MILLISECONDS)
    tab.evaluate(START_COMMAND, [command, dict(arguments)])
    tab.wait_for_function("() => window.commandEnded", timeout=CELLS_MILLISECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers. RuntimeError with the end of its log when it does not."""
    for _ in range(START_SECONDS * 4):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api?token={server.token}", timeout=5).close()
            return
        time.sleep(0.25)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text(errors="replace")[-2000:])
