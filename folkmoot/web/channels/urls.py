from __future__ import annotations

from django.urls import path

from folkmoot.web.channels import account, connecting, listing, sent, stopping

channels = [
    path("", listing.channels, name="channels"),
    path("connect/", connecting.connect, name="connect"),
    path("connect/result/", connecting.result, name="connect-result"),
    path("accounts/<int:pk>/", account.account, name="account"),
    path("accounts/<int:pk>/again/", connecting.again, name="account-again"),
    path("accounts/<int:pk>/check/", account.check, name="account-check"),
    path("accounts/<int:pk>/disconnect/", account.disconnect, name="account-disconnect"),
    path("accounts/<int:pk>/pause/", account.pause, name="account-pause"),
    path("accounts/<int:pk>/places/", account.places, name="account-places"),
    path("accounts/<int:pk>/subscribe/", account.subscribe, name="account-subscribe"),
    path("<int:pk>/past/", account.recall_channel, name="channel-recall"),
    path("<int:pk>/pause/", account.pause_channel, name="channel-pause"),
    path("<int:pk>/release/", account.release_channel, name="channel-release"),
]

outbox = [
    path("", sent.sent, name="sent"),
    path("stop/", stopping.stop, name="outbox-stop"),
    path("go-on/", stopping.release, name="outbox-release"),
    path("<int:pk>/", sent.delivery, name="delivery"),
    path("<int:pk>/again/", sent.again, name="delivery-again"),
    path("<int:pk>/cancel/", sent.cancel, name="delivery-cancel"),
    path("<int:pk>/decide/", sent.decide, name="delivery-decide"),
]
