from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from folkmoot.understanding.vocabulary.draft import LONGEST, LONGEST_NOTE, Draft, listed
from folkmoot.understanding.vocabulary.models import Entry
from folkmoot.web.widgets import Select

LARGEST_TABLE = 2 * 1024 * 1024


class FilterForm(forms.Form):
    """Narrows the list; what can't be understood is left out."""

    q = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All kinds")), *Entry.Kind.choices], widget=Select
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.is_valid()

    @property
    def words(self) -> str:
        return str(self.cleaned_data.get("q") or "")

    @property
    def chosen_kind(self) -> str:
        return str(self.cleaned_data.get("kind") or "")


class EntryForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=Entry.Kind.choices, widget=forms.RadioSelect)
    word = forms.CharField(label=_("Word or phrase"), max_length=LONGEST)
    forms_ = forms.CharField(
        label=_("Other words for it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, or with commas between. Synonyms, spellings, abbreviations, forms of a name."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("Choose one if the word means something else in another language."),
    )
    meaning = forms.CharField(
        label=_("What it means"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.TextInput(attrs={"data-only": "slang"}),
    )
    sentiment = forms.ChoiceField(
        label=_("Said in a mood that is"),
        required=False,
        choices=[("", _("any")), *Entry.Sentiment.choices],
        widget=forms.Select(attrs={"data-only": "slang"}),
        help_text=_("It counts where our own reader can't tell, also in older messages."),
    )
    note = forms.CharField(label=_("Note for your team"), required=False, max_length=LONGEST_NOTE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {
            Entry.Kind.SYNONYMS: _("Synonyms: whoever searches for one finds them all"),
            Entry.Kind.NAME: _("Name of a product or project: kept as it is, not taken for a common word"),
            Entry.Kind.SLANG: _("Slang or an in-joke, with what it means here"),
        }
        self.fields["kind"] = forms.ChoiceField(label=_("Kind"), choices=list(kinds.items()), widget=forms.RadioSelect)
        self.fields["language"].choices = [("", _("any")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.order_fields(["kind", "word", "forms_", "language", "meaning", "sentiment", "note"])

    @property
    def draft(self) -> Draft:
        data = self.cleaned_data
        return Draft(
            data["kind"],
            data["word"],
            data["language"],
            listed(data["forms_"]),
            data["meaning"],
            data["sentiment"],
            data["note"],
        )


def initial_of(entry: Entry) -> dict[str, str]:
    return {
        "kind": entry.kind,
        "word": entry.word,
        "forms_": "\n".join(entry.forms),
        "language": entry.language,
        "meaning": entry.meaning,
        "sentiment": entry.sentiment,
        "note": entry.note,
    }


class TableForm(forms.Form):
    table = forms.FileField(label=_("Table (CSV)"), max_length=200)

    def clean_table(self) -> Any:
        upload = self.cleaned_data["table"]
        if upload.size > LARGEST_TABLE:
            raise forms.ValidationError(_("The file is larger than 2 MB: this is no vocabulary."))
        return upload
