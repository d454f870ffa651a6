from __future__ import annotations

from django.urls import path

from folkmoot.web.vocabulary import tables, views

urlpatterns = [
    path("", views.vocabulary, name="vocabulary"),
    path("new/", views.new, name="vocabulary-new"),
    path("<int:pk>/", views.entry, name="vocabulary-entry"),
    path("<int:pk>/delete/", views.delete, name="vocabulary-delete"),
    path("export/", tables.export, name="vocabulary-export"),
    path("import/", tables.bring_in, name="vocabulary-import"),
]
