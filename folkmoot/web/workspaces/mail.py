"""The letter with an invitation."""

from __future__ import annotations

import smtplib

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from folkmoot.workspaces.models import User, Workspace

log = structlog.get_logger(__name__)


def send_invitation(email: str, *, link: str, workspace: Workspace, by: User) -> bool:
    """In the workspace's language. False when mail is not set up or the mail server refuses; the caller says so."""
    if not settings.EMAIL_HOST:
        return False
    with translation.override(workspace.language):
        subject = _("%(name)s invites you to %(workspace)s") % {"name": by, "workspace": workspace}
        text = render_to_string("workspaces/invitation.txt", {"link": link, "workspace": workspace, "by": by})
    try:
        send_mail(" ".join(subject.split()), text, None, [email])
    except (OSError, smtplib.SMTPException) as error:
        log.warning("invitation not mailed", error=str(error), workspace=workspace.slug)
        return False
    return True
