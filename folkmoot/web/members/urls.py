from __future__ import annotations

from django.urls import path

from folkmoot.web.members import acting, pictures, views

urlpatterns = [
    path("", views.members, name="members"),
    path("<int:pk>/", views.member, name="member"),
    path("pictures/<int:pk>/", pictures.picture, name="picture"),
    path("<int:pk>/act/", acting.act, name="member-act"),
    path("<int:pk>/edit/", views.edit, name="member-edit"),
    path("<int:pk>/merge/", views.merge, name="member-merge"),
    path("<int:pk>/merges/<int:merge_pk>/undo/", views.unmerge, name="member-unmerge"),
]
