"""What the tests of the documentation share: the set-up of all tests, the people of the pages, and tables out of pages."""

from __future__ import annotations

from folkmoot.conftest import (
    _files_go_to_a_folder_of_the_test,
    _nothing_leaves_this_machine,
    django_db_setup,
    pytest_configure,
)
from folkmoot.web.conftest import _no_remembered_attempts, make_person, mira, signed_in, workspace

# What pytest finds by name in this module
__all__ = [
    "_files_go_to_a_folder_of_the_test",
    "_no_remembered_attempts",
    "_nothing_leaves_this_machine",
    "django_db_setup",
    "make_person",
    "mira",
    "pytest_configure",
    "signed_in",
    "workspace",
]
