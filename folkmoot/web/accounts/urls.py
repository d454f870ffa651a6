from __future__ import annotations

from django.urls import path

from folkmoot.web.accounts import views

urlpatterns = [
    path("me/", views.profile, name="profile"),
    path("me/colours/", views.colours, name="colours"),
    path("language/", views.language, name="language"),
    path("sign-in/<str:secret>/", views.sign_in_link, name="sign_in_link"),
]
