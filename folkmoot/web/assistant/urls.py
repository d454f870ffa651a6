from __future__ import annotations

from django.urls import path

from folkmoot.web.assistant import views

urlpatterns = [
    path("", views.assistant, name="assistant"),
    path("try/", views.try_out, name="assistant-try"),
    path("on/", views.switch_on, name="assistant-on"),
    path("off/", views.switch_off, name="assistant-off"),
    path("remove/", views.remove, name="assistant-remove"),
]
