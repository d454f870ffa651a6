from __future__ import annotations

from django.urls import path

from folkmoot.web.understanding import alike, corrections, quality, views

urlpatterns = [
    path("", quality.quality, name="understanding"),
    path("messages/<int:pk>/", views.message, name="reading"),
    path("messages/<int:pk>/alike/", alike.alike, name="alike"),
    path("messages/", views.selection, name="readings-correct"),
    path("alike/", alike.comparing, name="comparing"),
    path("alike/switch/", alike.switch, name="comparing-switch"),
    path("corrections/", corrections.listing, name="corrections"),
    path("corrections/<int:pk>/undo/", corrections.undo, name="correction-undo"),
    path("corrections/<int:pk>/learn/", corrections.learn, name="correction-learn"),
    path("corrections/export/", corrections.export, name="corrections-export"),
    path("corrections/import/", corrections.bring_in, name="corrections-import"),
    path("learnt/", corrections.learn_now, name="learn-now"),
    path("learnt/<int:pk>/", corrections.switch, name="layer-switch"),
]
