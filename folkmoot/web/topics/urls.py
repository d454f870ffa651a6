from __future__ import annotations

from django.urls import path

from folkmoot.web.topics import views

urlpatterns = [
    path("", views.topics, name="topics"),
    path("<int:pk>/", views.topic, name="topic"),
    path("<int:pk>/rename/", views.rename, name="topic-rename"),
    path("<int:pk>/pin/", views.pin, name="topic-pin"),
    path("<int:pk>/merge/", views.merge, name="topic-merge"),
    path("<int:pk>/unmerge/", views.unmerge, name="topic-unmerge"),
    path("<int:pk>/split/", views.split, name="topic-split"),
    path("<int:pk>/unsplit/", views.unsplit, name="topic-unsplit"),
]
