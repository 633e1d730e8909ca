"""The README must not promise what is not there: its Python runs, its commands exist, its files lie there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rvr_laaf_app.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_engine_example_runs() -> None:
    names: dict[str, object] = {}
    exec(PYTHON[0], names)
    assert names["blurred"].shape == (360, 640, 3)  # type: ignore[attr-defined]


def test_the_clip_example_imports_what_exists() -> None:
    imports = [n for n in ast.parse(PYTHON[1]).body if isinstance(n, ast.Import | ast.ImportFrom)]
    assert len(imports) >= 6
    exec(compile(ast.Module(imports, []), "README.md", "exec"), {})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    assert f"rvr-laaf {command} " in TEXT


def test_examples_in_the_table_parse() -> None:
    parser = build_parser()
    examples = [e for row in TEXT.splitlines() if row.startswith("|") for e in re.findall(r"`rvr-laaf ([^`]+)`", row)]
    assert len(examples) >= len(COMMANDS)
    for example in examples:
        parser.parse_args(example.split())


def test_links_and_files_exist() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", TEXT) + re.findall(
        r"`((?:tests|models|packaging|resources)/[^`*]*)`", TEXT
    ):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"`((?:nets|estimate|flow|track|laaf|render|pipeline|media)/\w+\.py)`", TEXT):
        assert (ROOT / "rvr_laaf_app" / path).exists(), path
