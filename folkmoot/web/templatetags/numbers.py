from __future__ import annotations

from django import template

from folkmoot.web.numbers import figures

register = template.Library()

for show in (figures.number, figures.decimal, figures.share, figures.duration):
    register.filter(show.__name__, show)
