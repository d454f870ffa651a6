from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone, translation
from django.utils.safestring import mark_safe

from folkmoot.web.templatetags import ui


def render(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


def test_a_component_shows_what_stands_between_its_tags() -> None:
    html = render('{% component "card" title="People" %}<p>{{ count }} here</p>{% endcomponent %}', count=3)
    assert "People" in html
    assert "<p>3 here</p>" in html


def test_a_component_does_not_see_the_title_of_the_page() -> None:
    assert "Page title" not in render('{% component "card" %}body{% endcomponent %}', title="Page title")


def test_a_fill_goes_to_its_place_and_not_into_the_body() -> None:
    html = render('{% component "card" %}body{% fill "actions" %}<a>All</a>{% endfill %}{% endcomponent %}')
    assert html.count("<a>All</a>") == 1
    assert html.index("<a>All</a>") < html.index("body")


def test_values_handed_to_a_component_are_escaped() -> None:
    html = render('{% component "card" title=name %}{{ name }}{% endcomponent %}', name="<script>")
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 2


@pytest.mark.parametrize(
    "source", ["{% component %}{% endcomponent %}", '{% component "card" oops %}{% endcomponent %}']
)
def test_a_component_written_wrongly_is_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        render(source)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Mira Kask", "MK"),
        ("Богдан Іванович Шевченко", "БШ"),
        ("@bo_", "BO"),
        ("õ", "Õ"),
        ("", "?"),
        ("🙂 🙂", "?"),
    ],
)
def test_initials_stand_for_a_name(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_name_keeps_its_colour_and_names_spread_over_all_of_them() -> None:
    assert ui.hue("Mira") == ui.hue("Mira")
    assert {ui.hue(f"member {number}") for number in range(400)} == set(range(ui.HUES))


def test_an_icon_is_hidden_from_readers_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in ui.icon("inbox")
    labelled = ui.icon("inbox", label='Say "hello"')
    assert 'role="img"' in labelled
    assert "&quot;hello&quot;" in labelled


@pytest.mark.parametrize(("label", "shown"), [("<b>", "&lt;b&gt;"), (mark_safe("<b>"), "<b>"), ("<b>", "&lt;b&gt;")])
def test_an_icon_remembered_with_a_safe_label_is_not_given_for_the_same_text(label: str, shown: str) -> None:
    assert f'aria-label="{shown}"' in ui.icon("inbox", label=label)


def test_a_label_follows_the_language() -> None:
    source = """{% icon "users" "sm" _("Members") %}"""
    with translation.override("en"):
        assert "Members" in render(source)
    with translation.override("et"):
        assert "Members" not in render(source)


@pytest.mark.parametrize("source", ["{% icon %}", '{% icon "a" "b" "c" "d" %}', '{% moment at since="now" %}'])
def test_a_tag_called_wrongly_is_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        render(source)


def test_an_address_is_that_of_the_page() -> None:
    for pk in (7, 8, 7):
        assert render('{% address "member" "moot" pk %}', pk=pk) == reverse("member", args=["moot", pk])
    with pytest.raises(NoReverseMatch):
        render('{% address "member" "moot" "x" %}')


def test_an_avatar_shows_letters_and_a_colour_but_no_markup() -> None:
    assert render("{% avatar name %}", name="<Mira> Kask").count("<") == 2
    assert "avatar avatar-lg hue-" in render('{% avatar name "lg" %}', name="Mira Kask")


def test_a_time_is_written_in_the_persons_zone_and_carries_it() -> None:
    at = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Tallinn")), translation.override("en"):
        assert "–" in render("{% moment at relative=True %}", at=None)
        html = render("{% moment at relative=True %}", at=at)
        day = render('{% moment at "DATE_FORMAT" %}', at=at)
    assert 'datetime="2026-03-02T00:30:00+02:00"' in html
    assert "2 Mar 2026, 00:30" in html
    assert "data-relative" in html
    assert ">2 March 2026<" in day
    assert "data-relative" not in day


@pytest.mark.parametrize("language", ["en", "ru", "uk", "pl", "et"])
@pytest.mark.parametrize("form", ["SHORT_DATETIME_FORMAT", "SHORT_DATE_FORMAT", "DATE_FORMAT", "YEAR_MONTH_FORMAT"])
def test_times_are_written_as_django_writes_them(language: str, form: str) -> None:
    at = datetime(2026, 3, 1, 22, 30, 59, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Tallinn")), translation.override(language):
        for _again in range(2):
            assert f">{formats.date_format(timezone.localtime(at), form)}<" in ui.moment(at, form)
        assert ui.day(at.date(), "YEAR_MONTH_FORMAT") == formats.date_format(at.date(), "YEAR_MONTH_FORMAT")


def test_a_long_text_is_cut_and_a_short_one_is_left_alone() -> None:
    assert render("{{ text|short:5 }}", text="river") == "river"
    assert render("{{ text|short:5 }}", text="rivers") == "rive…"
    assert render("{{ text|short:9 }}", text="<b>") == "&lt;b&gt;"


class Trial(forms.Form):
    name = forms.CharField(help_text="As on the door.")
    agree = forms.BooleanField(required=False)
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect)


def test_a_field_names_its_help_and_its_error_for_screen_readers() -> None:
    form = Trial({"name": "", "size": "s"})
    html = render('{% include "components/_form.html" %}', form=form)
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_choices_stand_in_a_fieldset_and_a_checkbox_before_its_label() -> None:
    html = render('{% include "components/_form.html" %}', form=Trial())
    assert "<legend>Size</legend>" in html
    assert html.index('id="id_agree"') < html.index('for="id_agree"')


def test_a_progress_without_an_end_has_no_value() -> None:
    assert "value=" not in render('{% include "components/_progress.html" with text="Reading" only %}')
    known = render('{% include "components/_progress.html" with value=1200000 max=4000000 only %}')
    assert 'value="1200000" max="4000000"' in known
