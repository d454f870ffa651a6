from __future__ import annotations

from django.urls import path

from folkmoot.web.assistant import summaries
from folkmoot.web.inbox import acting, replying, views

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("messages/", views.messages, name="messages"),
    path("views/", views.save_view, name="view-save"),
    path("views/<int:pk>/delete/", views.delete_view, name="view-delete"),
    path("<int:pk>/", views.conversation, name="conversation"),
    path("<int:pk>/summary/", summaries.state, name="conversation-summary"),
    path("<int:pk>/summarise/", summaries.order, name="conversation-summarise"),
    path("messages/<int:pk>/", acting.message, name="message-act"),
    path("<int:pk>/deliveries/", replying.deliveries, name="conversation-deliveries"),
    path("<int:pk>/reply/", replying.reply, name="conversation-reply"),
    path("<int:pk>/marks/", views.marks, name="conversation-marks"),
    path("<int:pk>/rest/", views.rest, name="conversation-rest"),
]
