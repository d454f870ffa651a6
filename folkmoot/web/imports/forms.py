from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from folkmoot.flow.preview import Questions
from folkmoot.networks import readers
from folkmoot.networks.base import NO_COLUMN, Option
from folkmoot.workspaces.models import check_timezone


class ImportForm(forms.Form):
    """An archive to read: uploaded, or lying in the import folder of the server."""

    upload = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("A zip, tar or single file, as the network exported it."),
        widget=forms.ClearableFileInput(attrs={"class": "form-control"}),
    )
    path = forms.CharField(
        label=_("Or a file or folder on the server"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    format = forms.ChoiceField(label=_("Format"), required=False, widget=forms.Select(attrs={"class": "form-select"}))
    timezone = forms.CharField(
        label=_("Time zone of its dates"),
        required=False,
        max_length=64,
        validators=[check_timezone],
        help_text=_("Only for archives that don't say it, such as chat logs. Empty: UTC."),
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [("", _("Find out by itself")), *((form.name, form.title) for _c, form, _b in readers())]
        self.fields["format"].choices = choices  # type: ignore[attr-defined]
        self.fields["path"].help_text = _("Relative to %(folder)s, where whoever runs the server puts it.") % {
            "folder": settings.IMPORT_FOLDER
        }

    def clean_upload(self) -> object:
        upload = self.cleaned_data["upload"]
        if upload and upload.size > settings.UPLOAD_LIMIT_MB * 1024**2:
            raise ValidationError(
                _("The file is over %(limit)s MB. Put it into the import folder of the server instead."),
                params={"limit": settings.UPLOAD_LIMIT_MB},
            )
        return upload

    def clean_path(self) -> str:
        """Nothing outside of the import folder, whatever dots and links the path has."""
        named = self.cleaned_data["path"].strip()
        if not named:
            return ""
        folder = Path(settings.IMPORT_FOLDER).resolve()
        path = (folder / named).resolve()
        if not path.is_relative_to(folder):
            raise ValidationError(_("The path leads out of the import folder. Put the archive into it."))
        if not path.exists():
            raise ValidationError(_("There is no such file in the import folder."))
        return str(path)

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("upload")) == bool(data.get("path")):
            raise ValidationError(_("Choose a file, or name one on the server: one of the two."))
        return data


NEEDED = frozenset({"text", "time", "author"})


class QuestionsForm(forms.Form):
    """What the archive does not say by itself: which column holds what, then the options of its format."""

    def __init__(self, *args: Any, questions: Questions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [(NO_COLUMN, _("in no column")), *((column, column) for column in questions.columns)]
        self.of_tables = bool(columns[1:])
        for option in questions.fields:
            select = forms.Select(attrs={"class": "form-select"})
            self._ask(option, forms.ChoiceField(choices=columns, widget=select))
            self.fields[option.name].initial = questions.guess.get(option.name, NO_COLUMN)
        for option in questions.format.options:
            line = forms.TextInput(attrs={"class": "form-control"})
            self._ask(option, forms.CharField(required=False, max_length=200, widget=line))

    def _ask(self, option: Option, field: forms.Field) -> None:
        field.label = gettext(option.label)
        field.help_text = gettext(option.help) if option.help else ""
        self.fields[option.name] = field

    def ahead(self) -> list[forms.BoundField]:
        """What hardly any table does without, and what is filled in or wrong; of other archives, everything."""
        return [field for field in self if not self.of_tables or field.name in NEEDED or self._is_said(field)]

    def behind(self) -> list[forms.BoundField]:
        """The rest, to be opened."""
        ahead = {field.name for field in self.ahead()}
        return [field for field in self if field.name not in ahead]

    def _is_said(self, field: forms.BoundField) -> bool:
        return bool(field.errors) or field.value() not in (None, "", NO_COLUMN)

    def options(self) -> dict[str, str]:
        """What was said, or what the form would begin with."""
        said = self.cleaned_data if self.is_bound else {name: self[name].initial for name in self.fields}
        return {name: value for name, value in said.items() if value}
