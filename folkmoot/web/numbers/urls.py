from __future__ import annotations

from django.urls import path

from folkmoot.web.numbers import views

urlpatterns = [
    path("", views.numbers, name="kpis"),
    path("channels/", views.channels, name="kpis-by-channel"),
    path("people/", views.people, name="people"),
]
