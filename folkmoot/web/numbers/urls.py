from __future__ import annotations

from django.urls import path

from folkmoot.web.numbers import views

urlpatterns = [
    path("", views.numbers, name="kpis"),
    path("people/", views.people, name="people"),
]
