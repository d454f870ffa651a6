from __future__ import annotations

from django.urls import path

from folkmoot.web.trends import copies, views

urlpatterns = [
    path("", views.trends, name="trends"),
    path("<int:pk>/", views.trend, name="trend"),
    path("copies/", copies.waves, name="copies"),
    path("copies/<int:pk>/", copies.wave, name="wave"),
]
