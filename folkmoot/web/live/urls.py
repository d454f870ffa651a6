from __future__ import annotations

from django.urls import path

from folkmoot.web.live import views

urlpatterns = [path("", views.live, name="live")]
