"""Builds the wheel; everything that describes it is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = Path(__file__).resolve().parent / "folkmoot"
BUILT = {
    "the front end": PACKAGE / "web" / "static" / "built",
    "the word forms": PACKAGE / "lib" / "lemmas" / "data",
}


class BuildWithEverything(build_py):
    """A wheel carries what a checkout builds, so that whoever installs it needs neither Node nor a compiler."""

    def run(self) -> None:
        if not self.editable_mode:
            self._check()
            shutil.rmtree(self.build_lib, ignore_errors=True)  # leftovers of an earlier build would be packed too
        super().run()

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Test set-up stays at home."""
        return [found for found in super().find_package_modules(package, package_dir) if found[1] != "conftest"]

    def _check(self) -> None:
        missing = [name for name, place in BUILT.items() if not place.is_dir() or not any(place.iterdir())]
        missing += [
            f"the translation {source.parent.parent.name}"
            for source in (PACKAGE / "web" / "locale").glob("*/LC_MESSAGES/*.po")
            if not source.with_suffix(".mo").exists()
        ]
        if missing:
            raise SystemExit(f"folkmoot: {', '.join(missing)} must be built first: run make setup")


setup(cmdclass={"build_py": BuildWithEverything})
