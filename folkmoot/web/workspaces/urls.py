from __future__ import annotations

from django.urls import path

from folkmoot.web.workspaces import audit, joining, making, team, views

urlpatterns = [
    path("", views.home, name="home"),
    path("new/", making.new, name="new_workspace"),
    path("demo/", making.demo, name="make_demo"),
    path("invitation/<str:secret>/", joining.invitation, name="invitation"),
    path("w/<slug:slug>/", views.enter, name="enter"),
    path("w/<slug:slug>/start/", views.start, name="start"),
    path("w/<slug:slug>/settings/", views.settings, name="settings"),
    path("w/<slug:slug>/settings/history/", audit.audit, name="audit"),
    path("w/<slug:slug>/settings/team/", team.team, name="team"),
    path("w/<slug:slug>/settings/team/invite/", team.invite, name="invite"),
    path("w/<slug:slug>/settings/team/<int:pk>/", team.colleague, name="colleague"),
    path("w/<slug:slug>/settings/team/<int:pk>/remove/", team.remove, name="remove_colleague"),
    path("w/<slug:slug>/settings/team/invitations/<int:pk>/withdraw/", team.withdraw, name="withdraw_invitation"),
]
