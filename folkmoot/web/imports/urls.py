from __future__ import annotations

from django.urls import path

from folkmoot.web.imports import asking, views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("<int:pk>/", views.one, name="import"),
    path("<int:pk>/columns/", asking.columns, name="import-columns"),
    path("<int:pk>/cancel/", views.cancel, name="import-cancel"),
    path("<int:pk>/resume/", views.resume, name="import-resume"),
]
